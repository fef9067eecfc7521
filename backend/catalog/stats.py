"""Totals over the catalog, counted at the moment of asking."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from backend.catalog.models import Delivery, Video
from backend.catalog.videos import GONE, Scope


@dataclass(frozen=True)
class Amount:
    count: int
    bytes: int


@dataclass(frozen=True)
class Totals:
    videos: Amount
    physical_bytes: int  # what the videos take on disk: shared bytes count once, pruned ones not at all
    oldest_at: datetime | None
    newest_at: datetime | None
    by_project: dict[str, Amount] = field(default_factory=dict)
    by_content_type: dict[str, Amount] = field(default_factory=dict)
    deliveries: dict[str, dict[str, Amount]] = field(default_factory=dict)


def totals(session: Session, scope: Scope) -> Totals:
    """All figures of `/api/videos/storage-stats`; videos in the trash are not counted, their bytes on disk are."""
    listed = [Video.trashed_at.is_(None), Video.local_state.not_in(GONE), *scope.condition()]
    size = func.coalesce(func.sum(Video.size_bytes), 0)
    count, total, oldest, newest = session.execute(
        select(func.count(), size, func.min(Video.created_at), func.max(Video.created_at)).where(*listed)
    ).one()
    files = (
        select(func.max(Video.size_bytes).label("size"))
        .where(Video.local_state == "present", *scope.condition())
        .group_by(Video.bytes_id)
        .subquery()
    )
    return Totals(
        videos=Amount(count, int(total)),
        physical_bytes=int(session.scalar(select(func.coalesce(func.sum(files.c.size), 0))) or 0),
        oldest_at=oldest,
        newest_at=newest,
        by_project=_grouped(session, Video.project_id, listed),
        by_content_type=_grouped(session, Video.content_type, listed),
        deliveries=_by_delivery(session, listed),
    )


def _grouped(
    session: Session, column: InstrumentedAttribute[str], listed: list[ColumnElement[bool]]
) -> dict[str, Amount]:
    query = select(column, func.count(), func.sum(Video.size_bytes)).where(*listed).group_by(column)
    return {name: Amount(count, int(size)) for name, count, size in session.execute(query)}


def _by_delivery(session: Session, listed: list[ColumnElement[bool]]) -> dict[str, dict[str, Amount]]:
    query = (
        select(Delivery.target, Delivery.state, func.count(), func.sum(Video.size_bytes))
        .join(Video, Video.id == Delivery.video_id)
        .where(*listed)
        .group_by(Delivery.target, Delivery.state)
    )
    found: dict[str, dict[str, Amount]] = {}
    for target, state, count, size in session.execute(query):
        found.setdefault(target, {})[state] = Amount(count, int(size))
    return found
