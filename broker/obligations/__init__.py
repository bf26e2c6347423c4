"""What the law demands and by when."""
