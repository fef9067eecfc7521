"""Whether what lies here is still what was saved: read again on a schedule, told, and mended from a good copy."""
