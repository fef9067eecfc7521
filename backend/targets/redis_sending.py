"""A saved file as the storage library takes videos: its bytes as a stream that is checked, its name and its tags."""

from __future__ import annotations

import hashlib

from backend.storage import given
from backend.targets.base import Source, Transfer
from backend.targets.local_file import LocalFile, damaged


class Sending:
    """A local file as a stream that never ends well when the bytes were not those that were saved."""

    def __init__(self, local: LocalFile, transfer: Transfer) -> None:
        self._local = local
        self._transfer = transfer
        self._sha256 = hashlib.sha256()
        self._done_bytes = 0

    def read(self, size: int, /) -> bytes:
        """What was read before is at Redis by now."""
        source, first = self._local.source, self._done_bytes
        length = min(size, source.size_bytes - first)
        if not length:
            if self._sha256.hexdigest() != source.sha256:
                raise damaged(source, "another SHA-256")
            self._transfer.advance(first)
            return b""
        self._transfer.advance(first)
        piece = b"".join(map(bytes, self._local.pieces(first, length, length)))
        self._sha256.update(piece)
        self._done_bytes += length
        return piece


def tags_of(source: Source) -> tuple[str, ...]:
    """Those of an import from elsewhere may be what no storage takes."""
    try:
        return given.read_tags(source.tags)
    except ValueError:
        return ()


def name_of(source: Source) -> str | None:
    try:
        return given.read_filename(source.original_filename)
    except ValueError:
        return None
