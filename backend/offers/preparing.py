"""Brings a recording into the form that can be replayed: MP4, a keyframe first, each frame after the one before it."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from backend.confine import SOURCE, Confinement, Limits
from backend.errors import Unreadable
from backend.offers.entries import Codec
from backend.offers.index import (
    Index,
    Passed,
    index,
    look_through,
    looking_limits,
    refuse_broken_samples,
    told_as_slow,
)
from backend.offers.looking import Look
from backend.offers.losses import pictures, refuse_losses

NAME = "offer.mp4"
_NAMES = {"H264": "h264", "H265": "hevc"}
KEYFRAME_SECONDS = 2
# No B-frames: their order is no matter of taste to a VMS that keeps frames as they come.
_ENCODERS: dict[Codec, list[str]] = {
    "H264": ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-bf", "0"],
    "H265": ["-c:v", "libx265", "-preset", "veryfast", "-crf", "22", "-x265-params", "bframes=0:log-level=error",
             "-tag:v", "hvc1"],
}  # fmt: skip
# Odd sizes do not go into 4:2:0.
_EVEN = "pad=w=ceil(iw/2)*2:h=ceil(ih/2)*2,format=yuv420p"
# Encoded again at this quality a recording grows by no more; noise at its worst meets the limit, not the disk's end.
_GROWS = 6
_SMALL_BYTES = 64 * 1024**2
_CLOCK = 90_000


@dataclass(frozen=True)
class Means:
    """What one preparation may use."""

    tools: Confinement
    threads: int
    memory_bytes: int
    longest_seconds: float
    should_stop: Callable[[], bool]
    progress: Callable[[float], None]


@dataclass(frozen=True)
class Ready:
    """`path` is the file itself, or the copy in the workspace; `offset`: seconds from where the recording begins (its
    sound may be first) to its first frame."""

    path: Path
    found: Index
    offset: Fraction


def wanted_codec(look: Look, camera: Codec | None, h265: bool) -> Codec:
    """Its camera's, which the first recording fixed; that one brings H.265 only where it is wanted."""
    return camera or ("H265" if h265 and look.as_it_is("hevc") else "H264")


def room_bytes(size_bytes: int) -> int:
    """What a preparation may need on the disk at once."""
    return _GROWS * size_bytes + _SMALL_BYTES


def as_it_is(means: Means, path: Path, look: Look, codec: Codec) -> Index | None:
    """Where its frames lie, if it can be replayed without any change; else None."""
    if not look.is_mp4 or not look.as_it_is(_NAMES[codec]):
        return None
    with suppress(Unreadable):
        return _fitting(means, path, codec)
    return None


def prepare(means: Means, path: Path, size_bytes: int, look: Look, codec: Codec, workspace: Path) -> Ready:
    """A copy in `workspace`. Raises a MediaError."""
    made, passed = workspace / NAME, _passed(means, path, look)
    # An MP4 that came here was looked at already: copied it would be no better. Of another file with several
    # descriptions ffmpeg makes an MP4 with one: frames would be sent with the wrong parameter sets.
    if not look.is_mp4 and passed and not passed.changes and look.as_it_is(_NAMES[codec]):
        with suppress(Unreadable):
            if found := _copied(means, path, size_bytes, look, codec, workspace):
                return Ready(made, found, found.first - _shift(look) - look.begins)
    _run(means, path, _encoding(means, look, codec), means.longest_seconds, size_bytes, look, workspace)
    found = _fitting(means, made, codec)
    if found is None:
        raise Unreadable("Its pictures cannot be brought into an order that can be replayed.")
    if passed:
        refuse_losses(pictures(passed.packets, is_mp4=look.is_mp4), look.time_base, found, Fraction(_shift(look)))
    return Ready(made, found, found.first - _shift(look) - look.begins)


def _fitting(means: Means, path: Path, codec: Codec) -> Index | None:
    found = index(means.tools, path, means.should_stop)
    if found.sets.codec != codec or not found.whole or found.reorders:
        return None
    refuse_broken_samples(path, found)
    return found


def _passed(means: Means, path: Path, look: Look) -> Passed | None:
    """What its packets tell; None where they cannot be read: perhaps there are pictures that can be encoded all the
    same. Raises Unreadable where nobody could say when its frames were taken."""
    try:
        passed = look_through(means.tools, path, look.time_base, means.should_stop)
    except Unreadable:
        return None
    if passed.turns_back:
        raise Unreadable(
            "Its clock jumps back within the recording, as in one that was put together of several, so nobody can say"
            " when its pictures were taken. Send its parts by themselves, each with its own time. If they follow one"
            " another without a pause, one clock is made of them by: ffmpeg -i FILE -c copy NEW_FILE.mp4"
        )
    return passed


def _copied(means: Means, path: Path, size_bytes: int, look: Look, codec: Codec, workspace: Path) -> Index | None:
    """The same pictures in an MP4. Raises a MediaError."""
    with told_as_slow():
        _run(means, path, _copying(), looking_limits(path).seconds, size_bytes, look, workspace)
    return _fitting(means, workspace / NAME, codec)


def _copying() -> list[str]:
    return ["-i", SOURCE, "-map", "0:V:0", "-c", "copy"]


def _encoding(means: Means, look: Look, codec: Codec) -> list[str]:
    threads = str(means.threads)
    # Each frame keeps its own time: none is doubled or dropped, and the clock is the file's.
    times = ["-fps_mode", "passthrough", "-enc_time_base", f"{look.time_base.numerator}:{look.time_base.denominator}"]
    keyframes = ["-force_key_frames", f"expr:isnan(prev_forced_t)+gte(t,prev_forced_t+{KEYFRAME_SECONDS})"]
    read = ["-threads", threads, "-i", SOURCE, "-map", "0:V:0", "-vf", _EVEN]
    return [*read, *times, *_ENCODERS[codec], *keyframes, "-threads", threads]


def _run(
    means: Means, path: Path, arguments: list[str], seconds: float, size_bytes: int, look: Look, workspace: Path
) -> None:
    # Words and places of the source stay where they are. The clock is taken along: ffmpeg's own zero is now where the
    # file begins and now where its picture does. An MP4 tells when it begins in steps of its movie's clock.
    clock = ["-copyts", "-movie_timescale", str(_CLOCK), "-output_ts_offset", str(_shift(look))]
    written = ["-map_metadata", "-1", "-map_chapters", "-1", *clock, "-f", "mp4", NAME]
    limits = Limits(seconds, seconds * (2 * means.threads + 1), means.memory_bytes, room_bytes(size_bytes))
    means.tools.ffmpeg(
        [*arguments, *written],
        source=path,
        workspace=workspace,
        limits=limits,
        on_progress=lambda done: means.progress(_share(done, look)),
        should_stop=means.should_stop,
    )
    means.progress(1.0)


def _shift(look: Look) -> int:
    """Seconds that a clock is put on: one that begins below 0, as ffmpeg has it where an MPEG clock runs over, would be
    hidden by an MP4's edit list."""
    return max(0, math.ceil(-look.begins))


def _share(done: float, look: Look) -> float:
    # ffmpeg tells the seconds since it first spoke, wherever the file's clock began.
    return min(1.0, done / look.seconds) if look.seconds else 0.0
