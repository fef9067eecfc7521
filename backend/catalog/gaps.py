"""Stretches of time, and the gaps between them. Pure; intervals are half open: the end is not part of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Stretch(NamedTuple):
    """From `start` up to, and without, `end`; both aware."""

    start: datetime
    end: datetime

    def within(self, bounds: Stretch) -> Stretch | None:
        """What of it lies in `bounds`."""
        start, end = max(self.start, bounds.start), min(self.end, bounds.end)
        return Stretch(start, end) if start < end else None


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Those that touch or overlap as one, in order."""
    found: list[Stretch] = []
    for one in sorted(stretches):
        if found and one.start <= found[-1].end:
            found[-1] = Stretch(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def gaps(stretches: Iterable[Stretch], bounds: Stretch) -> list[Stretch]:
    """What of `bounds` none of the stretches covers, in order."""
    found: list[Stretch] = []
    reached = bounds.start
    for one in joined(inside for s in stretches if (inside := s.within(bounds))):
        if one.start > reached:
            found.append(Stretch(reached, one.start))
        reached = one.end
    if reached < bounds.end:
        found.append(Stretch(reached, bounds.end))
    return found
