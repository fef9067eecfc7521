"""The boxes of an mp4 or QuickTime file (ISO/IEC 14496-12, section 4.2), read strictly and within bounds.

Whatever is not wholly as it should be raises `Odd`: nothing is guessed here, as others can read such a file instead.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

_MOST_BOXES = 64  # at the top of a file; one in fragments has thousands
_MOST_CHILDREN = 256
# Two days of one camera at 25 frames a second, with B-frames, need about this much.
_MOST_INDEX_BYTES = 64 * 1024**2
_LARGE, _TO_THE_END = 1, 0
_FRAGMENTS = (b"moof", b"sidx", b"styp", b"mfra")


class Odd(Exception):
    """What is not understood here, in words."""


class Span(NamedTuple):
    """Bytes of a file, from `start` up to, and without, `end`."""

    start: int
    end: int


class Boxes(NamedTuple):
    """The boxes within another one, in order: the name and the content of each."""

    found: Sequence[tuple[bytes, memoryview]]

    def all(self, kind: bytes) -> list[memoryview]:
        return [content for name, content in self.found if name == kind]

    def one(self, kind: bytes) -> memoryview:
        found = self.maybe(kind)
        if found is None:
            raise Odd(f"its index has no '{kind.decode('latin-1')}'")
        return found

    def maybe(self, kind: bytes) -> memoryview | None:
        found = self.all(kind)
        if len(found) > 1:
            raise Odd(f"its index has more than one '{kind.decode('latin-1')}'")
        return found[0] if found else None

    def within(self, kind: bytes) -> Boxes:
        return boxes(self.one(kind))


def index_of(path: Path) -> tuple[Boxes, list[Span]]:
    """What is in its `moov`, and where its media data lies. Raises `Odd`, also for a file that was cut off."""
    if not path.is_file():
        raise Odd("it is no plain file")
    try:
        with path.open("rb") as file:
            places = list(_top(file))
            if any(kind in _FRAGMENTS for kind, _ in places):
                raise Odd("its index is in fragments")
            indexes = [span for kind, span in places if kind == b"moov"]
            if len(indexes) != 1:
                raise Odd("it has no index, or several")
            start, end = indexes[0]
            if end - start > _MOST_INDEX_BYTES:
                raise Odd("its index is unusually large")
            file.seek(start)
            content = file.read(end - start)
    except OSError as error:
        raise Odd(f"it could not be read ({error.strerror})") from error
    if len(content) != end - start:
        raise Odd("it became shorter while it was read")
    return boxes(memoryview(content)), [span for kind, span in places if kind == b"mdat"]


def boxes(content: memoryview) -> Boxes:
    """Those that fill `content`."""
    found: list[tuple[bytes, memoryview]] = []
    at = 0
    while at < len(content):
        if len(found) == _MOST_CHILDREN or at + 8 > len(content):
            raise Odd("its index is not built as usual")
        length, kind = struct.unpack_from(">I4s", content, at)
        # None within an index needs 64 bits of length.
        if not 8 <= length <= len(content) - at:
            raise Odd("its index is not built as usual")
        found.append((kind, content[at + 8 : at + length]))
        at += length
    return Boxes(found)


def numbers(content: memoryview, each: int) -> array[int]:
    """A table behind its version, flags and count: `each` whole numbers of 32 bits in every entry, all in one row."""
    if len(content) < 8:
        raise Odd("a table of its index is too short")
    count = struct.unpack_from(">I", content, 4)[0]
    return unsigned(content[8:], count * each)


def unsigned(content: memoryview, count: int) -> array[int]:
    """Exactly so many whole numbers of 32 bits."""
    if len(content) != 4 * count:
        raise Odd("a table of its index is not as long as it says")
    return _big_endian(array("I"), content)


def offsets(content: memoryview) -> array[int]:
    """A table of whole numbers of 64 bits."""
    if len(content) < 8 or len(content) != 8 + 8 * struct.unpack_from(">I", content, 4)[0]:
        raise Odd("a table of its index is not as long as it says")
    return _big_endian(array("Q"), content[8:])


def _big_endian(found: array[int], content: memoryview) -> array[int]:
    found.frombytes(content)
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _top(file: BinaryIO) -> Iterator[tuple[bytes, Span]]:
    """The boxes at the top level: what is in each lies there."""
    size, at = file.seek(0, 2), 0
    for _ in range(_MOST_BOXES):
        if at == size:
            return
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            raise Odd("it is cut off, or bytes stand behind its end")
        length, kind = struct.unpack_from(">I4s", head)
        begin = at + 8
        if length == _LARGE and len(head) == 16:
            length, begin = struct.unpack_from(">Q", head, 8)[0], at + 16
        elif length == _TO_THE_END:
            length = size - at
        if at + length > size:
            raise Odd("it is cut off")
        if begin > at + length:
            raise Odd("it is not built as usual")
        yield kind, Span(begin, at + length)
        at += length
    raise Odd("it has unusually many parts")
