"""Places that keep copies: one port, one file per kind."""
