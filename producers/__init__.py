"""What an agency imports to publish."""
