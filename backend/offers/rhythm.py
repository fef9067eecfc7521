"""How the frames of one recording follow one another: by this it is judged what of it a VMS has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import nlargest
from itertools import chain, pairwise

from backend.offers.entries import Rhythm
from backend.offers.index import Index

MOST_PAUSES = 200
# A quarter longer than usual is a frame that came late. Less than two: that a frame is missing is no pause.
_USUAL = 1.25
# Shorter ones are nothing to a person who looks for a hole; of a short recording, a twentieth of it.
_LEAST_SECONDS, _LEAST_SHARE = 0.5, 20


def rhythm_of(found: Index) -> Rhythm:
    """Of a file whose frames lie in the order they are shown in."""
    tick = found.time_base
    lengths = Counter(until - since for since, until in _stands(found))
    least = max(_USUAL * _middle(lengths), float(min(_LEAST_SECONDS / tick, found.ends / _LEAST_SHARE)))
    longest = nlargest(MOST_PAUSES, (one for one in _stands(found) if one[1] - one[0] > least), key=_length)
    rest = sum(length * count for length, count in lengths.items() if length > least) - sum(map(_length, longest))
    return Rhythm(
        round(float(max(length for length in lengths if length <= least) * tick), 6),
        tuple((round(float(since * tick), 6), round(float(until * tick), 6)) for since, until in sorted(longest)),
        round(float(rest * tick), 6),
    )


def _stands(found: Index) -> Iterator[tuple[int, int]]:
    """From when until when each frame is shown."""
    return pairwise(chain(found.shown, [found.ends]))


def _length(one: tuple[int, int]) -> int:
    return one[1] - one[0]


def _middle(lengths: Counter[int]) -> int:
    """As many frames stand shorter as longer."""
    left = (lengths.total() - 1) // 2
    for length in sorted(lengths):
        left -= lengths[length]
        if left < 0:
            return length
    raise ValueError("no frames")
