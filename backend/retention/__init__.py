"""What may be deleted, when, and in which order."""
