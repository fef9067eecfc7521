"""A result as long as what was asked: slates stand between the takes, and all lies where the clock says. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.catalog.gaps import Stretch
from backend.confine import Chapter, Chapters
from backend.exports.chapters import title
from backend.exports.takes import Layout, Take, Wanted, layout, microseconds


@dataclass(frozen=True)
class Item:
    """A take, or a gap that is filled, and where it lies. `late_us`: how much later its first frame was really."""

    what: Take | Stretch
    start_us: int
    length_us: int
    late_us: int = 0


def without_slates(takes: Sequence[Take], placed: Layout) -> list[Item]:
    return [
        Item(take, start, length)
        for take, start, length in zip(takes, placed.starts_us, placed.lengths_us(), strict=True)
    ]


def with_slates(wanted: Wanted, asked: Stretch) -> list[Item]:
    """From the first asked instant to the last."""
    parts: list[tuple[int, int, Take | Stretch]] = [
        *((microseconds(gap.start - asked.start), 0, gap) for gap in wanted.gaps),
        *((microseconds(take.bounds.start - asked.start), 1, take) for take in wanted.takes),
    ]
    parts.sort(key=lambda part: part[:2])
    items = []
    for number, (start, _, what) in enumerate(parts):
        end = parts[number + 1][0] if number + 1 < len(parts) else microseconds(asked.end - asked.start)
        # Less than a frame before the first one is no gap: it is shown from the beginning.
        late = start if number == 0 else 0
        items.append(Item(what, start - late, end - start + late, late))
    return items


def layout_of(items: Sequence[Item], takes: Sequence[Take], asked: Stretch, *, slate: bool) -> Layout:
    if not slate:
        return layout(takes)
    starts = [item.start_us + item.late_us for item in items if isinstance(item.what, Take)]
    return Layout(tuple(starts), microseconds(asked.end - asked.start))


def chapters_with_slates(items: Sequence[Item]) -> Chapters:
    """One for each stretch and each slate."""
    found: list[tuple[int, int, Stretch, bool]] = []
    for item in items:
        end = item.start_us + item.length_us
        if isinstance(item.what, Stretch):
            found.append((item.start_us, end, item.what, False))
        elif found and found[-1][3] and item.what.follows:
            start, _, stretch, _ = found[-1]
            found[-1] = (start, end, Stretch(stretch.start, item.what.bounds.end), True)
        else:
            found.append((item.start_us, end, item.what.bounds, True))
    return Chapters(
        tuple(
            Chapter(start, end, title(stretch, "" if recorded else "No recording: "))
            for start, end, stretch, recorded in found
            if start < end
        )
    )
