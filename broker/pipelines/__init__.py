"""A message's path, as decisions without I/O: publish, gate, deliver, ingest. Start reading here."""
