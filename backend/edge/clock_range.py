"""RTSP's `Range: clock=` (RFC 2326 section 3.7): UTC, to parts of a second, with the end open or closed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

_INSTANT = r"(\d{8}T\d{6})(?:\.(\d{1,9}))?Z"
_RANGE = re.compile(rf"clock\s*=\s*(?:{_INSTANT})?\s*-\s*(?:{_INSTANT})?", re.IGNORECASE)
_FROM_HERE = re.compile(r"npt\s*=\s*(?:now)?\s*-\s*", re.IGNORECASE)
_ALL = re.compile(r"npt\s*=\s*0+(?:\.0*)?\s*-\s*", re.IGNORECASE)
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class ClockRange(NamedTuple):
    start: datetime | None = None  # None: from where it is
    end: datetime | None = None  # None: to the end of all


def parse(value: str) -> ClockRange | None:
    """None when it makes no sense, or is of another unit. Clients that know nothing of replay send `npt=0-`, from the
    beginning of all, and `npt=now-`, from where it is, as no range at all is."""
    value = value.partition(";")[0].strip()
    if _FROM_HERE.fullmatch(value):
        return ClockRange()
    if _ALL.fullmatch(value):
        return ClockRange(_EARLIEST)
    found = _RANGE.fullmatch(value)
    if found is None:
        return None
    try:
        return ClockRange(_instant(found[1], found[2]), _instant(found[3], found[4]))
    except ValueError:
        return None


def _instant(whole: str | None, fraction: str | None) -> datetime | None:
    if whole is None:
        return None
    microseconds = int((fraction or "0")[:6].ljust(6, "0"))
    return datetime.strptime(whole, "%Y%m%dT%H%M%S").replace(microsecond=microseconds, tzinfo=UTC)


def written(start: datetime, end: datetime | None) -> str:
    return f"clock={_written(start)}-{_written(end) if end else ''}"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
