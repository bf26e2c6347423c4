"""What an agency and the exchange import to consume."""
