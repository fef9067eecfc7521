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


def holes(found: Iterable[Span], wanted: Span) -> list[Span]:
    """What of `wanted` none of `found` covers, in order, however short."""
    covered = sorted(found, key=lambda one: one.start_at)
    missing, reached = [], wanted.start_at
    for one in covered:
        if one.start_at >= wanted.end_at:
            break
        if one.end_at < wanted.start_at:
            continue
        if one.start_at > reached:
            missing.append(Span(reached, one.start_at))
        reached = max(reached, one.end_at)
    if wanted.end_at > reached:
        missing.append(Span(reached, wanted.end_at))
    return missing


def without(span: Span, other: Span) -> list[Span]:
    """What of `span` lies before `other`, and what after it."""
    before, after = (
        Span(span.start_at, min(span.end_at, other.start_at)),
        Span(max(span.start_at, other.end_at), span.end_at),
    )
    return [one for one in (before, after) if one.lasts > timedelta()]


def total(spans: Iterable[Span]) -> timedelta:
    return sum((one.lasts for one in spans), timedelta())


def around(missing: list[Span]) -> Span:
    """From the first to the last."""
    return Span(missing[0].start_at, missing[-1].end_at)


def told(missing: list[Span], wanted: Span) -> str:
    """In words: how much is missing, and where it begins."""
    seconds = total(missing).total_seconds()
    pieces = f" in {len(missing)} pieces" if len(missing) > 1 else ""
    begins = missing[0].start_at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"{seconds:.1f} s of {wanted.lasts.total_seconds():.1f} s{pieces} are missing, from {begins}"
