"""The top level of an MP4 or QuickTime file: whether its index stands first, and whether the file was cut off."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

# Files have a handful at the top; fragmented ones two for each second or so, and all of them begin with the index.
_MOST_ATOMS = 200_000
_HEAD_BYTES = 16
# What lies in others is no picture and no sound: without the last of them nothing is missing.
_MEDIA = (b"mdat", b"moof")


def index_is_first(path: Path) -> bool:
    """Whether a player can begin before it has the end of the file."""
    names = (name for name, _ in _atoms(path) if name in (b"moov", b"mdat"))
    return next(names, b"") == b"moov"


def is_cut_off(path: Path) -> bool:
    """Whether the file ends within its media data."""
    size = path.stat().st_size
    return any(end > size for name, end in _atoms(path) if name in _MEDIA)


def _atoms(path: Path) -> Iterator[tuple[bytes, int]]:
    """The name of each, and where it ends."""
    place = 0
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for _ in range(_MOST_ATOMS):
            file.seek(place)
            head = file.read(_HEAD_BYTES)
            if len(head) < 8:
                return
            length = _length(head) or size - place
            if length < 8:
                return
            place += length
            yield head[4:8], place
            if place >= size:
                return


def _length(head: bytes) -> int:
    """Of the atom; 1 says that 64 bits of length follow, 0 that it is the last one."""
    length: int = struct.unpack(">I", head[:4])[0]
    if length != 1:
        return length
    return int.from_bytes(head[8:16]) if len(head) == _HEAD_BYTES else 1
