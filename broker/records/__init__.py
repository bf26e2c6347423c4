"""The shape of what is shared: Avro schemas, documents, encoding. fastavro is used in this folder only."""
