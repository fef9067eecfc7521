"""Whether what an index calls keyframes are some: their first slice says so itself.

H.264 (ITU-T H.264, section 7.4.1, nal_unit_type) and H.265 (section 7.4.2.2), as they lie in an mp4: every unit behind
its length. What ffprobe says of a keyframe it finds out in the same way, whatever an index says.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from backend.exports.boxes import Odd, boxes

# Of a picture that is described by 78 bytes, with boxes behind them (ISO/IEC 14496-12, section 12.1.3).
_DESCRIBED_BYTES = 78
_LENGTH_AT = {b"avcC": 4, b"hvcC": 21}
_SLICES = {"h264": range(1, 6), "hevc": range(32)}
_KEY_SLICES = {"h264": range(5, 6), "hevc": range(16, 22)}
# Parameters, notes and a delimiter stand before the first slice.
_MOST_UNITS_BEFORE = 32


class Frame(NamedTuple):
    start: int  # in the file
    size_bytes: int


def length_bytes(description: memoryview) -> int:
    """How long the length before each unit is."""
    for name, content in boxes(description[_DESCRIBED_BYTES:]).found:
        at = _LENGTH_AT.get(name)
        if at is not None and len(content) > at and (content[at] & 3) != 2:
            return (content[at] & 3) + 1
    raise Odd("its picture is not described as usual")


def check(path: Path, codec: str, prefix: int, frames: Iterable[Frame]) -> None:
    """Raises `Odd` unless a decoder can begin at each of these."""
    try:
        with path.open("rb") as file:
            if not all(_is_key(file.fileno(), codec, prefix, frame) for frame in frames):
                raise Odd("what its index calls a keyframe may be none")
    except OSError as error:
        raise Odd(f"it could not be read ({error.strerror})") from error


def _is_key(fd: int, codec: str, prefix: int, frame: Frame) -> bool:
    at, end = frame.start, frame.start + frame.size_bytes
    for _ in range(_MOST_UNITS_BEFORE):
        head = os.pread(fd, prefix + 1, at)
        length = int.from_bytes(head[:prefix])
        if len(head) <= prefix or not 0 < length <= end - at - prefix:
            return False
        kind = head[prefix] & 31 if codec == "h264" else head[prefix] >> 1 & 63
        if kind in _SLICES[codec]:
            return kind in _KEY_SLICES[codec]
        at += prefix + length
    return False
