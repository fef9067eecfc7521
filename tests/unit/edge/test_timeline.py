"""One camera's recordings on a line of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backend.edge.footage import Recording
from backend.edge.timeline import Change, Stretch, Timeline

ZERO = datetime(2024, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return ZERO + timedelta(seconds=seconds)


def recording(start: float, end: float) -> Recording:
    return Recording(f"{start}-{end}", at(start), at(end))


def test_what_goes_on_within_a_second_is_one_stretch() -> None:
    line = Timeline.of([recording(10.5, 20), recording(0, 10), recording(40, 50)])
    assert line.stretches() == [Stretch(at(0), at(20)), Stretch(at(40), at(50))]
    assert line.bounds == Stretch(at(0), at(50))


def test_since_begins_with_the_recording_of_the_instant_or_the_first_after_it() -> None:
    line = Timeline.of([recording(0, 10), recording(20, 30)])
    assert [one.id for one in line.since(at(9.9))] == ["0-10", "20-30"]
    assert [one.id for one in line.since(at(10))] == ["20-30"]
    assert [one.id for one in line.since(at(15))] == ["20-30"]
    assert not line.since(at(30))


def test_changes_run_in_the_direction_asked_for() -> None:
    line = Timeline.of([recording(0, 10), recording(20, 30)])
    changes = [Change(at(0), True), Change(at(10), False), Change(at(20), True)]
    assert line.changes(at(-5), at(25)) == changes
    assert line.changes(at(25), at(-5)) == changes[::-1]


def test_nothing_recorded_has_no_bounds() -> None:
    line = Timeline.of([])
    assert line.bounds is None
    assert not line.present(ZERO)


spans = st.lists(st.tuples(st.integers(0, 100), st.integers(-2, 30)), max_size=12)


@given(spans, st.integers(-5, 140))
def test_whatever_comes_ends_rise_as_starts_do_and_present_is_what_a_recording_covers(
    given_spans: list[tuple[int, int]], moment: int
) -> None:
    line = Timeline.of(recording(start, start + length) for start, length in given_spans)
    assert list(line.recordings) == sorted(line.recordings, key=lambda r: r.ended_at)
    covered = any(start <= moment < start + length for start, length in given_spans)
    joined = any(one.end <= at(moment) <= other.start for one, other in _pairs(line))
    assert line.present(at(moment)) == covered or joined
    assert all(one.ended_at > at(moment) for one in line.since(at(moment)))


def _pairs(line: Timeline) -> list[tuple[Stretch, Stretch]]:
    whole = [Stretch(one.started_at, one.ended_at) for one in line.recordings]
    return list(pairwise(whole))
