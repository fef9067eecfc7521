"""What is read from Redis: a video's hash, and its bytes, of which each piece is checked before it is given out."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis import RedisError

from backend.storage.given import MIB
from backend.storage.metadata import Record
from backend.storage.redis.wire import Wire

# With Redis's own few bytes a piece fills a MiB; a whole MiB would take a quarter more (sizes of its allocator).
PIECE_BYTES = MIB - 64
# What a video's hash holds, in the order in which it is asked for.
NAMES = ("gen", "rev", "at", "updated", "ends", "fields", "tags", "filename", "mime", "size", "piece")
_SUM_BYTES = 4


class VideoDamaged(RedisError):
    """The bytes in Redis are not those that were stored. What was stored is not there any more."""


class _Missing(VideoDamaged):
    """Maybe the video as a whole went meanwhile."""


@dataclass(frozen=True)
class Found:
    """One video as Redis has it. `sums`: the CRC-32 of each piece."""

    key: str
    gen: str
    rev: int
    record: Record
    piece_bytes: int
    sums: bytes = b""

    @property
    def pieces(self) -> int:
        return -(-self.record.size_bytes // self.piece_bytes)


def found_as(key: str, values: Sequence[bytes | None], sums: bytes = b"") -> Found | None:
    """From the values of NAMES; None when the hash is not there."""
    texts = [value.decode() for value in values if value is not None]
    if len(texts) < len(NAMES):
        return None
    gen, rev, at, updated, ends, fields, tags, filename, mime, size, piece = texts
    record = Record(
        fields, tuple(json.loads(tags)), filename, int(size), mime, int(at), int(updated), int(ends) if ends else None
    )
    return Found(key, gen, int(rev), record, int(piece), sums)


def look(wire: Wire, key: str) -> Found | None:
    """The video under this key now."""
    values: list[bytes | None] | None = wire.run("LOOK", key, *NAMES, "sums")
    return None if values is None else found_as(key, values[:-1], values[-1] or b"")


def whole(wire: Wire, key: str) -> bytes | None:
    """All bytes of a video. One that is replaced meanwhile is read again; one that goes is None."""
    while found := look(wire, key):
        try:
            return _whole(wire, found)
        except _Missing:
            again = look(wire, key)
            if again is not None and again.gen == found.gen:
                raise
    return None


def _whole(wire: Wire, found: Found) -> bytes:
    pieces = [_checked(found, number, wire.get_piece(found.gen, number)) for number in range(found.pieces)]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _checked(found: Found, number: int, piece: bytes | None) -> bytes:
    where = f"Piece {number + 1} of {found.pieces} of the video '{found.key}'"
    if piece is None:
        raise _Missing(
            f"{where} is not in Redis. If the video was not deleted or replaced just now, and its time is not "
            "over, Redis evicted it: set maxmemory-policy noeviction, and store the video again."
        )
    size_bytes = min(found.piece_bytes, found.record.size_bytes - number * found.piece_bytes)
    if len(piece) != size_bytes or zlib.crc32(piece) != _sum(found, number):
        raise VideoDamaged(f"{where} holds other bytes than were stored. Delete the video, and store it again.")
    return piece


def _sum(found: Found, number: int) -> int:
    return int.from_bytes(found.sums[number * _SUM_BYTES : (number + 1) * _SUM_BYTES])


def sum_of(piece: bytes) -> bytes:
    return zlib.crc32(piece).to_bytes(_SUM_BYTES)


class PieceStream(io.RawIOBase):
    """A video's bytes, one piece in memory at a time. A video that goes while it is read ends with an error."""

    def __init__(self, wire: Wire, found: Found) -> None:
        self._wire = wire
        self._found = found
        self._position = 0
        self._here: tuple[int, memoryview] = (-1, memoryview(b""))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._checkClosed()
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._found.record.size_bytes}[whence]
        if base + offset < 0:
            raise ValueError(f"There is nothing before the beginning of a video (asked for byte {base + offset}).")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        self._checkClosed()
        if self._position >= self._found.record.size_bytes:
            return 0
        number, offset = divmod(self._position, self._found.piece_bytes)
        part = self._piece(number)[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        self._position += len(part)
        return len(part)

    def _piece(self, number: int) -> memoryview:
        if self._here[0] != number:
            self._here = (-1, memoryview(b""))
            piece = _checked(self._found, number, self._wire.get_piece(self._found.gen, number))
            self._here = (number, memoryview(piece))
        return self._here[1]

    def _checkClosed(self) -> None:  # noqa: N802 - io's own name
        if self.closed:
            raise ValueError("The stream is closed.")
