"""Where the frames of an MP4 file lie: ffprobe, confined, says it; only numbers come here."""

from __future__ import annotations

import json
import math
import os
import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from backend.confine import SOURCE, Confinement, Limits
from backend.errors import MediaError, OverLimit, Unreadable
from backend.offers.entries import Codec
from backend.offers.nal import ParameterSets, is_clean, parameter_sets, split

_CODECS: dict[str, Codec] = {"h264": "H264", "hevc": "H265"}
# ffprobe reads each packet, that is the whole file: a disk gives so much a second at its worst, and a processor.
_SECONDS, _BYTES_PER_SECOND, _BYTES_PER_CPU_SECOND = 120, 2 * 1024**2, 20 * 1024**2
_MEMORY_BYTES, _PRINTED_BYTES = 512 * 1024**2, 256 * 1024**2
_FRAME_BYTES = 32 * 1024**2  # more is no frame
_MOST_FRAMES = 4_000_000
_LOOKED_AT = 32
_MOST_UNITS = 20_000_000  # each is a system call; of a day's frames, ten each
_UNKNOWN_RATE = 25
_PACKET = "packet=pts,dts,duration,size,pos,flags:packet_side_data=side_data_type"
# Beside the first packet of each further sample description: its parameter sets.
_CHANGE = b"New Extradata"
_HEX_LINE = re.compile(r"^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} ?){1,8})", re.MULTILINE)


_NUMBER = re.compile(rb"-?[0-9]+")
# Less is a recorder's jitter; more is an MPEG clock of 33 bits that runs over, as it does each day.
_BACK_SECONDS, _WRAP_SECONDS = Fraction(1, 10), 2**32 // 90_000


class Passed(NamedTuple):
    """What was seen of a file as its packets went by. `packets`: as ffprobe prints them."""

    packets: bytes
    changes: bool  # other parameter sets are true of some of its frames, which stand beside those and not in them
    turns_back: bool  # its clock jumps back: it was put together of parts that have a clock each


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Index:
    """Where the frames of one file lie, in decoding order; 29 bytes for each."""

    sets: ParameterSets
    width: int
    height: int
    time_base: Fraction
    first: Fraction  # when the first keyframe is shown, by the file's own clock, in seconds
    ends: int  # when the last frame is over, in time_base
    whole: bool  # it begins with a keyframe, an edit list hides nothing, and one description is true of all frames
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
    def lasts(self) -> timedelta:
        """From the first frame's instant up to the end of the last one."""
        return timedelta(microseconds=round(self.ends * self.time_base * 1_000_000))

    @property
    def frames_per_second(self) -> float:
        return round(float(len(self.shown) / (self.ends * self.time_base)), 3)

    @property
    def reorders(self) -> bool:
        """Whether frames are shown in another order than they are decoded in (B-frames)."""
        return any(later < earlier for earlier, later in zip(self.shown, self.shown[1:], strict=False))

    def keyframe_before(self, offset: timedelta) -> int:
        """The number of the last keyframe shown at or before `offset`, else of the first one."""
        units = math.floor(Fraction(offset // timedelta(microseconds=1), 1_000_000) / self.time_base)
        found = bisect_right(self.keyframes, units, key=lambda number: self.shown[number])
        return self.keyframes[max(0, found - 1)]


def index(tools: Confinement, path: Path, should_stop: Callable[[], bool] = _never) -> Index:
    """Look where the frames of the first video stream lie. Raises a MediaError: Unreadable for what is not MP4 or
    QuickTime with H.264 or H.265, whose frames lie in one piece each; other files are remuxed before."""
    limits = looking_limits(path)
    with told_as_slow():
        printed = tools.ffprobe(_arguments("json", _STREAM), source=path, limits=limits, should_stop=should_stop)
    found = json.loads(printed)
    stream: dict[str, Any] = next(iter(found.get("streams", ())), {})
    codec = _CODECS.get(stream.get("codec_name", ""))
    if codec is None or "mp4" not in str(found.get("format", {}).get("format_name", "")).split(","):
        raise Unreadable("Only MP4 files with H.264 or H.265 can be replayed as they are.")
    # Python's reading of 100,000 frames as JSON takes ten times as long as ffprobe's looking for them.
    packets = _packets(tools, path, limits, should_stop)
    return _collected(parameter_sets(codec, _bytes(stream.get("extradata"))), stream, packets)


def look_through(tools: Confinement, path: Path, time_base: Fraction, should_stop: Callable[[], bool]) -> Passed:
    """Of any container. `time_base` of its picture. Raises a MediaError."""
    packets = _packets(tools, path, looking_limits(path), should_stop)
    return Passed(packets, _CHANGE in packets, _turns_back(packets, time_base))


def _turns_back(packets: bytes, time_base: Fraction) -> bool:
    reached: int | None = None
    least, most = _BACK_SECONDS / time_base, _WRAP_SECONDS / time_base
    for line in filter(None, packets.splitlines()):
        fields = line.split(b",", 2)
        if len(fields) < 2 or not _NUMBER.fullmatch(fields[1]):
            continue
        decoded = int(fields[1])
        if reached is not None and least < reached - decoded < most:
            return True
        reached = decoded
    return False


def refuse_broken_samples(path: Path, found: Index) -> None:
    """Raises Unreadable when a frame is not cut as the file's description says: sent, it would end the stream each
    time that it is asked for. Or when one of some keyframes is none."""
    fixed, left = found.sets.length_bytes, _MOST_UNITS
    some = found.keyframes[:: max(1, len(found.keyframes) // _LOOKED_AT)]
    try:
        with path.open("rb", buffering=0) as file:
            for place, size in zip(found.places, found.sizes, strict=True):
                left -= _walk(file.fileno(), place, size, fixed, left)
            for number in some:
                units = split(os.pread(file.fileno(), found.sizes[number], found.places[number]), fixed)
                if not is_clean(found.sets.codec, units):
                    raise Unreadable("A frame that is called a keyframe cannot be decoded by itself.")
    except OSError as error:
        raise MediaError(f"The stored file cannot be read ({error.strerror}).") from error


def _walk(fd: int, place: int, size: int, length_bytes: int, at_most: int) -> int:
    """From unit to unit of a frame by their lengths alone; how many there are. Raises Unreadable."""
    end, count, is_empty = place + size, 0, True
    while place < end:
        told = os.pread(fd, length_bytes, place)
        if count >= at_most or len(told) < length_bytes:
            raise Unreadable("Its frames have more parts, or reach further, than a file can have.")
        length, count = int.from_bytes(told, "big"), count + 1
        place, is_empty = place + length_bytes + length, is_empty and not length
    if place > end:
        raise Unreadable("A frame's NAL units are longer than the frame.")
    if is_empty:
        raise Unreadable("A frame has nothing in it.")
    return count


def looking_limits(path: Path) -> Limits:
    """Of a run of ffprobe that reads all of a file. Raises a MediaError when it is not there."""
    try:
        size_bytes = path.stat().st_size
    except OSError as error:
        raise MediaError(f"The stored file cannot be opened ({error.strerror}).") from error
    cpu_seconds = _SECONDS + size_bytes / _BYTES_PER_CPU_SECOND
    return Limits(_SECONDS + size_bytes / _BYTES_PER_SECOND, cpu_seconds, _MEMORY_BYTES, _PRINTED_BYTES)


@contextmanager
def told_as_slow() -> Iterator[None]:
    """Reading that takes too long is the disk's fault at this moment, not the file's for ever: another MediaError."""
    try:
        yield
    except OverLimit as error:
        if error.detail.get("limit") != "seconds":
            raise
        raise MediaError(f"{error.message} The disk gives it too slowly: see whether it is busy or broken.") from error


def _packets(tools: Confinement, path: Path, limits: Limits, should_stop: Callable[[], bool]) -> bytes:
    with told_as_slow():
        return tools.ffprobe(_arguments("csv=p=0", _PACKET), source=path, limits=limits, should_stop=should_stop)


_STREAM = "stream=codec_name,time_base,width,height,extradata:format=format_name"


def _arguments(form: str, entries: str) -> list[str]:
    data = ["-show_data"] if form == "json" else []
    # V, not v: a cover is no film.
    return ["-select_streams", "V:0", "-show_entries", entries, *data, "-of", form, "-i", SOURCE]


def _bytes(dump: object) -> bytes:
    """What ffprobe's hexadecimal dump shows."""
    return bytes.fromhex("".join(_HEX_LINE.findall(str(dump))).replace(" ", ""))


def _collected(sets: ParameterSets, stream: dict[str, Any], packets: bytes) -> Index:
    shown, decoded, places, sizes, keyframes = (array(kind) for kind in "qqqIL")
    ends, hides = 0, _CHANGE in packets
    # What stands beside a packet has an empty line behind it.
    for line in filter(None, packets.splitlines()):
        fields = line.split(b",")
        try:
            pts, dts, size, place = (int(fields[number]) for number in (0, 1, 3, 4))
        except (ValueError, IndexError):
            raise Unreadable("A frame has no time or no place in the file.") from None
        if not 0 < size <= _FRAME_BYTES or place < 0 or len(shown) >= _MOST_FRAMES:
            raise Unreadable("A frame's size or place makes no sense.")
        if b"K" in fields[5]:
            keyframes.append(len(shown))
        hides = hides or b"D" in fields[5]
        ends = max(ends, pts + int(fields[2])) if fields[2].isdigit() else ends
        shown.append(pts)
        decoded.append(min(dts, pts))
        places.append(place)
        sizes.append(size)
    if not keyframes:
        raise Unreadable("The file has no keyframe.")
    # What comes before the first keyframe cannot be decoded, and what an edit list hides was before the start.
    first, time_base = shown[keyframes[0]], Fraction(str(stream.get("time_base", "1/90000")))
    if ends <= max(shown):  # the last frame's length is not told
        lasting = (max(shown) - min(shown)) // max(1, len(shown) - 1) or round(1 / (time_base * _UNKNOWN_RATE))
        ends = max(shown) + max(1, lasting)
    return Index(
        sets,
        int(stream.get("width") or 0),
        int(stream.get("height") or 0),
        time_base,
        first * time_base,
        ends - first,
        keyframes[0] == 0 and not hides,
        array("q", (one - first for one in shown)),
        array("q", (one - first for one in decoded)),
        places,
        sizes,
        keyframes,
    )
