"""SHA-256 while bytes pass by, and of files that lie on disk. hashlib releases the GIL, so threads help."""

from __future__ import annotations

import hashlib
import queue
import threading
from pathlib import Path

from backend.disk.atomic import told_as

_INLINE_BYTES = 2 * 1024 * 1024
_QUEUED_PIECES = 2
_READ_BYTES = 1024 * 1024


class StreamHasher:
    """Hashes pieces in order, in a helper thread once the stream is long enough to be worth one.

    At most two pieces wait, so memory stays flat however fast they come. `finish` or `stop` must be called.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._seen_bytes = 0
        # A SimpleQueue costs a tenth of a Queue but has no bound: each piece takes a place first.
        self._pieces: queue.SimpleQueue[bytes | bytearray | None] = queue.SimpleQueue()
        self._places: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def update(self, piece: bytes | bytearray) -> None:
        """Add a piece. The caller must not change it afterwards."""
        self._seen_bytes += len(piece)
        if self._thread is None and self._seen_bytes <= _INLINE_BYTES:
            self._hash.update(piece)
            return
        if self._thread is None:
            self._start()
        self._places.get()
        self._pieces.put(piece)

    def finish(self) -> str:
        """The digest of all pieces, 64 lowercase hex digits."""
        self.stop()
        return self._hash.hexdigest()

    def stop(self) -> None:
        """End the helper thread; safe to call twice."""
        if self._thread is not None:
            self._pieces.put(None)
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        for _ in range(_QUEUED_PIECES):
            self._places.put(None)
        self._thread = threading.Thread(target=self._work, name="hasher", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._hash.update(piece)
            # Let go of it first: then the next piece gets its memory, warm in the cache, and not fresh pages.
            del piece
            self._places.put(None)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in 1 MiB steps; 64 lowercase hex digits."""
    digest = hashlib.sha256()
    with told_as("reading a file"), path.open("rb", buffering=0) as file:
        while piece := file.read(_READ_BYTES):
            digest.update(piece)
    return digest.hexdigest()
