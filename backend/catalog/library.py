"""What the storage library asks the catalog: the videos of one project that are there now, the newest first.

Not there: what is in the trash, what was purged, and whose own time is over; a hold that is in force keeps it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session, raiseload, selectinload

from backend.catalog.database import Database
from backend.catalog.holds import counting
from backend.catalog.models import Hold, Video, VideoTag
from backend.catalog.videos import GONE

_PAGE = 500
_MOST_ENDED = 100


@dataclass(frozen=True)
class Figures:
    """How much there is; `tags` by tag, the most used first."""

    videos: int
    bytes: int
    tags: dict[str, int]


def get(session: Session, project_id: str, video_id: str, now: datetime) -> Video | None:
    return session.scalar(_with_tags().where(Video.id == video_id, *_there(project_id, now)))


def is_there(session: Session, project_id: str, video_id: str, now: datetime) -> bool:
    return bool(session.scalar(select(exists().where(Video.id == video_id, *_there(project_id, now)))))


def every(
    database: Database, project_id: str, now: datetime, *more: ColumnElement[bool], limit: int | None = None
) -> Iterator[Video]:
    """All of them page by page, or the newest `limit`: no session stays open between them."""
    left, last = limit, None
    while left is None or left > 0:
        query = _with_tags().where(*_there(project_id, now), *more)
        if last is not None:
            query = query.where(tuple_(Video.created_at, Video.id) < tuple_(last.created_at, last.id))
        size = _PAGE if left is None else min(_PAGE, left)
        with database.read() as session:
            page = session.scalars(query.order_by(Video.created_at.desc(), Video.id.desc()).limit(size)).all()
        yield from page
        if len(page) < size:
            return
        last, left = page[-1], None if left is None else left - size


def tagged(tags: Sequence[str], *, with_all: bool) -> ColumnElement[bool]:
    """Has any of the tags, or each of them."""
    found = [exists().where(VideoTag.video_id == Video.id, VideoTag.tag == tag) for tag in tags]
    return and_(*found) if with_all else or_(*found)


def saved_between(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Both included."""
    return and_(Video.created_at >= start, Video.created_at <= end)


def ended(session: Session, project_id: str, now: datetime) -> list[str]:
    """Videos whose own time is over and that nobody holds: some, the first to end first."""
    over = select(Video.id).where(Video.expires_at <= now, ~_held(now), *_listed(project_id))
    return list(session.scalars(over.order_by(Video.expires_at).limit(_MOST_ENDED)))


def count(session: Session, project_id: str, now: datetime) -> int:
    return session.scalar(select(func.count()).select_from(Video).where(*_there(project_id, now))) or 0


def figures(session: Session, project_id: str, now: datetime) -> Figures:
    there = _there(project_id, now)
    videos, size = session.execute(
        select(func.count(), func.coalesce(func.sum(Video.size_bytes), 0)).where(*there)
    ).one()
    used = func.count().label("used")
    by_tag = select(VideoTag.tag, used).join(Video, Video.id == VideoTag.video_id).where(*there).group_by(VideoTag.tag)
    tags = {tag: number for tag, number in session.execute(by_tag.order_by(used.desc(), VideoTag.tag))}  # noqa: C416 - dict() does not know that a Row is a pair
    return Figures(videos, int(size), tags)


def _with_tags() -> Select[Video]:
    return select(Video).options(selectinload(Video.tags), raiseload("*"))


def _listed(project_id: str) -> list[ColumnElement[bool]]:
    return [Video.project_id == project_id, Video.trashed_at.is_(None), Video.local_state.not_in(GONE)]


def _there(project_id: str, now: datetime) -> list[ColumnElement[bool]]:
    return [*_listed(project_id), or_(Video.expires_at.is_(None), Video.expires_at > now, _held(now))]


def _held(now: datetime) -> ColumnElement[bool]:
    return exists().where(Hold.video_id == Video.id, counting(now))
