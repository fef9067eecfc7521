"""Promises of backend/targets/milestone/spans.py: what is covered is told rightly, whatever comes in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.milestone.spans import Span, around, holes, slack_of, told

ZERO = datetime(2024, 3, 1, 12, tzinfo=UTC)


def span(start: float, end: float) -> Span:
    return Span(ZERO + timedelta(seconds=start), ZERO + timedelta(seconds=end))


def lacking(found: list[tuple[float, float]], slack: float = 2, wanted: tuple[float, float] = (0, 60)) -> list[Span]:
    return holes([span(*one) for one in found], span(*wanted), timedelta(seconds=slack))


@pytest.mark.parametrize(
    "found",
    [
        [(0, 60)],
        [(-100, 100)],
        [(1.9, 58.1)],
        [(0, 20), (20, 40), (40, 60)],
        [(0, 20), (21.9, 40), (41, 59)],
        [(40, 60), (0, 20), (10, 45)],
        [(0, 60), (10, 20)],
        [(-5, 3), (2, 61), (90, 95)],
    ],
)
def test_sequences_that_together_cover_the_time_are_enough(found: list[tuple[float, float]]) -> None:
    assert lacking(found) == []


@pytest.mark.parametrize(
    ("found", "missing"),
    [
        ([], [(0, 60)]),
        ([(-50, -1)], [(0, 60)]),
        ([(61, 90)], [(0, 60)]),
        ([(0, 30)], [(30, 60)]),
        ([(3, 60)], [(0, 3)]),
        ([(0, 20), (23, 60)], [(20, 23)]),
        ([(10, 20), (30, 40)], [(0, 10), (20, 30), (40, 60)]),
        ([(0, 5), (0, 50), (6, 7)], [(50, 60)]),
    ],
)
def test_holes_are_told(found: list[tuple[float, float]], missing: list[tuple[float, float]]) -> None:
    assert lacking(found) == [span(*one) for one in missing]


def test_a_moment_is_not_covered_by_nothing() -> None:
    assert lacking([], slack=60, wanted=(0, 1)) == [span(0, 1)]


SECONDS = st.integers(-20, 80)
SEQUENCES = st.lists(st.tuples(SECONDS, st.integers(0, 40)).map(lambda one: (one[0], one[0] + one[1])), max_size=8)


@given(SEQUENCES)
def test_without_slack_each_second_is_covered_or_missing(found: list[tuple[int, int]]) -> None:
    missing = lacking([(float(a), float(b)) for a, b in found], slack=0)
    for second in range(60):
        covered = any(a <= second and second + 1 <= b for a, b in _joined(found))
        in_hole = any(
            one.start_at <= span(second, 0).start_at and span(0, second + 1).end_at <= one.end_at for one in missing
        )
        assert covered != in_hole


def _joined(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for a, b in sorted(found):
        if joined and a <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return joined


@given(SEQUENCES, st.integers(0, 5))
def test_holes_are_in_order_and_longer_than_the_slack(found: list[tuple[int, int]], slack: int) -> None:
    missing = lacking([(float(a), float(b)) for a, b in found], slack=slack)
    assert all(one.lasts > timedelta(seconds=slack) for one in missing)
    assert all(a.end_at <= b.start_at for a, b in pairwise(missing))
    if missing:
        assert around(missing).start_at >= span(0, 0).start_at
        assert around(missing).end_at <= span(0, 60).end_at


@pytest.mark.parametrize(
    ("lasts", "frame", "slack"),
    [(60, 0.04, 2), (4, 0.04, 1), (1, 0.04, 0.25), (2, 1.0, 1.5), (1, 5.0, 7.5), (100, 10.0, 15), (100, 0, 2)],
)
def test_of_a_short_recording_less_may_be_missing(lasts: float, frame: float, slack: float) -> None:
    assert slack_of(span(0, lasts), 2, frame) == timedelta(seconds=slack)


def test_what_is_missing_is_told_in_seconds() -> None:
    assert told(lacking([(10, 20)]), span(0, 60)) == (
        "50.0 s of 60.0 s in 2 pieces are missing, from 2024-03-01T12:00:00Z"
    )
