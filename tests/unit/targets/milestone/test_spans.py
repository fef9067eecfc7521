"""Promises of backend/targets/milestone/spans.py: what is covered is told rightly, whatever comes in which order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.targets.milestone.spans import Span, around, holes, told, without

ZERO = datetime(2024, 3, 1, 12, tzinfo=UTC)


def span(start: float, end: float) -> Span:
    return Span(ZERO + timedelta(seconds=start), ZERO + timedelta(seconds=end))


def lacking(found: list[tuple[float, float]]) -> list[Span]:
    return holes([span(*one) for one in found], span(0, 60))


def test_what_no_sequence_covers_is_a_hole_however_short() -> None:
    assert lacking([(0, 20), (20.001, 60)]) == [span(20, 20.001)]
    assert lacking([(-9, 0), (60, 90)]) == lacking([]) == [span(0, 60)]


def test_one_span_without_another() -> None:
    assert without(span(0, 60), span(10, 20)) == [span(0, 10), span(20, 60)]
    assert without(span(0, 60), span(-5, 20)) == [span(20, 60)]
    assert without(span(0, 60), span(50, 60)) == [span(0, 50)]
    assert without(span(0, 60), span(0, 60)) == []


SECONDS = st.integers(-20, 80)
SEQUENCES = st.lists(st.tuples(SECONDS, st.integers(0, 40)).map(lambda one: (one[0], one[0] + one[1])), max_size=8)


@given(SEQUENCES)
def test_each_second_is_covered_or_missing(found: list[tuple[int, int]]) -> None:
    missing = lacking([(float(a), float(b)) for a, b in found])
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


@given(SEQUENCES)
def test_holes_are_in_order_and_within_the_time(found: list[tuple[int, int]]) -> None:
    missing = lacking([(float(a), float(b)) for a, b in found])
    assert all(one.lasts > timedelta() for one in missing)
    assert all(a.end_at <= b.start_at for a, b in pairwise(missing))
    if missing:
        assert around(missing).start_at >= span(0, 0).start_at
        assert around(missing).end_at <= span(0, 60).end_at


def test_what_is_missing_is_told_in_seconds() -> None:
    assert told(lacking([(10, 20)]), span(0, 60)) == (
        "50.0 s of 60.0 s in 2 pieces are missing, from 2024-03-01T12:00:00Z"
    )
