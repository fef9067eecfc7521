"""Bytes of files, on disk, so that a gigabyte does not fill the memory."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

BLOCK_BYTES = 256 * 1024


class Blob:
    """The finished content of one file. Its digests are computed when first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self._digests: dict[str, str] = {}
        self._lock = threading.Lock()

    def digest(self, algorithm: str) -> str:
        with self._lock:
            if algorithm not in self._digests:
                with self.path.open("rb") as file:
                    self._digests[algorithm] = hashlib.file_digest(file, algorithm).hexdigest()
            return self._digests[algorithm]

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)
