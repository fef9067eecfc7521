"""What the times of packets tell: how long a file is, and whether its frames come at a constant rate. Pure."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from backend.media.ffprobe_json import LONGEST_SECONDS, number

SOME_PACKETS = 300
# Two ways of telling one rate: 29.97 and 30000/1001, a first frame that is shown a little longer.
_AGREE = 0.005
# A frame at another distance than this from the next counts as irregular: time stamps of whole milliseconds do not.
_REGULAR = 0.25
_REGULAR_SECONDS = 0.0015
# A dropped frame now and then is no variable rate.
_FEW = 0.03
# How much longer than its streams a file may claim to be: a late picture, subtitles behind the end.
_FAR_LONGER, _LONGER_SECONDS = 2, 60.0
# No camera pauses so long within one recording, unless all its frames come as rarely.
_JUMP, _JUMP_SECONDS = 100, 60.0
# Beyond it, a "rate" is the resolution of the clock.
_HIGHEST_RATE = 1000.0


@dataclass(frozen=True)
class Packet:
    at_seconds: float
    lasts_seconds: float


@dataclass(frozen=True)
class Pace:
    """Frames per second on average, when known, and whether they come irregularly."""

    fps: float | None
    variable: bool


def packets(lines: bytes) -> list[Packet]:
    """From lines of `pts,dts,duration`, where any may be missing; in the order of the file."""
    found = []
    for line in lines.splitlines():
        times = [number(field) for field in line.decode("ascii", "replace").split(",")[:3]]
        at = next((time for time in times[:2] if time is not None and abs(time) <= LONGEST_SECONDS), None)
        lasts = times[2] if len(times) > 2 else None
        if at is not None:
            found.append(Packet(at, lasts if lasts and 0 < lasts <= 60 else 0.0))
    return found


def end_of(found: Sequence[Packet]) -> float | None:
    """How long the file is by its packets: from 0, or from the first when times begin elsewhere, to the last's end."""
    if not found:
        return None
    first = min(packet.at_seconds for packet in found)
    end = max(packet.at_seconds + packet.lasts_seconds for packet in found)
    length = end - min(first, 0.0) if first < 1 else end - first
    return length if length > 0 else None


def told_length(whole: float | None, streams: Sequence[float | None]) -> float | None:
    """What the file tells of itself, unless picture and sound, each with a length of its own, are far shorter."""
    longest = max((length or 0.0 for length in streams), default=0.0)
    if whole is None:
        return longest or None
    is_absurd = all(streams) and longest and whole > _FAR_LONGER * longest + _LONGER_SECONDS
    return longest if is_absurd else whole


def length_without_jumps(found: Sequence[Packet]) -> float | None:
    """How long it is shown when its clock jumps once or more, as where recordings were joined."""
    times = sorted({packet.at_seconds for packet in found})
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    if not gaps:
        return None
    usual = statistics.median(gaps)
    return sum(usual if gap > max(_JUMP_SECONDS, _JUMP * usual) else gap for gap in gaps) + usual


def rates_agree(base: float | None, average: float | None) -> bool:
    """The rate that all times fit into is the average: no frame is missing, so they come regularly."""
    if base is None or average is None or average > _HIGHEST_RATE:
        return False
    return abs(base - average) <= _AGREE * average


def pace_of(found: Sequence[Packet], *, told: float | None) -> Pace:
    """By the distances between frames, in the order in which they are shown."""
    told = told if told and told <= _HIGHEST_RATE else None
    times = sorted({packet.at_seconds for packet in found})
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    if len(gaps) > SOME_PACKETS:
        # Looked at in two places: the way from one to the other is no distance between frames.
        gaps.remove(max(gaps))
    if len(gaps) < 2:
        return Pace(told, variable=False)
    usual = statistics.median(gaps)
    allowed = max(_REGULAR * usual, _REGULAR_SECONDS)
    odd = sum(abs(gap - usual) > allowed for gap in gaps)
    return Pace(told or min(1 / statistics.fmean(gaps), _HIGHEST_RATE), variable=odd > _FEW * len(gaps))
