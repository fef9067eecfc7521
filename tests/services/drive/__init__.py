"""A Google Drive for the tests: it speaks Drive v3 and OAuth over the wire, and refuses what the real one refuses."""
