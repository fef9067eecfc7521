"""The server's own disk: names, atomic writes, digests, sidecars."""
