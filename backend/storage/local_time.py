"""Instants as the library keeps them: microseconds since 1970. Times without a zone are local time. Pure.

A local time can mean two instants (the hour that comes twice in autumn) or none (the hour left out in spring), and
`datetime.now() - timedelta(…)` forgets which of two it was. A range is therefore read in its widest sense: nothing
that the caller may have meant is left out. A start that says itself that it is the second of the two (`fold=1`, as
`datetime.now()` does) is taken at its word.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Python's own limits: years 1 to 9999. An end of theirs is open.
EARLIEST_US = (datetime.min.replace(tzinfo=UTC) - _BEGIN) // _MICROSECOND
LATEST_US = (datetime.max.replace(tzinfo=UTC) - _BEGIN) // _MICROSECOND


def now_us() -> int:
    return time.time_ns() // 1000


def local_text(at_us: int) -> str:
    """An instant as `stored_at` shows it: ISO 8601 in local time, without a zone."""
    return (_BEGIN + at_us * _MICROSECOND).astimezone().replace(tzinfo=None).isoformat()


def range_us(start_time: object, end_time: object) -> tuple[int, int]:
    """The instants from which to which, both included. `ValueError` for what is no datetime, or turned round."""
    start = EARLIEST_US if start_time is None else _start_us(_checked("start_time", start_time))
    end = LATEST_US if end_time is None else _end_us(_checked("end_time", end_time))
    if start > end:
        raise ValueError(f"start_time ({start_time}) is after end_time ({end_time}). Give the earlier one first.")
    return start, end


def _checked(name: str, value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    raise ValueError(
        f"{name} must be a datetime, not {type(value).__name__}. Make one, for example datetime.fromisoformat(text)."
    )


def _start_us(at: datetime) -> int:
    if at.utcoffset() is not None or at.fold:
        return _instant_us(at)
    return min(_instant_us(at), _instant_us(at.replace(fold=1)))


def _end_us(at: datetime) -> int:
    if at.utcoffset() is not None:
        return _instant_us(at)
    return max(_instant_us(at.replace(fold=0)), _instant_us(at.replace(fold=1)))


def _instant_us(at: datetime) -> int:
    try:
        return (at.astimezone(UTC) - _BEGIN) // _MICROSECOND
    except (OverflowError, ValueError):
        # So near to the first or last moment Python knows that its zone leads beyond: nothing was stored there.
        return EARLIEST_US if at.year < _BEGIN.year else LATEST_US
