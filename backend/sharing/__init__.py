"""Letting people without a token see one video: links that are signed, end, and can be ended."""
