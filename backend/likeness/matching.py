"""Which seconds of two videos look alike, by their fingerprints. Pure.

Frames match that differ in few bits of 256; of unrelated ones half differ. One match proves nothing: a range is found
where several stand in step, each as far behind the other video's as the ones before. Within such a range, frames that
lie further apart count too: that is how a crop, or a clip whose frames were taken between the other's, is followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

# Bits of 256. PDQ calls two pictures the same up to 31; standing in step is worth the rest. Unrelated frames of
# different scenes were never seen below 80.
NEAR, IN_STEP = 48, 64
# Of PDQ's quality from 0 to 100: what has less is black, blank or nearly so, and is like everything.
LEAST_QUALITY = 50

_LEAST_FRAMES, _LEAST_SECONDS = 3, 1.5
# Blank or changed frames within a range: it goes on behind them.
_GAP_SECONDS = 4.0
_LEAST_DENSITY = 0.4
# Two parts that follow each other in both, as where some frames were dropped between them, are told as one.
_JOIN_SECONDS = 4.0
_MOST_RANGES = 24
_CELLS_AT_ONCE = 1 << 21

# What is worth telling: this share of either, or so many seconds of both.
_TOLD_SHARE, _TOLD_SECONDS = 0.1, 60.0

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Prints:
    """A fingerprint made ready: `words`, n x 4; `seen`, whether there was something to see; n frames."""

    words: Words
    seen: NDArray[np.bool_]
    interval_seconds: float

    @classmethod
    def of(cls, hashes: bytes, qualities: bytes, interval_seconds: float) -> Self:
        words = np.frombuffer(hashes, np.uint64).reshape(-1, 4)
        return cls(words, np.frombuffer(qualities, np.uint8) >= LEAST_QUALITY, interval_seconds)

    @property
    def seconds(self) -> float:
        return len(self.words) * self.interval_seconds


@dataclass(frozen=True)
class Range:
    """The same seconds in both: from, to."""

    this: tuple[float, float]
    other: tuple[float, float]


@dataclass(frozen=True)
class Matched:
    ranges: tuple[Range, ...]
    share_of_this: float
    share_of_other: float

    @property
    def worth_telling(self) -> bool:
        seconds = sum(end - begin for begin, end in _union(r.this for r in self.ranges))
        return max(self.share_of_this, self.share_of_other) >= _TOLD_SHARE or seconds >= _TOLD_SECONDS


def match(this: Prints, other: Prints) -> Matched:
    """The ranges in the order of `this`, and how much of each video they are, 0 to 1."""
    found: list[Range] = []
    taken = np.zeros(len(this.words), np.bool_), np.zeros(len(other.words), np.bool_)
    for offset in _offsets(this, other):
        found += _along(this, other, offset, taken)
        if len(found) >= _MOST_RANGES:
            break
    ranges = tuple(_joined(sorted(found, key=lambda each: (each.this, each.other))))
    return Matched(ranges, _share((r.this for r in ranges), this), _share((r.other for r in ranges), other))


def bits_apart(one: Words, two: Words) -> NDArray[np.int64]:
    """How many bits differ, along the last axis."""
    apart: NDArray[np.int64] = np.bitwise_count(one ^ two).sum(axis=-1, dtype=np.int64)
    return apart


def _all_apart(these: Words, others: Words) -> NDArray[np.uint16]:
    """Of each of `these` from each of `others`."""
    apart = np.zeros((len(these), len(others)), np.uint16)
    for word in range(4):
        apart += np.bitwise_count(these[:, word, None] ^ others[None, :, word])
    return apart


def _offsets(this: Prints, other: Prints) -> list[float]:
    """By how many seconds `other` is behind where frames match, those with the most matches first."""
    step = min(this.interval_seconds, other.interval_seconds)
    here, there = np.flatnonzero(this.seen), np.flatnonzero(other.seen)
    if not len(here) or not len(there):
        return []
    lowest = round(this.seconds / step) + 2
    votes = np.zeros(lowest + round(other.seconds / step) + 3, np.int64)
    times, words = there * other.interval_seconds, other.words[there]
    for start in range(0, len(here), max(1, _CELLS_AT_ONCE // len(there))):
        rows = here[start : start + max(1, _CELLS_AT_ONCE // len(there))]
        row, column = np.nonzero(_all_apart(this.words[rows], words) <= NEAR)
        behind = times[column] - rows[row] * this.interval_seconds
        votes += np.bincount(np.rint(behind / step).astype(np.int64) + lowest, minlength=len(votes))
    around = np.convolve(votes, np.ones(3, np.int64), "same")
    best = np.argsort(-around, kind="stable")[: 8 * _MOST_RANGES]
    return [float((place - lowest) * step) for place in best if around[place] >= _LEAST_FRAMES]


def _along(
    this: Prints, other: Prints, offset: float, taken: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> list[Range]:
    """The ranges at one offset, without frames that are in a range already; marks theirs as taken."""
    apart, partner = _in_step(this, other, offset, taken)
    found = []
    for frames in _runs(np.flatnonzero(apart <= IN_STEP), _GAP_SECONDS / this.interval_seconds):
        near, span = apart[frames] <= NEAR, (frames[-1] - frames[0] + 1) * this.interval_seconds
        most = span / max(this.interval_seconds, other.interval_seconds)
        few = near.sum() < _LEAST_FRAMES or len(frames) < _LEAST_DENSITY * most
        if few or span < _LEAST_SECONDS or len(np.unique(partner[frames])) < _LEAST_FRAMES:
            continue
        there = int(partner[frames].min()), int(partner[frames].max())
        taken[0][frames[0] : frames[-1] + 1] = True
        taken[1][there[0] : there[1] + 1] = True
        found.append(Range(_seconds(this, int(frames[0]), int(frames[-1])), _seconds(other, *there)))
    return found


def _in_step(
    this: Prints, other: Prints, offset: float, taken: tuple[NDArray[np.bool_], NDArray[np.bool_]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each frame of `this`, how far the nearest of the frames at that offset or beside it is, and which it is."""
    expected = np.rint((np.arange(len(this.words)) * this.interval_seconds + offset) / other.interval_seconds)
    apart, partner = np.full(len(this.words), 256, np.int64), np.zeros(len(this.words), np.int64)
    for beside in (0, -1, 1):
        column = expected.astype(np.int64) + beside
        rows = np.flatnonzero((column >= 0) & (column < len(other.words)) & this.seen & ~taken[0])
        rows = rows[other.seen[column[rows]] & ~taken[1][column[rows]]]
        distances = bits_apart(this.words[rows], other.words[column[rows]])
        closer = rows[distances < apart[rows]]
        apart[closer], partner[closer] = distances[distances < apart[rows]], column[closer]
    return apart, partner


def _runs(frames: NDArray[np.int64], most_apart: float) -> Sequence[NDArray[np.int64]]:
    """Frames in groups, each with no larger gap inside than `most_apart`."""
    return np.split(frames, np.flatnonzero(np.diff(frames) > most_apart) + 1) if len(frames) else []


def _seconds(prints: Prints, first: int, last: int) -> tuple[float, float]:
    return first * prints.interval_seconds, (last + 1) * prints.interval_seconds


def _joined(ranges: Sequence[Range]) -> Iterator[Range]:
    """In order; those that follow each other closely in both videos as one."""
    before: Range | None = None
    for each in ranges:
        if before and _follows(before.this, each.this) and _follows(before.other, each.other):
            before = Range((before.this[0], each.this[1]), (before.other[0], each.other[1]))
            continue
        if before:
            yield before
        before = each
    if before:
        yield before


def _follows(before: tuple[float, float], after: tuple[float, float]) -> bool:
    return before[0] < after[0] and before[1] < after[1] and after[0] - before[1] <= _JOIN_SECONDS


def _union(ranges: Iterator[tuple[float, float]]) -> list[tuple[float, float]]:
    whole: list[tuple[float, float]] = []
    for begin, end in sorted(ranges):
        if whole and begin <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((begin, end))
    return whole


def _share(ranges: Iterator[tuple[float, float]], of: Prints) -> float:
    seconds = sum(end - begin for begin, end in _union(ranges))
    return min(1.0, seconds / of.seconds) if of.seconds else 0.0
