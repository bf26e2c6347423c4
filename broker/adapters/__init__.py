"""The world: Kafka, databases, key files, the registry, clock and randomness. All I/O is here."""
