"""What law and agreements demand after a message, by when, and whether it happened."""
