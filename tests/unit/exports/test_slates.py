"""Chapters and slates: everything lies in the result where the clock on the wall says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as some

from backend.catalog.gaps import Stretch
from backend.exports.chapters import chapters_of
from backend.exports.listing import Listing
from backend.exports.shape import Picture, Shape
from backend.exports.slates import chapters_with_slates, layout_of, with_slates
from backend.exports.sources import Source
from backend.exports.takes import iso, layout, stretches, wanted
from backend.exports.wish import Recording

_ZERO = datetime(2026, 11, 21, 10, tzinfo=UTC)
_PICTURE = Picture(
    0, "h264", "High", 160, 96, "yuv420p", Fraction(1, 10), "", "", 0, ("", "", "", ""), "", Fraction(1, 10), 0
)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(_ZERO + timedelta(seconds=start), _ZERO + timedelta(seconds=end))


def source(start: int, end: int) -> Source:
    """Ten frames a second, all keyframes, of a clock that begins anywhere."""
    frames = range(7, 7 + 10 * (end - start))
    recording = Recording(f"{start}-{end}", "camera", stretch(start, end), Path("a.mp4"), "a.mp4", "", 1)
    listing = Listing(Fraction(1, 10), frames, range(len(frames)), told_interval=1)
    return Source(recording, Path("a.mp4"), Shape("mov", 0.0, _PICTURE, None), listing)


sources = some.lists(
    some.tuples(some.integers(0, 30), some.integers(1, 8)).map(lambda one: source(one[0], sum(one))), max_size=6
)
bounds = some.tuples(some.integers(0, 30), some.integers(1, 20)).map(lambda one: stretch(one[0], sum(one)))


@given(sources, bounds)
def test_with_slates_every_instant_lies_as_far_from_the_beginning_as_it_was(
    given_sources: list[Source], asked: Stretch
) -> None:
    found = wanted(given_sources, asked)
    items = with_slates(found, asked)
    assert sum(item.length_us for item in items) == (asked.end - asked.start) // timedelta(microseconds=1)
    for before, after in pairwise(items):
        assert before.start_us + before.length_us == after.start_us
    placed = layout_of(items, found.takes, asked, slate=True)
    for take, start in zip(found.takes, placed.starts_us, strict=True):
        assert take.bounds.start == asked.start + timedelta(microseconds=start)


@given(sources, bounds)
def test_without_slates_stretches_follow_each_other_and_nothing_is_lost(
    given_sources: list[Source], asked: Stretch
) -> None:
    found = wanted(given_sources, asked)
    recorded = sum((one.end - one.start for one in stretches(found.takes)), timedelta())
    placed = layout(found.takes)
    assert timedelta(microseconds=placed.length_us) == recorded
    assert list(placed.starts_us) == sorted(placed.starts_us)
    lacking = sum((gap.end - gap.start for gap in found.gaps), timedelta())
    assert recorded + lacking == asked.end - asked.start


@given(sources, bounds)
def test_chapters_cover_the_result_and_carry_the_clock(given_sources: list[Source], asked: Stretch) -> None:
    found = wanted(given_sources, asked)
    assume(found.takes)
    placed = layout(found.takes)
    chapters = chapters_of(found.takes, placed).chapters
    assert [one.title for one in chapters] == [f"{iso(s.start)} – {iso(s.end)}" for s in stretches(found.takes)]
    assert sum(one.end_us - one.start_us for one in chapters) == placed.length_us
    slated = chapters_with_slates(with_slates(found, asked)).chapters
    assert sum("No recording" in one.title for one in slated) == len(found.gaps)
