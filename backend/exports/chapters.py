"""Chapters that tell the time on the wall's clock: one for each stretch, and one for each slate. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from backend.catalog.gaps import Stretch
from backend.confine import Chapter, Chapters
from backend.exports.takes import Layout, Take, iso, stretches


def chapters_of(takes: Sequence[Take], layout: Layout) -> Chapters:
    """One for each stretch, from where it begins in the result to where the next one does."""
    starts = [start for take, start in zip(takes, layout.starts_us, strict=True) if not take.follows]
    ends = [*starts[1:], layout.length_us]
    found = [
        Chapter(start, end, title(stretch))
        for start, end, stretch in zip(starts, ends, stretches(takes), strict=True)
        if start < end
    ]
    return Chapters(tuple(found))


def title(stretch: Stretch, words: str = "") -> str:
    return f"{words}{iso(stretch.start)} – {iso(stretch.end)}"
