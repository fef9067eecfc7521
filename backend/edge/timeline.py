"""One camera's recordings on a line of wall-clock time, with the gaps between them. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from backend.edge.footage import Recording

# Recorders cut their files a frame or a few too early: what is this close goes on as if it were one file.
JOINED = timedelta(seconds=1)


class Stretch(NamedTuple):
    """Recorded without a gap, from `start` up to `end`."""

    start: datetime
    end: datetime


class Change(NamedTuple):
    """From `at` on, footage is there or is not."""

    at: datetime
    present: bool


@dataclass(frozen=True)
class Timeline:
    """Recordings by their start. Made by `of`; an overlap is cut there, so that time never goes back."""

    recordings: tuple[Recording, ...]

    @classmethod
    def of(cls, recordings: Iterable[Recording]) -> Timeline:
        """What ends before it starts, or lies wholly within another, is left out; the port promises neither comes."""
        kept: list[Recording] = []
        for one in sorted(recordings, key=lambda r: (r.started_at, r.ended_at, r.id)):
            if one.ended_at > one.started_at and (not kept or one.ended_at > kept[-1].ended_at):
                kept.append(one)
        return cls(tuple(kept))

    def since(self, at: datetime) -> Sequence[Recording]:
        """The recording that `at` lies in, or the first one after the gap it lies in, and all later ones."""
        # Ends rise as starts do: `of` saw to it.
        return self.recordings[bisect_right(self.recordings, at, key=lambda one: one.ended_at) :]

    def stretches(self) -> list[Stretch]:
        found: list[Stretch] = []
        for one in self.recordings:
            if found and one.started_at - found[-1].end <= JOINED:
                found[-1] = Stretch(found[-1].start, one.ended_at)
            else:
                found.append(Stretch(one.started_at, one.ended_at))
        return found

    def changes(self, start: datetime, end: datetime) -> list[Change]:
        """Where footage begins and ends, from `start` to `end`; backwards in time when `end` is the earlier one."""
        first, last = min(start, end), max(start, end)
        every = [change for one in self.stretches() for change in (Change(one.start, True), Change(one.end, False))]
        found = [one for one in every if first <= one.at <= last]
        return found if start <= end else found[::-1]

    def present(self, at: datetime) -> bool:
        return any(one.start <= at < one.end for one in self.stretches())

    @property
    def bounds(self) -> Stretch | None:
        """From the first frame to the end of the last one; None when there is nothing."""
        if not self.recordings:
            return None
        return Stretch(self.recordings[0].started_at, self.recordings[-1].ended_at)
