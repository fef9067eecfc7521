"""A stretch of the local file as the body of an HTTP request: never in memory as a whole, and counted as it goes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backend.targets.local_file import LocalFile

# One socket timeout covers the sending of one such piece, so it must pass even on a poor line.
_SEND_BYTES = 256 * 1024


@dataclass(frozen=True)
class Body:
    """The bytes from `offset_bytes` on, with the digests that are sent ahead of them.

    The remote compares what arrives with `md5` (Content-MD5), so a file that changes between hashing and sending
    is refused there. `sent` is called after each piece with its size; what it raises ends the request.
    """

    local: LocalFile
    offset_bytes: int
    size_bytes: int
    md5: bytes
    sha256: bytes | None
    sent: Callable[[int], None]

    def __len__(self) -> int:
        return self.size_bytes

    def __iter__(self) -> Iterator[memoryview]:
        for piece in self.local.pieces(self.offset_bytes, self.size_bytes, _SEND_BYTES):
            yield piece
            self.sent(len(piece))

    @property
    def content_md5(self) -> str:
        return b64encode(self.md5).decode()
