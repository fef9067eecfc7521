"""Frames of a stored MP4 file: ffprobe, confined, says where each one lies; its bytes are read from the file itself.

Nothing is demuxed in this process, and nothing is copied: of the file's structure only numbers come here, and each is
checked against the bytes it leads to.
"""

from __future__ import annotations

import json
import math
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

from backend.confine import SOURCE, Confinement, Limits
from backend.edge.footage import Codec, Frame
from backend.edge.nal import ParameterSets, is_parameter_set, parameter_sets, split
from backend.errors import MediaError, Unreadable

_CODECS: dict[str, Codec] = {"h264": "H264", "hevc": "H265"}
_LIMITS = Limits(seconds=120, cpu_seconds=60, memory_bytes=512 * 1024**2, output_bytes=256 * 1024**2)
_FRAME_BYTES = 32 * 1024**2  # more is no frame
_MOST_FRAMES = 4_000_000
_HEX_LINE = re.compile(r"^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ?){1,8})", re.MULTILINE)


@dataclass(frozen=True)
class Index:
    """Where the frames of one file lie, in decoding order; 29 bytes for each."""

    sets: ParameterSets
    width: int
    height: int
    time_base: Fraction
    shown: array[int]  # in time_base, from the first frame shown
    decoded: array[int]
    places: array[int]
    sizes: array[int]
    keyframes: array[int]  # numbers of frames

    @property
    def last_seconds(self) -> float:
        """When the last frame is shown, from the first one."""
        return float(max(self.shown) * self.time_base)

    @property
    def reorders(self) -> bool:
        """Whether frames are shown in another order than they are decoded in (B-frames)."""
        return any(later < earlier for earlier, later in zip(self.shown, self.shown[1:], strict=False))

    def keyframe_before(self, offset: timedelta) -> int:
        """The number of the last keyframe shown at or before `offset`, else of the first one."""
        units = math.floor(Fraction(offset // timedelta(microseconds=1), 1_000_000) / self.time_base)
        found = bisect_right(self.keyframes, units, key=lambda number: self.shown[number])
        return self.keyframes[max(0, found - 1)]


def index(tools: Confinement, path: Path) -> Index:
    """Look where the frames of the first video stream lie. Raises a MediaError: Unreadable for what is not MP4 or
    QuickTime with H.264 or H.265, whose frames lie in one piece each; other files are remuxed before."""
    found = json.loads(tools.ffprobe(_arguments("json", _STREAM), source=path, limits=_LIMITS))
    stream: dict[str, Any] = next(iter(found.get("streams", ())), {})
    codec = _CODECS.get(stream.get("codec_name", ""))
    if codec is None or "mp4" not in str(found.get("format", {}).get("format_name", "")).split(","):
        raise Unreadable("Only MP4 files with H.264 or H.265 can be replayed as they are.")
    # Python's reading of 100,000 frames as JSON takes ten times as long as ffprobe's looking for them.
    packets = tools.ffprobe(_arguments("csv=p=0", "packet=pts,dts,size,pos,flags"), source=path, limits=_LIMITS)
    return _collected(parameter_sets(codec, _bytes(stream.get("extradata"))), stream, packets)


_STREAM = "stream=codec_name,time_base,width,height,extradata:format=format_name"


def _arguments(form: str, entries: str) -> list[str]:
    data = ["-show_data"] if form == "json" else []
    return ["-select_streams", "v:0", "-show_entries", entries, *data, "-of", form, "-i", SOURCE]


def _bytes(dump: object) -> bytes:
    """What ffprobe's hexadecimal dump shows."""
    return bytes.fromhex("".join(_HEX_LINE.findall(str(dump))).replace(" ", ""))


def _collected(sets: ParameterSets, stream: dict[str, Any], packets: bytes) -> Index:
    shown, decoded, places, sizes, keyframes = (array(kind) for kind in "qqqIL")
    for line in packets.splitlines():
        fields = line.split(b",")
        try:
            pts, dts, size, place = (int(field) for field in fields[:4])
        except ValueError:
            raise Unreadable("A frame has no time or no place in the file.") from None
        if not 0 < size <= _FRAME_BYTES or place < 0 or len(shown) >= _MOST_FRAMES:
            raise Unreadable("A frame's size or place makes no sense.")
        if b"K" in fields[4]:
            keyframes.append(len(shown))
        shown.append(pts)
        decoded.append(min(dts, pts))
        places.append(place)
        sizes.append(size)
    if not keyframes:
        raise Unreadable("The file has no keyframe.")
    # What comes before the first keyframe cannot be decoded, and what an edit list hides was before the start.
    first = shown[keyframes[0]]
    return Index(
        sets,
        int(stream.get("width") or 0),
        int(stream.get("height") or 0),
        Fraction(str(stream.get("time_base", "1/90000"))),
        array("q", (one - first for one in shown)),
        array("q", (one - first for one in decoded)),
        places,
        sizes,
        keyframes,
    )


def frames(path: Path, found: Index, started_at: datetime, since: datetime) -> Iterator[Frame]:
    """The file's frames from the keyframe at or before `since`; its first keyframe was recorded at `started_at`.

    Raises a MediaError in the middle when the file is not what was looked at.
    """
    number = found.keyframe_before(since - started_at)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise MediaError(f"The stored file cannot be opened ({error.strerror}).") from error
    try:
        keyframes = set(found.keyframes)
        for one in range(number, len(found.shown)):
            yield _frame(handle, found, one, one in keyframes, started_at)
    finally:
        os.close(handle)


def _frame(handle: int, found: Index, number: int, is_keyframe: bool, started_at: datetime) -> Frame:
    try:
        sample = os.pread(handle, found.sizes[number], found.places[number])
    except OSError as error:
        raise MediaError(f"The stored file cannot be read ({error.strerror}).") from error
    if len(sample) < found.sizes[number]:
        raise Unreadable("The file ends within a frame.")
    codec = found.sets.codec
    units = split(sample, found.sets.length_bytes)
    if is_keyframe and not any(is_parameter_set(codec, unit) for unit in units):
        units = found.sets.units + units
    shown_at = started_at + _offset(found.shown[number], found.time_base)
    order_at = started_at + _offset(found.decoded[number], found.time_base)
    return Frame(shown_at, order_at, is_keyframe, units)


def _offset(units: int, time_base: Fraction) -> timedelta:
    # Whole numbers throughout: a day of frames must not drift by a rounding each.
    return timedelta(microseconds=round(units * time_base * 1_000_000))
