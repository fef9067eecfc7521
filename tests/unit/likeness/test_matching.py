"""Two fingerprints are matched by what stands in step: trims, clips, drops and gaps are followed, chance is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.likeness.matching import Prints, match

Frames = NDArray[np.uint8]


def frames(seed: int, count: int) -> Frames:
    return np.random.default_rng(seed).integers(0, 256, (count, 32), np.uint8)


def changed(given: Frames, bits: int, seed: int = 0) -> Frames:
    """So many bits of each frame are turned."""
    chance = np.random.default_rng(seed)
    turned = np.unpackbits(given, axis=1)
    for row in turned:
        row[chance.choice(256, bits, replace=False)] ^= 1
    return np.packbits(turned, axis=1)


def prints(given: Frames, interval: float = 1.0, blank: tuple[int, ...] = ()) -> Prints:
    qualities = np.full(len(given), 100, np.uint8)
    qualities[list(blank)] = 10
    return Prints.of(given.tobytes(), qualities.tobytes(), interval)


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(5, 60), st.integers(0, 40), st.integers(0, 40), st.integers(0, 31))
def test_a_clip_is_found_wherever_it_lies_in_a_longer_video(
    seed: int, length: int, before: int, behind: int, bits: int
) -> None:
    whole = frames(seed, before + length + behind)
    clip = prints(changed(whole[before : before + length], bits))
    found = match(clip, prints(whole))
    assert [each.this for each in found.ranges] == [(0.0, length)]
    assert [each.other for each in found.ranges] == [(before, before + length)]
    assert found.share_of_this == 1.0
    assert found.share_of_other == pytest.approx(length / len(whole))


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(3, 80), st.integers(3, 80), st.sampled_from([0.5, 1.0]))
def test_what_has_nothing_in_common_is_not_matched(seed: int, one: int, two: int, interval: float) -> None:
    found = match(prints(frames(seed, one), interval), prints(frames(seed + 1000, two)))
    assert found.ranges == ()
    assert not found.worth_telling


@settings(max_examples=25)
@given(st.integers(0, 99), st.integers(10, 40), st.integers(10, 40), st.integers(3, 9))
def test_both_sides_tell_the_same(seed: int, one: int, two: int, shared: int) -> None:
    common = frames(seed, shared)
    this = np.concatenate([frames(seed + 1, one), common, frames(seed + 2, 4)])
    other = np.concatenate([changed(common, 20), frames(seed + 3, two)])
    here, there = match(prints(this), prints(other)), match(prints(other), prints(this))
    assert {(each.this, each.other) for each in here.ranges} == {(each.other, each.this) for each in there.ranges}
    assert here.share_of_this == there.share_of_other


def test_a_part_that_was_cut_out_leaves_two_ranges_and_a_small_drop_one() -> None:
    whole = frames(1, 60)
    cut = match(prints(np.concatenate([whole[:20], whole[40:]])), prints(whole))
    assert [(each.this, each.other) for each in cut.ranges] == [((0, 20), (0, 20)), ((20, 40), (40, 60))]
    dropped = match(prints(np.delete(whole, [20, 21], 0)), prints(whole))
    assert [(each.this, each.other) for each in dropped.ranges] == [((0, 58), (0, 60))]


def test_parts_in_another_order_are_found() -> None:
    whole = frames(2, 40)
    found = match(prints(np.concatenate([whole[20:], whole[:20]])), prints(whole))
    assert [(each.this, each.other) for each in found.ranges] == [((0, 20), (20, 40)), ((20, 40), (0, 20))]


def test_a_copy_that_runs_a_little_faster_is_followed() -> None:
    whole = frames(3, 250)
    faster = whole[np.minimum(249, np.round(np.arange(240) * 1.04).astype(int))]
    found = match(prints(faster), prints(whole))
    assert found.share_of_this > 0.95


def test_frames_at_different_distances_are_compared() -> None:
    fine = frames(4, 40)
    found = match(prints(fine, 0.5), prints(fine[::2], 1.0))
    assert found.share_of_this > 0.95
    assert found.share_of_other == 1.0
    assert match(prints(fine[::2], 1.0), prints(fine, 0.5)).share_of_this == 1.0


def test_blank_frames_never_match_and_a_range_goes_on_behind_a_few() -> None:
    whole = frames(5, 30)
    whole[:] = whole[0]
    black = tuple(range(30))
    assert match(prints(whole, blank=black), prints(whole, blank=black)).ranges == ()
    shown = frames(6, 30)
    found = match(prints(shown, blank=(10, 11)), prints(shown, blank=(10, 11)))
    assert [each.this for each in found.ranges] == [(0, 30)]


def test_a_still_scene_in_both_is_one_range_and_takes_no_time() -> None:
    still = np.repeat(frames(7, 1), 2000, axis=0)
    found = match(prints(changed(still, 2)), prints(changed(still[:900], 2, seed=1)))
    assert found.share_of_other == 1.0
    assert found.share_of_this == pytest.approx(0.45, abs=0.01)


def test_single_frames_that_are_alike_are_chance() -> None:
    this, other = frames(8, 30), frames(9, 30)
    other[4], other[20] = this[10], this[3]
    assert match(prints(this), prints(other)).ranges == ()


def test_a_short_common_part_of_two_long_videos_is_not_worth_telling() -> None:
    common = frames(10, 8)
    this, other = (np.concatenate([common, frames(seed, 300)]) for seed in (11, 12))
    found = match(prints(this), prints(other))
    assert len(found.ranges) == 1
    assert not found.worth_telling


def test_nothing_is_like_nothing() -> None:
    empty = prints(frames(0, 0))
    assert match(empty, prints(frames(1, 5))).ranges == ()
    assert match(prints(frames(1, 5)), empty).share_of_this == 0.0
