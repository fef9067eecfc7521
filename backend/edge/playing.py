"""Frames on their way to one client: read ahead a little, timed, and kept when it pauses."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backend.edge.footage import NotYet
from backend.edge.replay import Marked
from backend.edge.rtp import ticks

# What is read at once: long enough that a disk is asked seldom, short enough that many clients share memory.
_AHEAD_BYTES = 1024 * 1024
_AHEAD_FRAMES = 50
# What a paced client waits instead of a gap.
_AFTER_GAP = timedelta(milliseconds=40)


@dataclass
class Playing:
    """One PLAY. Made by `begin`; `read_ahead` and then `waiting` by turns until `done`."""

    frames: Iterator[Marked | NotYet]
    paced: bool  # at the speed it was recorded at; else as fast as the client takes it
    request_number: int
    waiting: deque[Marked]
    done: bool = False  # nothing is left to read
    _skipped: timedelta = field(default_factory=timedelta)  # gaps that a paced client does not wait for
    _last: Marked | None = None

    @classmethod
    def begin(cls, frames: Iterator[Marked | NotYet], paced: bool, request_number: int) -> Playing | None:
        """None when there is not one frame. Blocks until the first one is read. Raises NotYet."""
        first = next(frames, None)
        if isinstance(first, NotYet):
            raise first
        return None if first is None else cls(frames, paced, request_number, deque([first]))

    @property
    def over(self) -> bool:
        return self.done and not self.waiting

    @property
    def next_frame_at(self) -> datetime | None:
        return self.waiting[0].frame.at if self.waiting else None

    def read_ahead(self) -> NotYet | None:
        """Blocks. What has to be waited for before there is more, if anything has."""
        taken = 0
        while taken < _AHEAD_BYTES and len(self.waiting) < _AHEAD_FRAMES:
            one = next(self.frames, None)
            if one is None:
                self.done = True
                return None
            if isinstance(one, NotYet):
                return one
            self.waiting.append(one)
            taken += sum(map(len, one.frame.units))
        return None

    def upcoming(self) -> Marked:
        """The next frame to send; it waits until `sent`. A gap before it is noted."""
        one = self.waiting[0]
        if self.paced and one is not self._last:
            if self._last is not None and one.marks.discontinuity:
                self._skipped += one.frame.order_at - self._last.frame.order_at - _AFTER_GAP
            self._last = one
        return one

    def sent(self) -> None:
        self.waiting.popleft()

    def timestamp(self, at: datetime) -> int:
        """On RTP's clock: as it was recorded; for a paced client, without the gaps."""
        return ticks(at - self._skipped)

    def due(self, one: Marked, first: datetime) -> float:
        """Seconds from the sending of `first` to that of `one`, for a paced client."""
        return (one.frame.order_at - self._skipped - first).total_seconds()

    def close(self) -> None:
        self.done = True
        self.waiting.clear()
        if isinstance(self.frames, Generator):
            self.frames.close()
