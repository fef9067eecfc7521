"""What is taken from which recording, in order, and where it comes to lie in the result. Pure.

A stretch is a time without a gap. Within it an instant of the result is as far from another as on the wall's clock;
between two stretches nothing is left, unless a slate fills it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from backend.catalog.gaps import Stretch, gaps
from backend.exports.listing import Run
from backend.exports.plan import plan
from backend.exports.sources import Source


@dataclass(frozen=True)
class Take:
    """Frames of a source: those from tick `first` up to, and without, `end`; what they show of its run."""

    source: Source
    run: Run
    first: int
    end: int
    bounds: Stretch  # by the wall's clock: from the first frame until the last is over
    follows: bool  # the take before it, without a gap


@dataclass(frozen=True)
class Wanted:
    """Takes for the asked bounds, to the frame, and the gaps between them."""

    takes: tuple[Take, ...]
    gaps: tuple[Stretch, ...]


def wanted(sources: Sequence[Source], asked: Stretch) -> Wanted:
    """Every frame that was in `asked`, once."""
    footage = [(source, run, stretch) for source in sources for run, stretch in source.footage()]
    planned = plan([stretch for _, _, stretch in footage], asked)
    takes: list[Take] = []
    for piece in planned.pieces:
        source, run, _ = footage[piece.number]
        take = _exactly(source, run, piece.bounds, takes[-1] if takes else None)
        if take is not None:
            takes.append(take)
    return Wanted(tuple(takes), what_lacks(takes, asked))


def _exactly(source: Source, run: Run, bounds: Stretch, before: Take | None) -> Take | None:
    first, end = max(run.first, source.first_at(bounds.start)), min(run.end, source.first_at(bounds.end))
    frames = source.listing.between(first, end)
    if not frames:
        return None
    start, over = source.at(frames[0]), min(source.at(frames[-1]) + source.interval, source.at(run.end))
    # What ends within a frame of where it should has nothing left out.
    over = bounds.end if abs(over - bounds.end) <= source.slack else min(over, bounds.end)
    follows = before is not None and start - before.bounds.end <= max(before.source.slack, source.slack)
    return Take(source, run, frames[0], frames[-1] + 1, Stretch(start, max(over, start)), follows)


def stretches(takes: Sequence[Take]) -> list[Stretch]:
    """Takes that follow each other as one."""
    found: list[Stretch] = []
    for take in takes:
        if found and take.follows:
            found[-1] = Stretch(found[-1].start, take.bounds.end)
        else:
            found.append(take.bounds)
    return found


def what_lacks(takes: Sequence[Take], asked: Stretch) -> tuple[Stretch, ...]:
    """The gaps. One that is shorter than the time between two frames, at the asked bounds, lacks no frame."""
    found = gaps(stretches(takes), asked)
    if takes:
        first, last = takes[0].source.interval, takes[-1].source.slack
        if found and found[0].start == asked.start and found[0].end - found[0].start <= first:
            found = found[1:]
        if found and found[-1].end == asked.end and found[-1].end - found[-1].start <= last:
            found = found[:-1]
    return tuple(found)


@dataclass(frozen=True)
class Layout:
    """Where takes lie in the result, in microseconds from its beginning, and how long it is."""

    starts_us: tuple[int, ...]
    length_us: int

    def lengths_us(self) -> list[int]:
        """From the beginning of each take to that of the next one."""
        after = (*self.starts_us[1:], self.length_us)
        return [end - start for start, end in zip(self.starts_us, after, strict=True)]


def layout(takes: Sequence[Take]) -> Layout:
    """One stretch behind the other."""
    starts, at = [], 0
    opened: Take | None = None
    for number, take in enumerate(takes):
        if opened is None or not take.follows:
            if opened is not None:
                at += microseconds(takes[number - 1].bounds.end - opened.bounds.start)
            opened = take
        starts.append(at + microseconds(take.bounds.start - opened.bounds.start))
    length = at + microseconds(takes[-1].bounds.end - opened.bounds.start) if opened else 0
    return Layout(tuple(starts), length)


def microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def iso(instant: datetime) -> str:
    """To the millisecond, in UTC."""
    told = instant.isoformat(timespec="milliseconds")
    return told.removesuffix("+00:00") + "Z" if told.endswith("+00:00") else told
