"""Measures throughput, latency and growth of a whole exchange, beside a bare Kafka path."""
