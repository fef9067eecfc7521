"""SHA-256 and SHA-1 while bytes pass by, and SHA-256 of files that lie on disk. hashlib releases the GIL: threads help.

SHA-256 is what proves. SHA-1 is there for the catalogs of others, which know their files by it, and proves nothing. It
costs as much again, so an upload longer than `SHA1_UP_TO_BYTES` is not kept waiting for it: a job takes it afterwards.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from pathlib import Path
from typing import NamedTuple

from backend.disk.atomic import told_as

SHA1_UP_TO_BYTES = 64 * 1024 * 1024
_INLINE_BYTES = 2 * 1024 * 1024
_QUEUED_PIECES = 2
_READ_BYTES = 1024 * 1024


class Digests(NamedTuple):
    """Of the same bytes: 64 and 40 lowercase hex digits."""

    sha256: str
    sha1: str


class Hashes:
    """Both digests of bytes that come piece by piece. SHA-1 is "" of more than `sha1_up_to` bytes."""

    def __init__(self, sha1_up_to: float = SHA1_UP_TO_BYTES) -> None:
        self._sha256 = hashlib.sha256()
        self._sha1 = hashlib.sha1(usedforsecurity=False) if sha1_up_to else None
        self._sha1_room = sha1_up_to

    def update(self, piece: bytes | bytearray | memoryview) -> None:
        self._sha256.update(piece)
        self._sha1_room -= len(piece)
        if self._sha1_room < 0:
            self._sha1 = None
        if self._sha1 is not None:
            self._sha1.update(piece)

    def copy(self) -> Hashes:
        other = Hashes(self._sha1_room)
        other._sha256, other._sha1 = self._sha256.copy(), self._sha1 and self._sha1.copy()
        return other

    def digests(self) -> Digests:
        return Digests(self._sha256.hexdigest(), self._sha1.hexdigest() if self._sha1 is not None else "")


class StreamHasher:
    """Hashes pieces in order, in a helper thread once the stream is long enough to be worth one.

    At most two pieces wait, so memory stays flat however fast they come. `finish` or `stop` must be called.
    """

    def __init__(self) -> None:
        self._hash = Hashes()
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

    def finish(self) -> Digests:
        """The digests of all pieces."""
        self.stop()
        return self._hash.digests()

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
