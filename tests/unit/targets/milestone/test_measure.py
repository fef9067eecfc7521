"""Promises of backend/targets/milestone/measure.py: what is whole counts as there, and a loss of any shape does not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.milestone.measure import Wanted, lost, missing
from backend.targets.milestone.spans import Span, total

ZERO = datetime(2024, 3, 1, 12, tzinfo=UTC)
Times = Sequence[tuple[float, float]]


def span(start: float, end: float) -> Span:
    return Span(ZERO + timedelta(seconds=start), ZERO + timedelta(seconds=end))


def spans(times: Times) -> list[Span]:
    return [span(*one) for one in times]


def wanted(lasts: float = 60, frame: float = 0.1, pauses: Times = (), rest: float = 0.0) -> Wanted:
    return Wanted(span(0, lasts), frame, tuple(spans(pauses)), rest)


@pytest.mark.parametrize(
    "found",
    [
        [(0, 60)],
        [(-100, 100)],
        [(0, 59.9)],
        [(1.9, 58.1)],
        [(0, 20), (20, 40), (40, 60)],
        [(0, 20), (21.9, 40), (40.1, 59)],
        [(0, 20), (21, 40), (41, 58.1)],
        [(40, 60), (0, 20), (10, 45)],
        [(0, 60), (10, 20)],
        [(-5, 3), (2, 61), (90, 95)],
        [(n, n + 0.9) for n in range(60)],  # each only counted to its last frame
    ],
)
def test_sequences_that_together_cover_the_time_are_enough(found: Times) -> None:
    assert missing(spans(found), wanted(), 2) == []


@pytest.mark.parametrize(
    ("found", "lacks"),
    [
        ([], [(0, 60)]),
        ([(-50, -1)], [(0, 60)]),
        ([(61, 90)], [(0, 60)]),
        ([(0, 30)], [(30, 60)]),
        ([(3, 60)], [(0, 3)]),
        ([(0, 20), (23, 60)], [(20, 23)]),
        ([(10, 20), (30, 40)], [(0, 10), (20, 30), (40, 60)]),
        ([(0, 5), (0, 50), (6, 7)], [(50, 60)]),
        ([(1.9, 30), (33, 58.1)], [(30, 33)]),  # what may be missing is not fetched again
    ],
)
def test_holes_are_told(found: Times, lacks: Times) -> None:
    assert missing(spans(found), wanted(), 2) == spans(lacks)


def test_holes_are_added_up() -> None:
    """1.9 s are missing in every 4 s: each hole is below the tolerance, and half of the recording is gone."""
    every_other = [(4.0 * n, 4 * n + 2.1) for n in range(15)]
    lacks = missing(spans(every_other), wanted(), 2)
    assert total(lacks) == timedelta(seconds=14 * 1.9)
    assert missing(spans([(0, 20), (21.1, 40), (41, 60)]), wanted(), 2) == spans([(20, 21.1), (40, 41)])


def test_of_a_short_recording_a_quarter_may_be_missing_in_all() -> None:
    assert missing(spans([(0.9, 4)]), wanted(4), 2) == []
    assert missing(spans([(0, 2.9)]), wanted(4), 2) == spans([(2.9, 4)])
    assert missing(spans([(0.9, 3.5)]), wanted(4), 2) == spans([(0, 0.9), (3.5, 4)])


@pytest.mark.parametrize("found", [[(-60, 0)], [(1, 60)], [(-60, 0), (1, 60)], [(-60, 0.0005), (0.9995, 60)]])
def test_neighbours_that_touch_a_recording_are_not_the_recording(found: Times) -> None:
    """Of one whose only frame stands for all of it: what is missing cannot be told by its length."""
    still = wanted(1, frame=1)
    assert missing(spans(found), still, 60) == [span(0, 1)]
    assert missing(spans([*found, (0, 0)]), still, 60) == []


def test_each_frame_of_a_time_lapse_is_looked_for() -> None:
    lapse, frames = wanted(64, frame=8), [(8.0 * n, 8.0 * n) for n in range(8)]
    assert missing(spans(frames), lapse, 2) == []
    for number in range(8):
        assert missing(spans([*frames[:number], *frames[number + 1 :]]), lapse, 2), f"frame {number}"


def test_a_pause_excuses_itself_alone() -> None:
    """A minute of film whose picture stands for ten seconds in its middle."""
    frozen = wanted(60, pauses=[(25, 35)])
    whole = [(0.0, 25.0), (35, 59.9)]
    assert missing(spans(whole), frozen, 2) == []
    assert missing(spans([(0, 59.9)]), frozen, 2) == []
    assert missing(spans([(0, 25), (35, 48)]), frozen, 2) == spans([(48, 60)])
    assert missing(spans([(0, 14.9), (35, 59.9)]), frozen, 2) == spans([(14.9, 25)])
    assert missing(spans([(0, 25), (45, 59.9)]), frozen, 2) == spans([(35, 45)])
    assert missing(spans([(0, 24.1), (35.9, 59.9)]), frozen, 2) == []
    assert missing(spans([(0, 20), (21, 25), (35, 45), (48, 59.9)]), frozen, 2) == [span(45, 48)]
    assert missing(spans([(0, 23.9), (36, 59.9)]), frozen, 2) == spans([(23.9, 25), (35, 36)])


def test_a_lone_frame_between_two_pauses_is_looked_for() -> None:
    frozen = wanted(60, pauses=[(20, 30), (30, 40)])
    assert missing(spans([(0, 20), (30, 30), (40, 59.9)]), frozen, 2) == []
    assert missing(spans([(0, 20), (40, 59.9)]), frozen, 2) == spans([(30, 40)])


def test_a_pause_at_either_end_is_no_hole() -> None:
    frozen = wanted(60, pauses=[(0, 10), (50, 60)])
    assert missing(spans([(0, 0), (10, 50)]), frozen, 2) == []
    assert missing(spans([(10, 50)]), frozen, 2) == [span(0, 10)], "a sequence begins with a frame: it is not there"


def test_pauses_that_are_not_named_have_a_bound_too() -> None:
    frozen = wanted(100, pauses=[(10, 14)], rest=12)
    assert missing(spans([(0, 10), (14, 20), (23, 30), (33, 40), (43, 50), (53, 99.9)]), frozen, 2) == []
    assert missing(spans([(0, 10), (14, 20), (24.5, 99.9)]), frozen, 2) == [span(20, 24.5)]
    assert missing(spans([(0, 10), *((14 + 5.0 * n, 16 + 5.0 * n) for n in range(17))]), frozen, 2)


def test_times_that_a_vms_rounded_are_the_same() -> None:
    started = wanted(60, frame=0.0)
    assert missing(spans([(0.0009, 30), (30.0009, 59.9995)]), started, 0) == []


GAPS = st.lists(st.sampled_from([0.04, 0.04, 0.04, 0.1, 0.4, 1.5, 3.0, 9.0]), min_size=1, max_size=60)


@given(GAPS, st.sampled_from([0.0, 0.05, 2, 5, 100]))
def test_what_arrived_whole_counts_as_there_however_a_vms_joins_its_frames(gaps: list[float], apart: float) -> None:
    *frames, end = accumulate(gaps, initial=0.0)
    recording = recorded(frames, end)
    assert missing(joined(frames, apart), recording, 2) == []
    assert missing([span(-9, 0), *joined(frames, apart), span(end, end + 9)], recording, 2) == []


@given(GAPS, st.sampled_from([0.0, 0.05, 2, 5, 100]), st.data())
def test_of_what_counts_as_there_little_is_missing(gaps: list[float], apart: float, data: st.DataObject) -> None:
    """Whatever part of the frames arrived: the time whose picture is lost is within what may be missing."""
    *frames, end = accumulate(gaps, initial=0.0)
    recording = recorded(frames, end)
    there = data.draw(st.lists(st.sampled_from(frames), unique=True).map(sorted))
    found = joined(there, apart)
    if missing(found, recording, 2):
        return
    # The time that the VMS has no sequence for, without as many pauses as it has holes.
    assert there
    holes = [b - a for a, b in pairwise([*there, end]) if b - a > max(apart, 0.5)]
    pauses = sorted((b - a for a, b in pairwise([*frames, end]) if b - a > 0.5), reverse=True)
    assert sum(holes) - sum(pauses[: len(holes)]) <= 4 + 0.75 * (len(holes) + 1)


def recorded(frames: list[float], end: float) -> Wanted:
    pauses = [(a, b) for a, b in pairwise([*frames, end]) if b - a > 0.4]
    return Wanted(span(0, end), 0.4, tuple(spans(pauses)))


def joined(frames: list[float], apart: float) -> list[Span]:
    found: list[tuple[float, float]] = []
    for at in frames:
        if found and at - found[-1][1] <= apart:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return spans(found)


def test_what_is_asked_for_again_is_what_lacks_frames() -> None:
    assert lost(spans([(0, 25), (35.1, 59.9)]), wanted(pauses=[(25, 35)])) == []
    assert lost(spans([(0, 20), (20.1, 25)]), wanted(pauses=[(25, 35)])) == [span(35, 60)]
