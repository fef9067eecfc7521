"""Gaps between stretches of time: none is smoothed over, none is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.catalog.gaps import Stretch, gaps, joined

START = datetime(2025, 1, 23, 10, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def stretch(start: int, end: int) -> Stretch:
    return Stretch(at(start), at(end))


stretches = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: stretch(pair[0], pair[0] + pair[1])), max_size=12
)


def test_touching_stretches_leave_no_gap() -> None:
    assert gaps([stretch(0, 10), stretch(10, 20)], stretch(0, 20)) == []


def test_what_nobody_recorded_is_one_gap() -> None:
    assert gaps([], stretch(0, 20)) == [stretch(0, 20)]


@given(stretches, st.integers(0, 60), st.integers(1, 30))
def test_each_second_is_either_recorded_or_in_a_gap(given_stretches: list[Stretch], start: int, length: int) -> None:
    bounds = stretch(start, start + length)
    found = gaps(given_stretches, bounds)
    for second in range(start, start + length):
        recorded = any(s.start <= at(second) < s.end for s in given_stretches)
        assert recorded != any(gap.start <= at(second) < gap.end for gap in found)
    assert all(bounds.start <= gap.start < gap.end <= bounds.end for gap in found)


@given(stretches)
def test_what_is_joined_never_touches(given_stretches: list[Stretch]) -> None:
    found = joined(given_stretches)
    assert all(earlier.end < later.start for earlier, later in pairwise(found))
