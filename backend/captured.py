"""When a file itself says that it was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

_TAGS = ("com.apple.quicktime.creationdate", "creation_time", "date")
# Before it no camera wrote such files: 1904 and 1970 are what the formats' clocks begin with.
_FIRST_YEAR = 1985
_CLOCK_AHEAD = timedelta(days=2)
_DAY_LENGTH = len("2024-03-05")


def recorded_at(all_tags: Iterable[Mapping[str, str]], now: datetime, *, to_the_day: bool = True) -> datetime | None:
    """The first of the file's dates that makes sense. One without a zone is taken as UTC.

    `all_tags`: those of the container, then of its streams. `to_the_day`: whether a day alone will do, as its midnight.
    """
    known = list(all_tags)
    for name in _TAGS:
        for tags in known:
            words = tags.get(name, "")
            at = _date(words) if to_the_day or len(words) > _DAY_LENGTH else None
            if at and at.year >= _FIRST_YEAR and at <= now + _CLOCK_AHEAD:
                return at
    return None


def _date(words: str) -> datetime | None:
    """A day at least: a year alone, as music has, is no recording time."""
    try:
        at = datetime.fromisoformat(words)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)) if len(words) >= _DAY_LENGTH else None
    except ValueError:
        return None
