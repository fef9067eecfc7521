"""Storyboards of any video: enough tiles to find a place, few enough to load, none of another time."""

from __future__ import annotations

import bisect
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.media.tiling import coarser, first_wrong, plan_for, shown
from tests.services.media_work import plain_facts


@pytest.mark.parametrize(
    ("seconds", "count"),
    [(0.04, 1), (1, 2), (6, 12), (12, 24), (20, 24), (60, 60), (100, 100), (900, 100), (3600, 200), (10800, 200)],
)
def test_short_clips_scrub_finely_and_long_ones_stay_light(seconds: float, count: int) -> None:
    assert plan_for(plain_facts(), seconds).count == count


@given(
    seconds=st.floats(min_value=0.02, max_value=400_000),
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
)
def test_sheets_hold_all_tiles_within_what_browsers_decode(seconds: float, width: int, height: int) -> None:
    plan = plan_for(plain_facts(width=width, height=height), seconds)
    cells = plan.columns * plan.rows
    assert (plan.sheets - 1) * cells < plan.count <= plan.sheets * cells
    assert 2 <= plan.columns * plan.tile.width <= 4096
    assert 2 <= plan.rows * plan.tile.height <= 4096
    assert (plan.count - 1) * plan.interval_seconds <= seconds <= plan.count * plan.interval_seconds + 1e-6
    assert len(plan.as_json()["sheets"]) == plan.sheets


def test_tiles_have_the_shape_that_is_shown() -> None:
    wide, tall = plan_for(plain_facts(), 60).tile, plan_for(plain_facts(width=1080, height=1920), 60).tile
    assert (wide.width, wide.height) == (192, 108)
    assert (tall.width, tall.height) == (108, 192)


def test_the_frame_shown_is_the_last_one_before() -> None:
    assert [shown([1.0, 2.0, 4.0], at) for at in (0, 1, 1.5, 2.5, 9)] == [1.0, 1.0, 1.0, 2.0, 4.0]
    assert shown([], 1) is None


gaps = st.lists(st.floats(min_value=0.02, max_value=30), min_size=1, max_size=200)


@given(gaps=gaps)
def test_what_is_called_right_has_no_tile_further_off_than_one_interval(gaps: list[float]) -> None:
    times = [0.0, *accumulate(gaps)]
    plan = plan_for(plain_facts(), times[-1] + 0.04)
    off = [plan.middle(n) - times[max(0, bisect.bisect_left(times, plan.middle(n)) - 1)] for n in range(plan.count)]
    assert (first_wrong(plan, times) is None) == all(abs(one) <= plan.interval_seconds for one in off)


@given(gaps=gaps)
def test_fewer_tiles_are_all_right_and_never_too_few(gaps: list[float]) -> None:
    times = [0.0, *accumulate(gaps)]
    plan = plan_for(plain_facts(), times[-1] + 0.04)
    fewer = coarser(plan, times, times[-1] + 0.04)
    if fewer is not None:
        assert fewer.count <= plan.count or first_wrong(plan, times) is None
        assert fewer.count >= min(30, plan.count)
        assert first_wrong(fewer, times) is None


def test_without_a_single_keyframe_nothing_is_right() -> None:
    plan = plan_for(plain_facts(), 600)
    assert first_wrong(plan, []) == 0
    assert coarser(plan, [], 600) is None
