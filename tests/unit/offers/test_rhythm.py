"""How the frames of a file follow one another: what is usual, and where it pauses."""

from __future__ import annotations

from array import array
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.offers.entries import Rhythm
from backend.offers.index import Index
from backend.offers.nal import ParameterSets
from backend.offers.rhythm import MOST_PAUSES, rhythm_of

TENTH = Fraction(1, 10)


def of(stands: list[int], tick: Fraction = TENTH) -> Rhythm:
    """Of a file whose frames stand for so many ticks, one after the other."""
    *shown, ends = accumulate(stands, initial=0)
    times, none = array("q", shown), array("q")
    return rhythm_of(
        Index(ParameterSets("H264", 4, ()), 96, 64, tick, Fraction(0), ends, True, times, times, none, none, none)
    )


@pytest.mark.parametrize(
    ("stands", "rhythm"),
    [
        ([1] * 600, Rhythm(0.1)),
        ([80] * 8, Rhythm(8)),
        ([50], Rhythm(5)),
        ([75, 85, 80, 78], Rhythm(8.5)),
        ([1] * 250 + [100] + [1] * 250, Rhythm(0.1, ((25, 35),))),
        ([100] + [1] * 250 + [100], Rhythm(0.1, ((0, 10), (35, 45)))),
        ([1] * 600 + [5] + [1] * 600, Rhythm(0.5)),
        ([1] * 10 + [9], Rhythm(0.1, ((1, 1.9),))),
        ([1, 100], Rhythm(0.1, ((0.1, 10.1),))),
    ],
    ids=["film", "lapse", "one", "late", "frozen", "ends", "hiccup", "short", "two"],
)
def test_what_is_usual_and_where_it_pauses(stands: list[int], rhythm: Rhythm) -> None:
    assert of(stands) == rhythm
    assert of([one * 9000 for one in stands], Fraction(1, 90_000)) == rhythm


def test_of_too_many_pauses_the_longest_are_named_and_the_rest_added_up() -> None:
    stands = [one for number in range(MOST_PAUSES + 50) for one in (1, 1, 1, 10 + (number * 7) % 50)]
    found = of(stands)
    pauses = sorted(one for one in stands if one >= 10)
    assert len(found.pauses) == MOST_PAUSES
    assert sorted(found.pauses) == list(found.pauses)
    assert sorted(round(10 * (until - since)) for since, until in found.pauses) == pauses[50:]
    assert found.rest_seconds == pytest.approx(sum(pauses[:50]) / 10)
    assert found.frame_seconds == 0.1


@given(st.lists(st.integers(1, 300), min_size=1, max_size=600))
def test_each_moment_is_a_frames_or_a_pauses(stands: list[int]) -> None:
    found, lasts = of(stands), sum(stands) / 10
    paused = sum(until - since for since, until in found.pauses) + found.rest_seconds
    assert sum(one for one in stands if one / 10 <= found.frame_seconds) / 10 == pytest.approx(lasts - paused)
    assert found.frame_seconds <= lasts
