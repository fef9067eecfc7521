"""The packets of one picture stream, and where it can be cut without decoding it. Pure.

A packet comes in the order of decoding, and tells when its frame is shown (`pts`). A stream can be entered at a
keyframe before which nothing is shown later, and left where all frames before an instant need nothing of what comes
after it.
"""

from __future__ import annotations

import itertools
import statistics
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import NamedTuple

# Frames that come at least this much apart, and this many times further than usual, have nothing between them.
_HOLE_SECONDS = 1
_HOLE_FRAMES = 3.0


class Run(NamedTuple):
    """Frames without a hole between them: ticks of the first and of the end of the last."""

    first: int
    end: int


@dataclass(frozen=True)
class Listing:
    """All in ticks; `tick` is their length in seconds. Arrays are in the order of decoding."""

    tick: Fraction
    pts: Sequence[int]
    keys: Sequence[int]  # where the keyframes stand in `pts`
    hidden: frozenset[int] = frozenset()  # where those stand that an edit list hides
    told_interval: int = 0  # from one frame to the next as the file tells it, for when there is but one
    untimed: int = 0  # how many packets it has besides, of which nobody knows when they are shown

    @cached_property
    def interval(self) -> int:
        """The usual time from one frame to the next."""
        steps = [after - before for before, after in itertools.pairwise(self.shown) if after > before]
        return round(statistics.median_low(steps)) if steps else max(1, self.told_interval)

    @cached_property
    def shown(self) -> list[int]:
        """When frames are shown, in order."""
        if not self.hidden:
            return sorted(self.pts)
        return sorted(pts for number, pts in enumerate(self.pts) if number not in self.hidden)

    @cached_property
    def begin(self) -> int:
        """The instant at which the recording began: its first frame, even if that needs one from before it."""
        if self.hidden:
            return self.shown[0]
        first_key = self.keys[0] if self.keys else len(self.pts) - 1
        return min(self.pts[: first_key + 1])

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """What can be shown. Before the first keyframe nothing can."""
        if not self.keys:
            return ()
        shown = [pts for pts in self.shown if pts >= self.pts[self.keys[0]]]
        if not shown:
            return ()
        hole = max(float(_HOLE_SECONDS / self.tick), _HOLE_FRAMES * self.interval)
        found: list[Run] = [Run(shown[0], shown[0])]
        for pts in shown:
            if pts - found[-1].end > hole:
                found[-1] = Run(found[-1].first, found[-1].end + self.interval)
                found.append(Run(pts, pts))
            else:
                found[-1] = Run(found[-1].first, pts)
        found[-1] = Run(found[-1].first, found[-1].end + self.interval)
        return tuple(found)

    @cached_property
    def entries(self) -> tuple[int, ...]:
        """The ticks at which it can be entered, in order."""
        found: list[int] = []
        latest: int | None = None
        at = 0
        for key in self.keys:
            for pts in self.pts[at:key]:
                latest = pts if latest is None else max(latest, pts)
            at = key
            if latest is None or latest < self.pts[key]:
                found.append(self.pts[key])
        return tuple(found)

    @cached_property
    def exits(self) -> tuple[int, ...]:
        """The ticks at which it can be left, in order: frames from there on are not needed by those before it."""
        found: list[int] = []
        earliest = array("q", bytes(8 * len(self.pts)))
        least: int | None = None
        for at in range(len(self.pts) - 1, -1, -1):
            least = self.pts[at] if least is None else min(least, self.pts[at])
            earliest[at] = least
        latest: int | None = None
        for at, pts in enumerate(self.pts):
            if latest is not None and latest < earliest[at]:
                found.append(earliest[at])
            latest = pts if latest is None else max(latest, pts)
        if latest is not None:
            found.append(latest + self.interval)
        return tuple(found)

    def between(self, first: int, end: int) -> list[int]:
        """The frames shown from `first` up to, and without, `end`, in order."""
        return self.shown[bisect_left(self.shown, first) : bisect_left(self.shown, end)]


def listing_of(lines: Iterable[str], tick: Fraction, told_interval: int) -> Listing:
    """From ffprobe's lines `pts,flags`. Packets without a time are left out: nobody knows when they are shown."""
    pts, keys, hidden, untimed = array("q"), array("q"), set(), 0
    for line in lines:
        told, _, flags = line.strip().strip(",").partition(",")
        if not told.lstrip("-").isdecimal():
            untimed += bool(told)
            continue
        if "D" in flags:
            hidden.add(len(pts))
        if "K" in flags:
            keys.append(len(pts))
        pts.append(int(told))
    return Listing(tick, pts, keys, frozenset(hidden), told_interval, untimed)
