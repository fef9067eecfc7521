"""scripts/demo: the storage library at work in a terminal."""
