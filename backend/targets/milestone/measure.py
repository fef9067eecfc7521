"""How much of a recording must be in the VMS before it counts as there. Pure: no VMS, no clock.

A VMS counts a sequence to its last frame, and some only up to where a group of pictures begins; so a little may be
missing. But only once: what is missing between sequences is added up, or a VMS with every other second would be said to
have it all. Where the file itself has no frame, as in a picture that stood still, there is nothing to have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from backend.targets.milestone.spans import Span, holes, total, without

# Of a short recording at most so much may be missing; of every one, all that is missing together.
SHARE = 4
# As exactly as a VMS keeps times.
_TICK = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Wanted:
    """The time that a recording takes, and where it has frames.

    `frame_seconds`: how long one of its frames stands at most, but in its `pauses`: each from a frame to the next one,
    or to its end; the longest ones are named. `rest_seconds`: how long all others are together.
    """

    span: Span
    frame_seconds: float = 0.0
    pauses: tuple[Span, ...] = ()
    rest_seconds: float = 0.0


def missing(found: Sequence[Span], wanted: Wanted, tolerance_seconds: float) -> list[Span]:
    """What of `wanted` none of `found` has, in order; [] when it is there.

    As much as the tolerance may be missing at its beginning, at its end, and in all holes between together; of a short
    one a quarter. And everywhere together no more than a quarter of it.
    """
    lacks, span = lost(found, wanted), wanted.span
    rest = timedelta(seconds=wanted.rest_seconds)
    allowed = min(timedelta(seconds=tolerance_seconds), span.lasts / SHARE)
    # Of pauses that are not named one knows that each is shorter than those that are.
    longest = min((one.lasts for one in wanted.pauses), default=timedelta()) if rest else timedelta()
    if too_long := [one for one in lacks if one.lasts > max(allowed, longest)]:
        return too_long
    inner = [one for one in lacks if one.lasts > allowed or not _at_an_end(one, span)]
    if total(inner) > allowed + rest:
        return inner
    return lacks if total(lacks) > span.lasts / SHARE + rest else []


def lost(found: Sequence[Span], wanted: Wanted) -> list[Span]:
    """The holes of `found` in which a frame of `wanted` must have been, without the pause that each may lie in."""
    span = wanted.span
    if not any(_is_of(one, span) for one in found):
        return [span]
    # That sequence may be the recording's before it, to which the VMS has joined the first frame.
    begun = any(one.start_at <= span.start_at + _TICK and one.end_at >= span.start_at - _TICK for one in found)
    least = max(timedelta(seconds=1.5 * wanted.frame_seconds), _TICK)
    lacks: list[Span] = []
    for hole in holes(found, span):
        if hole.start_at == span.start_at and not begun:
            # A sequence begins with a frame: where the first one is, there is no hole at all.
            lacks += [hole] if hole.lasts > max(timedelta(seconds=wanted.frame_seconds / 2), _TICK) else []
        elif hole.lasts > least:
            lacks += [one for one in _beside_pause(hole, wanted.pauses) if one.lasts > least]
    return lacks


def _is_of(one: Span, span: Span) -> bool:
    """Whether it has anything of it. One that ends where this begins, or begins where this ends, is another's."""
    begins_in_it = one.start_at >= span.start_at - _TICK
    return one.start_at < span.end_at - _TICK and (begins_in_it or one.end_at > span.start_at + _TICK)


def _at_an_end(one: Span, span: Span) -> bool:
    return one.start_at == span.start_at or one.end_at == span.end_at


def _beside_pause(hole: Span, pauses: Sequence[Span]) -> list[Span]:
    """A hole lies between two neighbouring frames at most: in one pause, the one it shares most with."""

    def shared(pause: Span) -> timedelta:
        return min(hole.end_at, pause.end_at) - max(hole.start_at, pause.start_at)

    longest = max(pauses, key=shared, default=None)
    return [hole] if longest is None or shared(longest) <= timedelta() else without(hole, longest)
