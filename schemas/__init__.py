"""Data only: the catalogue, the field groups, the message schemas and the agreement models."""
