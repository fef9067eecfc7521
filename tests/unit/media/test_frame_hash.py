"""The hash of a frame stays with the picture, whatever is done to its light, and tells blank frames from others."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from backend.media.fingerprint import SIDE
from backend.media.frame_hash import HASH_BYTES, Bars, Extremes, hashes

NONE = Bars()


def scene(seed: int, count: int = 1) -> NDArray[np.uint8]:
    """Soft patches of light."""
    patches = np.random.default_rng(seed).uniform(10, 245, (count, 13, 13))
    return np.kron(patches, np.ones((5, 5)))[:, :SIDE, :SIDE].astype(np.uint8)


def apart(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(one ^ two).sum())


def of(frames: NDArray[np.uint8], bars: Bars = NONE) -> NDArray[np.uint8]:
    return hashes(frames, bars)[0]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0.6, 1.0), st.integers(0, 10))
def test_light_and_contrast_change_next_to_nothing(seed: int, contrast: float, light: int) -> None:
    frame = scene(seed)
    assert apart(of(frame), of((frame * contrast + light).astype(np.uint8))) <= 16


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_pictures_of_different_things_are_far_apart(one: int, two: int) -> None:
    if one != two:
        assert apart(of(scene(one)), of(scene(two))) > 64


def test_half_of_the_bits_are_set_and_a_frame_takes_32_bytes() -> None:
    found = of(scene(1, 600))
    assert found.shape == (600, HASH_BYTES)
    assert set(np.bitwise_count(found).sum(axis=1).tolist()) <= {126, 127, 128}


def test_many_frames_at_once_have_the_hashes_of_each_by_itself() -> None:
    frames = scene(2, 300)
    together, qualities = hashes(frames, NONE)
    for number in (0, 255, 256, 299):
        alone, quality = hashes(frames[number : number + 1], NONE)
        assert apart(alone, together[number]) <= 2
        assert quality[0] == qualities[number]


@pytest.mark.parametrize("light", [0, 16, 128, 255])
def test_a_frame_of_one_colour_has_no_quality(light: int) -> None:
    frames = np.full((1, SIDE, SIDE), light, np.uint8)
    noisy = np.clip(frames + np.random.default_rng(1).normal(0, 1, frames.shape), 0, 255).astype(np.uint8)
    assert hashes(frames, NONE)[1][0] == 0
    assert hashes(noisy, NONE)[1][0] < 50
    assert hashes(scene(1), NONE)[1][0] == 100


def test_black_bars_are_left_out_of_the_picture() -> None:
    inside = scene(3, 4)
    lines = np.linspace(0, SIDE - 1, SIDE - 16).round().astype(int)
    letterboxed = np.full_like(inside, 16)
    letterboxed[:, 8:-8] = inside[:, lines]
    seen = Extremes.none()
    seen.see(letterboxed)
    assert seen.bars() == Bars(8, 8, 0, 0)
    assert max(apart(a, b) for a, b in zip(of(letterboxed, seen.bars()), of(inside), strict=True)) <= 40


def test_a_dark_edge_is_no_bar_unless_it_is_dark_all_the_time_and_on_both_sides() -> None:
    one_side, sometimes = scene(4, 2), scene(5, 2)
    one_side[:, :8] = 16
    sometimes[0, :8], sometimes[0, -8:] = 16, 16
    dark = np.full_like(one_side, 16)
    for frames in (one_side, sometimes, dark):
        seen = Extremes.none()
        seen.see(frames)
        assert seen.bars() == NONE
