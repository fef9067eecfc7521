"""Queries about segments: where the videos of cameras lie on a line of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, Select, bindparam, delete, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session, raiseload

from backend.catalog.gaps import Stretch
from backend.catalog.lines import camera_of, place_of
from backend.catalog.models import Base, Camera, Segment, Video
from backend.catalog.videos import EVERYTHING, GONE, Scope

__all__ = [
    "OWN_DISK",
    "Same",
    "add",
    "camera_of",
    "earlier",
    "follow",
    "is_segment",
    "overlapping",
    "same_place",
    "unhashed",
]

OWN_DISK = "FILESYSTEM"
_SEGMENTS, _CAMERAS, _VIDEOS = (Base.metadata.tables[m.__tablename__] for m in (Segment, Camera, Video))
# Made once: each registration runs them.
_INSERT = insert(_SEGMENTS)
_ROW = select(_SEGMENTS).where(_SEGMENTS.c.video_id == bindparam("id"))
_SAME = (
    select(
        _SEGMENTS.c.video_id, _VIDEOS.c.sha256, _VIDEOS.c.size_bytes, _VIDEOS.c.relative_path, _SEGMENTS.c.project_id
    )
    .join(_VIDEOS, _VIDEOS.c.id == _SEGMENTS.c.video_id)
    .where(*(_SEGMENTS.c[name] == bindparam(name) for name in ("camera_id", "start_time", "end_time")))
    .where(_SEGMENTS.c.is_listed)
    .order_by(_SEGMENTS.c.created_at, _SEGMENTS.c.id)
)
_FOLLOWING = (
    "camera_id", "start_time", "end_time", "duration_seconds", "size_bytes", "storage_backend", "storage_path",
    "checksum", "project_id",
)  # fmt: skip


def is_segment(video: Video) -> bool:
    """Whether a video lies on a camera's line: it has both instants, and its camera is a UUID."""
    return _values(video) is not None


def add(connection: Connection, video: Video) -> None:
    """Put a video that is a segment on its camera's line."""
    values = _values(video)
    if values is None:
        return
    _add_camera(connection, values)
    connection.execute(_INSERT, values)


def follow(session: Session, video: Video) -> None:
    """Bring the row of a video that was changed to what the video says now; it may have become one, or be none."""
    values = _values(video)
    connection = session.connection()
    present = connection.execute(_ROW, {"id": video.id}).mappings().first()
    if values is None:
        if present is not None:
            connection.execute(delete(_SEGMENTS).where(_SEGMENTS.c.video_id == video.id))
        return
    if present is None:
        add(connection, video)
        return
    changed = {name: values[name] for name in _FOLLOWING if values[name] != present[name]}
    if video.local_state in GONE:
        # Its picture elsewhere goes too.
        changed["thumbnail_next_at"] = video.updated_at
    if changed:
        _add_camera(connection, values)
        connection.execute(update(_SEGMENTS).where(_SEGMENTS.c.video_id == video.id).values(changed))


def _add_camera(connection: Connection, values: dict[str, Any]) -> None:
    seconds = (values["end_time"] - values["start_time"]).total_seconds()
    camera = {"id": values["camera_id"], "name": "", "longest_seconds": seconds, "created_at": values["created_at"]}
    connection.execute(_new_camera(connection.dialect.name), camera)


@cache
def _new_camera(dialect: str) -> Executable:
    """Made once for a dialect: putting it together takes longer than running it."""
    new = (sqlite_insert if dialect == "sqlite" else postgresql_insert)(_CAMERAS)
    return new.on_conflict_do_update(
        index_elements=["id"],
        set_={"longest_seconds": new.excluded.longest_seconds},
        where=_CAMERAS.c.longest_seconds < new.excluded.longest_seconds,
    )


@dataclass(frozen=True)
class Same:
    """A listed segment of the same camera and bounds. `sha256` is "" until it is hashed."""

    video_id: str
    sha256: str
    size_bytes: int
    relative_path: str


def same_place(connection: Connection, camera_id: str, bounds: Stretch, scope: Scope = EVERYTHING) -> list[Same]:
    """Those of exactly these bounds that the caller may see, the oldest first."""
    found = connection.execute(
        _SAME, {"camera_id": camera_id, "start_time": bounds.start, "end_time": bounds.end}
    ).all()
    return [Same(*row[:-1]) for row in found if scope.allows(row.project_id)]


def unhashed(session: Session, limit: int, *, skip: Sequence[str] = (), only: str = "") -> Sequence[Video]:
    """Videos here on disk that were taken without reading them, the oldest first; without what hangs on them."""
    here = (Video.sha256 == literal_column("''"), Video.local_state == "present", Video.trashed_at.is_(None))
    query = select(Video).options(raiseload("*")).where(*here).order_by(Video.created_at, Video.id).limit(limit)
    if skip:
        query = query.where(Video.id.not_in(skip))
    return session.scalars(query.where(Video.id == only) if only else query).all()


def overlapping(session: Session, camera_id: str, bounds: Stretch, scope: Scope = EVERYTHING) -> Sequence[Segment]:
    """Every listed segment of a camera that overlaps `bounds`, in the order of start, end and id."""
    longest = session.scalar(select(Camera.longest_seconds).where(Camera.id == camera_id))
    if longest is None:
        return []
    return session.scalars(_overlapping(camera_id, bounds, longest, scope)).all()


def _overlapping(camera_id: str, bounds: Stretch, longest_seconds: float, scope: Scope) -> Select[Segment]:
    earliest = earlier(bounds.start, timedelta(seconds=longest_seconds))
    query = select(Segment).where(
        Segment.camera_id == camera_id,
        Segment.start_time >= earliest,  # one that starts before cannot reach into it
        Segment.start_time < bounds.end,
        Segment.end_time > bounds.start,
        Segment.is_listed,
    )
    if scope.projects is not None:
        query = query.where(Segment.project_id.in_(scope.projects))
    return query.order_by(Segment.start_time, Segment.end_time, Segment.id)


def earlier(at: datetime, by: timedelta) -> datetime:
    """So much before, or the first instant there is."""
    try:
        return at - by
    except OverflowError:
        return datetime.min.replace(tzinfo=at.tzinfo)


def _values(video: Video) -> dict[str, Any] | None:
    place = place_of(video.camera_id, video.start_at, video.end_at)
    if place is None:
        return None
    camera_id, bounds = place
    return {
        "id": video.id,
        "camera_id": camera_id,
        "start_time": bounds.start,
        "end_time": bounds.end,
        "duration_seconds": round((bounds.end - bounds.start).total_seconds()),
        "size_bytes": video.size_bytes,
        "storage_backend": video.segment_backend or OWN_DISK,
        "storage_path": video.relative_path,
        "checksum": video.sha256 or None,
        "created_at": video.created_at,
        "video_id": video.id,
        "project_id": video.project_id,
        "is_listed": video.trashed_at is None and video.local_state not in ("purging", "purged"),
        "thumbnail_key": "",
        "thumbnail_next_at": video.created_at,
    }
