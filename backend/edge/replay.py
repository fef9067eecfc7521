"""Which frames a PLAY brings, over all of a camera's recordings, and how each is marked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from backend.edge.footage import Camera, Footage, Frame, NotYet, Recording
from backend.edge.rtp import Marks
from backend.edge.timeline import JOINED, Timeline
from backend.errors import HoldfastError


@dataclass(frozen=True)
class Asked:
    """The span a client wants, without its end (RFC 2326 section 3.6); without any length, the one instant."""

    start: datetime
    end: datetime | None = None
    keyframes_only: bool = False
    keyframes_apart: timedelta = timedelta(0)  # at least so far from one to the next, if only keyframes

    def ends_before(self, at: datetime) -> bool:
        return self.end is not None and (at > self.end if self.end <= self.start else at >= self.end)


class Marked(NamedTuple):
    frame: Frame
    marks: Marks


class _Step(NamedTuple):
    frame: Frame | None  # None: what was asked for ends here, before what is recorded does
    after_gap: bool


# (camera's token, recording, what went wrong): a file that cannot be read makes a gap, and is told.
Tell = Callable[[str, Recording, HoldfastError], None]


def replay(footage: Footage, camera: Camera, asked: Asked, tell: Tell) -> Iterator[Marked | NotYet]:
    """Frames in the order they are sent, the first one a keyframe at or before the start. Blocks while it reads. A
    NotYet among them: the next one is there once that is done; it may be asked for before, and comes again."""
    held: _Step | None = None
    with closing(_steps(footage, camera.token, asked, tell)) as steps:
        for step in steps:
            if isinstance(step, NotYet):
                yield step
                continue
            if held is not None and held.frame is not None:
                last = step.frame is None
                yield _marked(held.frame, held.after_gap, end=step.after_gap, terminal=last)
            held = step
    if held is not None and held.frame is not None:
        yield _marked(held.frame, held.after_gap, end=True, terminal=True)


def _marked(frame: Frame, after_gap: bool, *, end: bool, terminal: bool) -> Marked:
    return Marked(frame, Marks(clean=frame.is_keyframe, end=end, discontinuity=after_gap, terminal=terminal))


def _steps(footage: Footage, token: str, asked: Asked, tell: Tell) -> Generator[_Step | NotYet]:
    recordings = Timeline.of(footage.recordings(token)).since(asked.start)
    reached: datetime | None = None  # None: what came before is broken, or nothing did
    sent: datetime | None = None
    for number, one in enumerate(recordings):
        after_gap = sent is None or reached is None or one.started_at - reached > JOINED
        if asked.ends_before(one.started_at):
            yield _Step(None, after_gap)
            return
        later = recordings[number + 1].started_at if number + 1 < len(recordings) else None
        try:
            for frame in _until(_read(footage, token, one, asked.start), later):
                if isinstance(frame, NotYet):
                    yield frame
                    continue
                if asked.ends_before(frame.order_at):
                    yield _Step(None, after_gap=False)
                    return
                reached = one.ended_at if later is None else min(one.ended_at, later)
                if asked.keyframes_only and not _wanted(frame, sent, asked):
                    continue
                yield _Step(frame, after_gap)
                after_gap, sent = False, frame.at
        except HoldfastError as error:
            tell(token, one, error)
            reached = None


def _read(footage: Footage, token: str, one: Recording, since: datetime) -> Generator[Frame | NotYet]:
    """The frames of one recording, and before them what has to be waited for."""
    while True:
        try:
            yield from footage.frames(token, one, since)
        except NotYet as wait:
            yield wait
        else:
            return


def _until(frames: Generator[Frame | NotYet], later: datetime | None) -> Iterator[Frame | NotYet]:
    """Up to where the next recording begins: the wall clock never goes back, whatever the files hold."""
    with closing(frames):
        for frame in frames:
            if later is not None and isinstance(frame, Frame) and frame.order_at >= later:
                return
            yield frame


def _wanted(frame: Frame, sent: datetime | None, asked: Asked) -> bool:
    return frame.is_keyframe and (sent is None or frame.at - sent >= asked.keyframes_apart)
