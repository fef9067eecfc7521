"""What arrived: frames by the wall clock, and the sequences that they make."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

# Frames that lie further apart belong to two recordings.
APART = timedelta(seconds=2)


@dataclass(frozen=True)
class Frame:
    """`digest` is the SHA-256 of the frame as an MP4 file holds it: each unit after four bytes of its length, without
    parameter sets. `content` is what came, with start codes, parameter sets and all."""

    at: datetime
    size_bytes: int  # of what the digest is of
    digest: str
    is_keyframe: bool
    content: bytes = field(default=b"", repr=False, compare=False)


class Sequence(NamedTuple):
    begin: datetime
    end: datetime


class Footage:
    """One camera's. Thread-safe. A second frame of the same instant is not taken."""

    def __init__(self) -> None:
        self._frames: dict[datetime, Frame] = {}
        self._lock = threading.Lock()

    def keep(self, frames: Iterable[Frame]) -> int:
        """How many of them are new."""
        with self._lock:
            before = len(self._frames)
            for one in frames:
                self._frames.setdefault(one.at, one)
            return len(self._frames) - before

    def age(self, before: datetime, locked: Collection[Sequence]) -> None:
        """The VMS's retention passes over what is older, but for what is locked."""
        with self._lock:
            for at in [at for at in self._frames if at < before]:
                if not any(one.begin <= at <= one.end for one in locked):
                    del self._frames[at]

    def remove(self, start: datetime, end: datetime) -> None:
        """Those from `start` up to `end`, before their time: a disk failed, or was full."""
        with self._lock:
            self._frames = {at: one for at, one in self._frames.items() if not start <= at < end}

    def frames(self) -> list[Frame]:
        with self._lock:
            return sorted(self._frames.values(), key=lambda one: one.at)

    def sequences(self, start: datetime, end: datetime, most: int) -> list[Sequence]:
        """Those that touch the span, whole, the earliest first."""
        found: list[Sequence] = []
        for one in self.frames():
            if found and one.at - found[-1].end <= APART:
                found[-1] = Sequence(found[-1].begin, one.at)
            else:
                found.append(Sequence(one.at, one.at))
        return [one for one in found if one.begin <= end and one.end >= start][:most]
