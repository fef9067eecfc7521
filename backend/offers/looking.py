"""What an offered file is: its picture's codec and form, and when it says that it was recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from backend.captured import recorded_at
from backend.confine import SOURCE, Confinement, Limits
from backend.errors import Unreadable, Unsupported
from backend.offers.index import told_as_slow

_LIMITS = Limits(seconds=60, cpu_seconds=60, memory_bytes=512 * 1024**2, output_bytes=8 * 1024**2)
# Late streams of broadcast recordings too.
_BOUNDS = ["-probesize", str(20_000_000), "-analyzeduration", str(20_000_000)]
_STREAM = "stream=codec_name,pix_fmt,width,height,time_base,avg_frame_rate:stream_tags:stream_side_data=rotation"
# What every decoder of a VMS takes.
_PLAIN = {"h264": {"yuv420p", "yuvj420p"}, "hevc": {"yuv420p", "yuvj420p", "yuv420p10le"}}


@dataclass(frozen=True)
class Look:
    codec: str  # by ffmpeg's name
    is_mp4: bool
    upright: bool  # not to be turned before it is shown: RTP cannot say that
    pixel_format: str
    time_base: Fraction
    begins: Fraction  # the whole file, by its own clock, in seconds
    seconds: float | None  # of the whole file
    recorded_at: datetime | None

    def as_it_is(self, codec: str) -> bool:
        """Whether its picture may be sent as `codec` without being encoded again, as far as one can tell so far."""
        return self.codec == codec and self.upright and self.pixel_format in _PLAIN[codec]


def look(tools: Confinement, path: Path, filename: str, should_stop: Callable[[], bool]) -> Look:
    """Raises Unsupported for a file without a picture, and a MediaError for one that cannot be read."""
    shown = ["-show_entries", f"{_STREAM}:format=format_name,start_time,duration:format_tags", "-of", "json"]
    asked = ["-v", "error", *_BOUNDS, "-select_streams", "V:0", *shown, "-i", SOURCE]
    with told_as_slow():
        told = json.loads(tools.ffprobe(asked, source=path, limits=_LIMITS, should_stop=should_stop))
    stream: dict[str, Any] = next(iter(told.get("streams", ())), {})
    container: dict[str, Any] = told.get("format", {})
    if not stream.get("codec_name"):
        raise Unsupported(f"{filename} holds no picture: a VMS keeps pictures only. Send it to another target.")
    if not stream.get("width") or not stream.get("height"):
        raise Unreadable("Its picture's size cannot be made out.")
    is_mp4 = "mp4" in str(container.get("format_name", "")).split(",")
    tags = [{name.lower(): str(value) for name, value in one.get("tags", {}).items()} for one in (container, stream)]
    return Look(
        codec=str(stream["codec_name"]),
        is_mp4=is_mp4,
        upright=not _turns(stream, tags[1], is_mp4),
        pixel_format=str(stream.get("pix_fmt", "")),
        time_base=Fraction(str(stream.get("time_base", "1/90000"))),
        begins=Fraction(str(container.get("start_time", "0"))),
        seconds=_seconds(container.get("duration")),
        # A day alone is no time: its midnight would be a wrong one.
        recorded_at=recorded_at(tags, datetime.now(UTC), to_the_day=False),
    )


def _turns(stream: dict[str, Any], tags: dict[str, str], is_mp4: bool) -> bool:
    told = [data.get("rotation") for data in stream.get("side_data_list", ())]
    told += [tags.get("rotate")] if is_mp4 else []
    return any((_seconds(one) or 0.0) % 360 for one in told)


def _seconds(told: object) -> float | None:
    try:
        return float(str(told))
    except ValueError:
        return None
