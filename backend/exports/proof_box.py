"""The box at the very end of an mp4 that proves all before it: the signed manifest, where players skip what they do not
know (ISO/IEC 14496-12, section 11.1: a `uuid` box of the top level).

Pure reading and writing of that one box; whether its signature is good is judged in `verify`.
"""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

from backend.disk.atomic import told_as
from backend.errors import BadField

# Ours: any UUID that nobody else uses.
USERTYPE = uuid.UUID("1d6f5e2c-7a0b-5c53-9d3e-4b6f6c646661").bytes
_HEADER_BYTES = 8 + len(USERTYPE)
_LARGE, _TO_THE_END = 1, 0
_MOST_BOXES = 1_000_000
MOST_MANIFEST_BYTES = 256 * 1024**2


def box(manifest: str) -> bytes:
    """The box that holds this manifest."""
    text = manifest.encode("ascii")
    return struct.pack(">I4s", _HEADER_BYTES + len(text), b"uuid") + USERTYPE + text


def split(path: Path) -> tuple[int, str]:
    """How many bytes of an mp4 lie before its proof, and the manifest in it. Raises `BadField` where there is none."""
    with told_as("reading a file"), path.open("rb") as file:
        size, place = file.seek(0, 2), 0
        for _ in range(_MOST_BOXES):
            file.seek(place)
            length, kind = _length(file.read(16), size - place)
            if not 8 <= length <= size - place:
                break
            if place + length == size:
                return place, _manifest(kind, length, place, path)
            place += length
    raise BadField("This is no whole mp4: its parts do not fill it. It was cut off, or bytes were changed or added.")


def _length(head: bytes, left: int) -> tuple[int, bytes]:
    if len(head) < 8:
        return 0, b""
    length, kind = struct.unpack(">I4s", head[:8])
    if length == _LARGE and len(head) == 16:
        length = struct.unpack(">Q", head[8:])[0]
    elif length == _TO_THE_END:
        length = left
    return length, kind


def _manifest(kind: bytes, length: int, place: int, path: Path) -> str:
    if kind != b"uuid" or not _HEADER_BYTES < length <= MOST_MANIFEST_BYTES:
        raise BadField("This mp4 carries no proof at its end: it is no export, or was cut off or written anew.")
    with told_as("reading a file"), path.open("rb") as file:
        file.seek(place)
        found = file.read(length)
    try:
        manifest = found[_HEADER_BYTES:].decode("ascii")
    except UnicodeDecodeError:
        manifest = ""
    # Each byte of the box is decided by the manifest in it.
    if not manifest or found != box(manifest):
        raise BadField("The proof at the end of this mp4 was changed.")
    return manifest
