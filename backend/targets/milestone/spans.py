"""Time that is covered and time that is not. Pure: no VMS, no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Span:
    """From `start_at` to `end_at`, both aware."""

    start_at: datetime
    end_at: datetime

    @property
    def lasts(self) -> timedelta:
        return self.end_at - self.start_at


def holes(found: Iterable[Span], wanted: Span, slack: timedelta) -> list[Span]:
    """What of `wanted` none of `found` covers, in order; pieces no longer than `slack` do not count.

    Where nothing of it is covered at all, the whole is a hole, however short.
    """
    covered = sorted(
        (one for one in found if one.end_at >= wanted.start_at and one.start_at <= wanted.end_at),
        key=lambda one: one.start_at,
    )
    if not covered:
        return [wanted]
    missing, reached = [], wanted.start_at
    for one in covered:
        if one.start_at - reached > slack:
            missing.append(Span(reached, one.start_at))
        reached = max(reached, one.end_at)
    if wanted.end_at - reached > slack:
        missing.append(Span(reached, wanted.end_at))
    return missing


def slack_of(wanted: Span, tolerance_seconds: float, frame_seconds: float) -> timedelta:
    """How much may be missing in one piece: the tolerance, but of a short recording a quarter at most.

    A VMS counts to its last frame and we to that frame's end, so a frame and a half is always allowed.
    """
    allowed = min(tolerance_seconds, wanted.lasts.total_seconds() / 4)
    return timedelta(seconds=max(allowed, 1.5 * frame_seconds))


def around(missing: list[Span]) -> Span:
    """From the first to the last."""
    return Span(missing[0].start_at, missing[-1].end_at)


def told(missing: list[Span], wanted: Span) -> str:
    """In words: how much is missing, and where it begins."""
    seconds = sum((one.lasts for one in missing), timedelta()).total_seconds()
    pieces = f" in {len(missing)} pieces" if len(missing) > 1 else ""
    begins = missing[0].start_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"{seconds:.1f} s of {wanted.lasts.total_seconds():.1f} s{pieces} are missing, from {begins}"
