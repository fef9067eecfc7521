"""Seams: copied streams are cut only where a decoder can begin and end, and no frame is lost or there twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from backend.catalog.gaps import Stretch
from backend.exports.listing import listing_of
from backend.exports.seams import NoSeam, seamed
from backend.exports.shape import Picture, Shape
from backend.exports.sources import Source
from backend.exports.takes import wanted
from backend.exports.wish import Recording

_ZERO = datetime(2026, 11, 21, 10, tzinfo=UTC)
_PICTURE = Picture(
    0, "h264", "High", 160, 96, "yuv420p", Fraction(1, 10), "", "", 0, ("", "", "", ""), "", Fraction(1, 10), 0
)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(_ZERO + timedelta(seconds=start), _ZERO + timedelta(seconds=end))


def source(start: float, end: float, order: list[int], gop: int = 10) -> Source:
    """Ten frames a second; `order`: of decoding, within a group that begins with a keyframe each `gop` frames."""
    count = round((end - start) * 10)
    lines = []
    for first in range(0, count, gop):
        lines += [f"{first + at},{'K' if at == 0 else '_'}_" for at in order if first + at < count]
    recording = Recording(str(start), "camera", stretch(start, end), Path("a.mp4"), f"{start}.mp4", "", 1)
    return Source(recording, Path("a.mp4"), Shape("mov", 0.0, _PICTURE, None), listing_of(lines, Fraction(1, 10), 1))


PLAIN = list(range(10))
# 0 3 1 2 6 4 5 9 7 8: each third frame is needed by the two before it.
B_FRAMES = [0, *(at for third in (3, 6, 9) for at in (third, third - 2, third - 1))]


def test_it_begins_at_the_keyframe_before_and_ends_where_nothing_later_is_needed() -> None:
    found = wanted([source(0, 4, B_FRAMES)], stretch(1.5, 2.5))
    [take] = seamed(found.takes)
    assert (take.first, take.end) == (10, 27)
    assert take.bounds == stretch(1, 2.7)


def test_an_overlap_is_left_at_the_next_ones_keyframe() -> None:
    found = wanted([source(0, 4, PLAIN), source(2.7, 6, PLAIN)], stretch(0, 6))
    first, second = seamed(found.takes)
    assert (first.first, first.end) == (0, 27)
    assert (second.first, second.end) == (0, 33)


def test_with_b_frames_a_later_keyframe_is_taken_at_which_both_agree() -> None:
    # At 2.8 the first one stands between a frame and one that it needs; at 3.7 it can be left.
    found = wanted([source(0, 5, B_FRAMES), source(2.8, 7, PLAIN[:9], gop=9)], stretch(0, 7))
    first, second = seamed(found.takes)
    assert (first.end, second.first) == (37, 9)
    assert first.bounds.end == second.bounds.start == stretch(3.7, 4).start


def test_where_no_instant_fits_that_is_said() -> None:
    found = wanted([source(0, 3, B_FRAMES), source(2.8, 6, PLAIN)], stretch(0, 6))
    with pytest.raises(NoSeam, match="no common instant"):
        seamed(found.takes)


def test_segments_that_touch_are_joined_whole() -> None:
    found = wanted([source(0, 2, B_FRAMES), source(2, 4, B_FRAMES), source(4, 6, B_FRAMES)], stretch(0, 6))
    assert [(take.first, take.end) for take in seamed(found.takes)] == [(0, 20)] * 3


def test_a_stream_that_goes_on_after_a_hole_without_a_keyframe_is_not_copied() -> None:
    one = source(0, 6, PLAIN, gop=10)
    lines = [f"{pts},{'K' if pts in (0, 10) else '_'}_" for pts in (*range(15), *range(40, 60))]
    one = replace(one, listing=listing_of(lines, Fraction(1, 10), 1))
    found = wanted([one], stretch(4, 6))
    with pytest.raises(NoSeam, match="without a keyframe"):
        seamed(found.takes)
