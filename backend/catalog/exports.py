"""Queries about exports: one, a page of them, what their sources are, what they take on the disk.

Who may see an export: whoever may see all projects; of the others those that may see every project which its requester
could cut from. So nobody learns from an export what the segments would not tell.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from backend.catalog.gaps import Stretch
from backend.catalog.models import Camera, Export, ExportStatus, Segment
from backend.catalog.segments import camera_of, overlapping
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import NotFound

OPEN = (ExportStatus.PENDING, ExportStatus.PROCESSING)
BROKEN = (ExportStatus.FAILED, ExportStatus.CANCELLED)


@dataclass(frozen=True)
class ExportPage:
    exports: Sequence[Export]
    next_cursor: tuple[datetime, str] | None


@dataclass(frozen=True)
class Part:
    """A segment that overlaps a range, as far as an estimate needs it."""

    bounds: Stretch
    size_bytes: int


def get(session: Session, export_id: str, scope: Scope = EVERYTHING, *, lock: bool = False) -> Export:
    """One export that the caller may see, or `NotFound`. `lock`: kept from others until the transaction ends."""
    known = camera_of(export_id)  # PostgreSQL compares a UUID with nothing else
    query = select(Export).where(Export.id == known, *_seen_by(session, scope))
    found = session.scalar(query.with_for_update() if lock else query) if known else None
    if found is None:
        raise NotFound(f"There is no export {export_id}.", detail={"export_id": export_id})
    return found


def find(session: Session, export_id: str, *, lock: bool = False) -> Export | None:
    """As `get`, for all; None when there is none."""
    return session.get(Export, export_id, with_for_update=lock, populate_existing=True)


def page(
    session: Session, scope: Scope, limit: int, before: tuple[datetime, str] | None = None, status: str = ""
) -> ExportPage:
    """The newest first. `before`: time and id of the last one seen."""
    query = select(Export).where(*_seen_by(session, scope))
    if before is not None:
        at, export_id = literal(before[0], Export.created_at.type), literal(before[1], Export.id.type)
        query = query.where(tuple_(Export.created_at, Export.id) < tuple_(at, export_id))
    if status:
        query = query.where(Export.status == status)
    found = session.scalars(query.order_by(Export.created_at.desc(), Export.id.desc()).limit(limit + 1)).all()
    last = found[limit - 1] if len(found) > limit else None
    return ExportPage(found[:limit], (last.created_at, last.id) if last else None)


def unknown(session: Session, camera_ids: Sequence[str], scope: Scope) -> list[str]:
    """Those of these cameras that nothing was ever recorded with, as far as the caller may see."""
    if scope.projects is None:
        known = set(session.scalars(select(Camera.id).where(Camera.id.in_(camera_ids))))
        return [one for one in camera_ids if one not in known]
    mine = Segment.project_id.in_(scope.projects)
    return [
        one
        for one in camera_ids
        if session.scalar(select(Segment.id).where(Segment.camera_id == one, mine).limit(1)) is None
    ]


def names(session: Session, camera_ids: Sequence[str]) -> dict[str, str]:
    """What people call these cameras; without those that have no name."""
    found = session.execute(select(Camera.id, Camera.name).where(Camera.id.in_(camera_ids), Camera.name != ""))
    return dict(found.all())


def parts(session: Session, camera_id: str, bounds: Stretch, scope: Scope) -> list[Part]:
    return [
        Part(Stretch(one.start_time, one.end_time), one.size_bytes)
        for one in overlapping(session, camera_id, bounds, scope)
    ]


def on_disk(session: Session, scope: Scope) -> tuple[int, int]:
    """How many results lie on the disk, and their bytes."""
    query = select(func.count(), func.coalesce(func.sum(Export.file_size), 0))
    row = session.execute(query.where(Export.file_path.is_not(None), *_seen_by(session, scope))).one()
    return int(row[0]), int(row[1] or 0)


def states_of(session: Session, ids: Collection[str]) -> dict[str, tuple[str, str | None]]:
    """`{id: (status, file_path)}` of those among `ids` that there are."""
    found = session.execute(select(Export.id, Export.status, Export.file_path).where(Export.id.in_(ids)))
    return {one.id: (one.status, one.file_path) for one in found}


def counts(session: Session) -> dict[str, int]:
    """How many exports are in each state."""
    return dict(session.execute(select(Export.status, func.count()).group_by(Export.status)).all())


def begin_anew(export: Export, now: datetime) -> None:
    """As if it had never been tried."""
    export.status, export.attempts, export.deaths, export.progress, export.phase = ExportStatus.PENDING, 0, 0, 0.0, ""
    export.error, export.error_code, export.findings, export.manifest = "", "", {}, ""
    export.lease_token, export.lease_until, export.started_at, export.completed_at = None, None, None, None
    export.is_partial, export.expires_at = False, None
    export.next_attempt_at = export.updated_at = now


def _seen_by(session: Session, scope: Scope) -> list[ColumnElement[bool]]:
    if scope.projects is None:
        return []
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    each: Any = func.json_each if is_sqlite else func.json_array_elements_text
    one = each(Export.projects).table_valued("value")
    others = select(one.c.value).where(one.c.value.not_in(list(scope.projects))).exists()
    return [Export.projects.is_not(None), ~others]


def stuck(session: Session, before: datetime) -> Sequence[Export]:
    """Those that wait or run, and nothing was written of them since; the oldest first."""
    is_open = Export.status.in_(OPEN)
    waits_for_copy = Export.delivery_state.in_(("pending", "deleting")) & (Export.delivery_attempts > 0)
    query = select(Export).where(or_(is_open & (Export.updated_at < before), waits_for_copy))
    return session.scalars(query.order_by(Export.created_at, Export.id)).all()
