"""What an operator does to an exchange: topics and access lists, registry, keys, health."""
