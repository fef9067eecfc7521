"""Which videos are recordings, and which of them lie on a camera's line of time: those of a camera that is a UUID, with
both instants. Pure."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from backend.catalog.gaps import Stretch

# One of years would make every list of its camera walk over years.
LONGEST = timedelta(days=7)


def camera_of(text: str) -> str | None:
    """A camera's id as it is kept, lower case with hyphens; None when this is no UUID."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


def is_recording(camera_id: str, start_at: datetime | None, end_at: datetime | None) -> bool:
    """Whether a camera recorded it between two instants, whatever the camera is called; else it is an ordinary upload.
    In SQL: `videos.RECORDING`."""
    return bool(camera_id) and start_at is not None and end_at is not None


def place_of(camera_id: str, start_at: datetime | None, end_at: datetime | None) -> tuple[str, Stretch] | None:
    """The camera and the stretch of its line; None for an ordinary video."""
    known = camera_of(camera_id) if camera_id else None
    if known is None or start_at is None or end_at is None:
        return None
    if not timedelta() < end_at - start_at <= LONGEST:
        return None
    return known, Stretch(start_at, end_at)
