"""Cameras that recorded anything: how much, since when, and what people call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, inspect, select, update
from sqlalchemy.orm import Session

from backend.catalog.lines import camera_of
from backend.catalog.models import Base, Camera, Segment
from backend.catalog.videos import Scope
from backend.errors import NotFound

_CAMERAS = Base.metadata.tables[Camera.__tablename__]
_C = _CAMERAS.c


@dataclass(frozen=True)
class Known:
    """One camera and its listed segments."""

    camera_id: str
    name: str
    segments: int
    bytes: int
    first_at: datetime
    last_at: datetime

    @property
    def order(self) -> tuple[str, str]:
        return self.name, self.camera_id


def every(session: Session, scope: Scope) -> Sequence[Known]:
    """All of which the caller may see a segment, by name and then by id."""
    return _known(session, scope, None)


def one(session: Session, camera_id: str, scope: Scope) -> Known:
    """One of them, or `NotFound`."""
    known = camera_of(camera_id)
    found = _known(session, scope, known) if known else ()
    if not found:
        raise NotFound(f"No camera {camera_id} recorded anything.", detail={"camera_id": camera_id})
    return found[0]


def names(session: Session) -> dict[str, str]:
    """What each camera is called, by its id."""
    return {camera_id: name for camera_id, name in session.execute(select(Camera.id, Camera.name))}  # noqa: C416 - a Row is no pair to dict()


def rename(session: Session, camera_id: str, name: str) -> None:
    session.execute(update(Camera).where(Camera.id == camera_id).values(name=name))


def bring_back_names(old: Connection, new: Connection) -> int:
    """What people called cameras, out of a backup: of those that have no name now. How many got theirs back."""
    if not inspect(old).has_table(Camera.__tablename__):
        return 0
    named = old.execute(select(_C.id, _C.name).where(_C.name != "")).all()
    changes = (update(_CAMERAS).where(_C.id == one.id, _C.name == "").values(name=one.name) for one in named)
    return sum(new.execute(change).rowcount for change in changes)


def _known(session: Session, scope: Scope, camera_id: str | None) -> Sequence[Known]:
    figures = (
        select(
            Segment.camera_id,
            func.count().label("segments"),
            func.sum(Segment.size_bytes).label("bytes"),
            func.min(Segment.start_time).label("first_at"),
            func.max(Segment.end_time).label("last_at"),
        )
        .where(Segment.is_listed)
        .group_by(Segment.camera_id)
    )
    if scope.projects is not None:
        figures = figures.where(Segment.project_id.in_(scope.projects))
    if camera_id is not None:
        figures = figures.where(Segment.camera_id == camera_id)
    each = figures.subquery()
    query = select(each, Camera.name).join(Camera, Camera.id == each.c.camera_id)
    rows = session.execute(query.order_by(Camera.name, Camera.id))
    return [Known(row.camera_id, row.name, row.segments, int(row.bytes), row.first_at, row.last_at) for row in rows]
