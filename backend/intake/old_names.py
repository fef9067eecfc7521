"""The names that seed 003's server gave: `20241112_143052_Tutorial_video.mp4` tells when, under which label, and what.

Its times were the local ones of its machine. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

_NAME = re.compile(r"(\d{8}_\d{6})_(?:([^_.][^_]{0,99})_)?([^_].*)", re.DOTALL)
_FORMAT = "%Y%m%d_%H%M%S"


@dataclass(frozen=True)
class OldName:
    """`filename`: the name without the date and the label that were put before it."""

    saved_at: datetime
    label: str
    filename: str


def read_old_name(name: str, zone: tzinfo | None, now: datetime) -> OldName | None:
    """Read such a name; None for any other, and for a date that cannot be or is still to come.

    `zone`: where the old server stood; None: where this one does. An hour that came twice, in autumn, is the first.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        # Without a zone it stays naive, which is this machine's own.
        at = datetime.strptime(found[1], _FORMAT).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if at > now or at.year < 1990:
        return None
    return OldName(at, found[2] or "", found[3])
