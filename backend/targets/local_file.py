"""The local file that a target sends: opened once, its size compared, its read errors told as ours.

An OSError from the disk must not look like one from the network, so none leaves this file.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from backend.errors import PermanentFailure, TransientFailure
from backend.targets.base import Source

PIECE_BYTES = 256 * 1024


def damaged(source: Source, found: str) -> PermanentFailure:
    """The local bytes are not those the intake saved; nothing of them may reach a target."""
    return PermanentFailure(
        f"The local file of “{source.original_filename}” is not what was saved ({found}). "
        "It was not sent. Restore it from a verified copy.",
        detail={"reason": "local-damage", "video_id": source.video_id},
    )


class LocalFile:
    """A read-only handle on `source.path` that several threads may read at once by offset."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._fd = self._open()

    def _open(self) -> int:
        try:
            fd = os.open(self.source.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            raise self._failure(error) from error
        size_bytes = os.fstat(fd).st_size
        if size_bytes != self.source.size_bytes:
            os.close(fd)
            raise damaged(self.source, f"{size_bytes} bytes instead of {self.source.size_bytes}")
        return fd

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def stat(self) -> os.stat_result:
        return os.fstat(self._fd)

    def pieces(self, offset_bytes: int, length_bytes: int, piece_bytes: int = PIECE_BYTES) -> Iterator[memoryview]:
        """Yield the bytes of one stretch in order; a file that became shorter is damage.

        Each piece is overwritten by the next: one small buffer stays in the processor's cache, where a new
        one for each piece costs as much as hashing it.
        """
        buffer = memoryview(bytearray(min(piece_bytes, length_bytes)))
        end = offset_bytes + length_bytes
        while offset_bytes < end:
            try:
                got = os.preadv(self._fd, [buffer[: end - offset_bytes]], offset_bytes)
            except OSError as error:
                raise self._failure(error) from error
            if not got:
                raise damaged(self.source, f"it ends at byte {offset_bytes}")
            offset_bytes += got
            yield buffer[:got]

    def whole(self) -> bytes:
        """All of a small file."""
        return b"".join(bytes(piece) for piece in self.pieces(0, self.source.size_bytes))

    def digests(self, offset_bytes: int, length_bytes: int, *names: str) -> tuple[bytes, ...]:
        """Hash one stretch with each of the named algorithms, reading it once."""
        hashers = [hashlib.new(name, usedforsecurity=False) for name in names]
        for piece in self.pieces(offset_bytes, length_bytes):
            for hasher in hashers:
                hasher.update(piece)
        return tuple(hasher.digest() for hasher in hashers)

    def _failure(self, error: OSError) -> PermanentFailure | TransientFailure:
        name = errno.errorcode.get(error.errno or 0, "unknown error")
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR}:
            return damaged(self.source, f"{name} when opened")
        return TransientFailure(
            f"The server's own disk could not be read ({name}) while “{self.source.original_filename}” was sent. "
            "It is tried again; look at the disk if this goes on.",
            detail={"reason": "local-read", "errno": name},
        )
