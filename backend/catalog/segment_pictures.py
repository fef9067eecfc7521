"""Which segments' pictures are due at the bucket of thumbnails: to be sent, or to be removed with their segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from backend.catalog.media import PICTURES, written
from backend.catalog.models import JobState, MediaJob, MediaState, Segment, Video
from backend.catalog.videos import GONE


@dataclass(frozen=True)
class Due:
    """`at`: since when, which is also the claim. `thumbnail`: the picture's file; "" while there is none.
    `is_gone`: the segment was purged. `may_come`: a picture is still being made."""

    segment_id: str
    camera_id: str
    relative_path: str
    at: datetime
    thumbnail: str
    is_gone: bool
    may_come: bool

    @property
    def key(self) -> str:
        return f"{self.camera_id}/{self.segment_id}.jpg"


def due(session: Session, now: datetime, limit: int) -> Sequence[Due]:
    """Those first that have waited longest."""
    first = select(Segment.id).where(Segment.thumbnail_next_at <= now).order_by(Segment.thumbnail_next_at).limit(limit)
    ids = session.scalars(first).all()
    made = (MediaJob.kind == PICTURES) & (MediaJob.state == JobState.DONE)
    query = (
        select(Segment, Video.local_state, Video.media_state, MediaJob.result)
        .join(Video, Video.id == Segment.video_id)
        .outerjoin(MediaJob, (MediaJob.video_id == Video.id) & made)
        .where(Segment.id.in_(ids))
        .order_by(Segment.thumbnail_next_at)
    )
    return [_due(*row) for row in session.execute(query)]


def claim(session: Session, one: Due, until: datetime) -> bool:
    """Take it until then; False when another worker was faster, or when it is due for another reason by now."""
    return _set(session, one.segment_id, one.at, thumbnail_next_at=until)


def settle(
    session: Session, one: Due, claimed_until: datetime, key: str, next_at: datetime | None, now: datetime
) -> None:
    """Write how it ended. When the segment was purged meanwhile, what was sent is due to be removed at once."""
    if not _set(session, one.segment_id, claimed_until, thumbnail_key=key, thumbnail_next_at=next_at):
        session.execute(
            update(Segment).where(Segment.id == one.segment_id).values(thumbnail_key=key, thumbnail_next_at=now)
        )


def _set(session: Session, segment_id: str, seen_at: datetime, **values: Any) -> bool:
    row = update(Segment).where(Segment.id == segment_id, Segment.thumbnail_next_at == seen_at)
    return written(session, row.values(values)) == 1


def _due(segment: Segment, local_state: str, media_state: str, result: dict[str, Any] | None) -> Due:
    assert segment.thumbnail_next_at is not None
    thumbnail = ((result or {}).get("thumbnail") or {}).get("file", "")
    return Due(
        segment_id=segment.id,
        camera_id=segment.camera_id,
        relative_path=segment.storage_path,
        at=segment.thumbnail_next_at,
        thumbnail=thumbnail,
        is_gone=local_state in GONE,
        may_come=media_state in (MediaState.NEW, MediaState.WORKING, MediaState.NO_TOOLS),
    )
