"""How a storyboard is laid out: how many tiles, how far apart in time, how large, on how many sheets. Pure."""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from backend.media.encoding import Size, size_within
from backend.media.facts import Facts

# A tile's longer side at most: what a card of the library shows, and 100 of them weigh about 300 kB.
_TILE_SIDE = 192
# On one sheet. 10 x 192 pixels is far below what JPEG (65,535) and a phone's image decoder (4,096) take.
COLUMNS = ROWS = 10
# Short clips: two tiles for each second, then one, then as many as one sheet holds; a second sheet within the hour.
_FINE_SECONDS, _FINEST_SECONDS = 12.0, 0.5
_ONE_SHEET = COLUMNS * ROWS
_ONE_SHEET_UP_TO_SECONDS = 15 * 60.0
_MOST, _MOST_FROM_SECONDS = 2 * _ONE_SHEET, 3600.0
# Fewer than these are too coarse to find a place by: then frames between keyframes are worth their decoding.
_LEAST_FROM_KEYFRAMES = 30


@dataclass(frozen=True)
class Plan:
    """Tile n shows the picture of the middle of [n, n + 1) intervals."""

    count: int
    interval_ms: int
    tile: Size

    @property
    def columns(self) -> int:
        return min(COLUMNS, math.ceil(math.sqrt(self.count)))

    @property
    def rows(self) -> int:
        return min(ROWS, math.ceil(self.count / self.columns))

    @property
    def sheets(self) -> int:
        return math.ceil(self.count / (self.columns * self.rows))

    @property
    def interval_seconds(self) -> float:
        return self.interval_ms / 1000

    def middle(self, number: int) -> float:
        return (number + 0.5) * self.interval_seconds

    def as_json(self, seen: int | None = None) -> dict[str, Any]:
        """`seen`: how many tiles show something, when the file ends before the others."""
        count = self.count if seen is None else max(1, min(seen, self.count))
        sheets = math.ceil(count / (self.columns * self.rows))
        return {
            "sheets": [f"storyboard-{number}.jpg" for number in range(sheets)],
            "columns": self.columns,
            "rows": self.rows,
            "tile_width": self.tile.width,
            "tile_height": self.tile.height,
            "interval_seconds": self.interval_seconds,
            "count": count,
        }


def plan_for(facts: Facts, duration_seconds: float) -> Plan:
    count = _count(duration_seconds)
    interval_ms = max(1, math.ceil(duration_seconds * 1000 / count))
    return Plan(count, interval_ms, size_within(facts, _TILE_SIDE, _TILE_SIDE))


def _count(seconds: float) -> int:
    if seconds <= _FINE_SECONDS:
        return max(1, round(seconds / _FINEST_SECONDS))
    fine = round(_FINE_SECONDS / _FINEST_SECONDS)
    if seconds <= _ONE_SHEET_UP_TO_SECONDS:
        return min(_ONE_SHEET, max(fine, round(seconds)))
    share = (seconds - _ONE_SHEET_UP_TO_SECONDS) / (_MOST_FROM_SECONDS - _ONE_SHEET_UP_TO_SECONDS)
    return round(_ONE_SHEET + min(1.0, share) * (_MOST - _ONE_SHEET))


def shown(times: Sequence[float], at_seconds: float) -> float | None:
    """Which of the decoded frames (their times, in order) is seen at an instant: the last before it, else the first."""
    if not times:
        return None
    return times[max(0, bisect.bisect_left(times, at_seconds) - 1)]


def first_wrong(plan: Plan, times: Sequence[float], unsure_seconds: float = 0.0) -> int | None:
    """The first tile whose picture may be further from its middle than the tiles are from each other.

    `unsure_seconds`: by how much each of `times` may be wrong.
    """
    for number in range(plan.count):
        at = shown(times, plan.middle(number))
        if at is None or abs(plan.middle(number) - at) + unsure_seconds > plan.interval_seconds:
            return number
    return None


def coarser(plan: Plan, times: Sequence[float], end_seconds: float, unsure_seconds: float = 0.0) -> Plan | None:
    """Fewer tiles, so far apart that keyframes at `times` make all of them right; None when they would be too few."""
    edges = [0.0, *times, end_seconds]
    widest = max(later - earlier for earlier, later in itertools.pairwise(edges)) + unsure_seconds
    count = math.floor(end_seconds / widest) if widest > 0 else 0
    if count < min(_LEAST_FROM_KEYFRAMES, plan.count):
        return None
    return replace(plan, count=count, interval_ms=math.ceil(end_seconds * 1000 / count))
