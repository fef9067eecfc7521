"""Where recordings are cut and joined when their streams are copied: only where a decoder can begin and end. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from backend.catalog.gaps import Stretch
from backend.exports.sources import Source
from backend.exports.takes import Take


class NoSeam(Exception):
    """Copied, an instant would be missing or there twice. The message says where, in words."""


def seamed(takes: Sequence[Take]) -> list[Take]:
    """`takes`, from the keyframe at or before each beginning, up to where a decoder needs no later frame.

    Where one follows another, the first ends at a keyframe of the second, with no frame between them left out and none
    there twice. Raises NoSeam.
    """
    found: list[Take] = []
    for number, take in enumerate(takes):
        if number and take.follows:
            before, entry = _join(found[-1], take)
            found[-1] = before
        else:
            entry = _entry(take)
        last = number + 1 == len(takes) or not takes[number + 1].follows
        found.append(_with(take, entry, _exit(take) if last else take.run.end))
    return found


def _entry(take: Take) -> int:
    """The keyframe at or before its first frame."""
    entries = take.source.listing.entries
    at = bisect_right(entries, take.first) - 1
    if at < 0 or entries[at] < take.run.first:
        raise NoSeam(f"{take.source.recording.filename} goes on after a hole without a keyframe.")
    return entries[at]


def _exit(take: Take) -> int:
    """The first instant at or after the end at which it can be left."""
    if _frame_from(take, take.end) is None:
        return take.run.end
    exits = take.source.listing.exits
    at = bisect_left(exits, take.end)
    if at == len(exits) or exits[at] > take.run.end:
        if _frame_from(take, take.run.end) is not None:
            raise NoSeam(f"{take.source.recording.filename} cannot be cut before a hole in it.")
        return take.run.end
    return exits[at]


def _join(before: Take, take: Take) -> tuple[Take, int]:
    """The earlier take, cut, and the entry of the later one."""
    source = take.source
    latest = before.source.at(before.run.end) + before.source.slack
    for entry in source.listing.entries[bisect_left(source.listing.entries, take.run.first) :]:
        instant = source.at(entry)
        if instant > latest or entry >= take.run.end:
            break
        if instant < take.bounds.start - source.slack:
            continue
        end = _left_at(before, instant)
        if end is not None:
            return _with(before, before.first, end), entry
    names = f"{before.source.recording.filename} and {source.recording.filename}"
    raise NoSeam(f"{names} have no common instant at which one can follow the other.")


def _left_at(take: Take, instant: datetime) -> int | None:
    """The tick at which `take` ends when all its frames before `instant`, and no others, are copied."""
    source = take.source
    limit = source.first_at(instant)
    if limit <= take.first:
        return None
    after = _frame_from(take, limit)
    if after is None or after >= take.run.end:
        gap = instant - source.at(take.run.end)
        return take.run.end if gap <= source.slack else None
    exits = source.listing.exits
    at = bisect_left(exits, after)
    return after if at < len(exits) and exits[at] == after else None


def _frame_from(take: Take, tick: int) -> int | None:
    """The first frame at or after `tick`."""
    shown = take.source.listing.shown
    at = bisect_left(shown, tick)
    return shown[at] if at < len(shown) else None


def _with(take: Take, first: int, end: int) -> Take:
    return replace(take, first=first, end=end, bounds=_bounds(take.source, first, end, take))


def _bounds(source: Source, first: int, end: int, take: Take) -> Stretch:
    over = source.at(end)
    recorded = source.recording.bounds.end
    if end == take.run.end and abs(over - recorded) <= source.slack:
        over = recorded
    return Stretch(source.at(first), over)
