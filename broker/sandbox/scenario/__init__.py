"""Scenarios: cases written down as data, played on a real exchange, ending in a table of obligations."""
