"""Queries about holds, for lists and for who must not begin what a hold forbids. The sidecar has the last word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from backend.catalog.models import Hold, Video
from backend.catalog.types import iso
from backend.catalog.videos import GONE, hold_facts_of
from backend.disk.holds import HoldFacts


@dataclass(frozen=True)
class HeldVideo:
    """A video and the holds that are in force on it."""

    video_id: str
    filename: str
    holds: tuple[HoldFacts, ...]

    def as_json(self) -> dict[str, Any]:
        return {"video_id": self.video_id, "filename": self.filename, "holds": [describe_hold(h) for h in self.holds]}


def counting(at: datetime) -> ColumnElement[bool]:
    """`HoldFacts.counts` in SQL."""
    return or_(Hold.until_at.is_(None), Hold.until_at > at, Hold.created_at > at)


def in_force(session: Session, project_id: str, at: datetime | None = None) -> list[HeldVideo]:
    """The held videos of a project, oldest first; in the trash or not. `at`: by default now."""
    return _held(session, [Video.project_id == project_id, Video.local_state.not_in(GONE)], at)


def all_in_force(
    session: Session, video_ids: Sequence[str] | None = None, at: datetime | None = None
) -> list[HeldVideo]:
    """Every held video, or those of these that are held; also where only copies elsewhere are left to hold."""
    return _held(session, [] if video_ids is None else [Video.id.in_(video_ids)], at)


def _held(session: Session, which: list[ColumnElement[bool]], at: datetime | None) -> list[HeldVideo]:
    query = (
        select(Hold, Video.original_filename)
        .join(Video, Video.id == Hold.video_id)
        .where(*which, counting(at or datetime.now(UTC)))
        .order_by(Video.created_at, Video.id, Hold.created_at)
    )
    found: dict[str, HeldVideo] = {}
    for hold, name in session.execute(query):
        before = found.get(hold.video_id, HeldVideo(hold.video_id, name, ()))
        found[hold.video_id] = HeldVideo(hold.video_id, name, (*before.holds, hold_facts_of(hold)))
    return list(found.values())


def of_videos(
    session: Session, video_ids: Iterable[str], at: datetime | None = None
) -> dict[str, tuple[HoldFacts, ...]]:
    """The holds in force on these videos; only the held ones are in the answer."""
    query = select(Hold).where(Hold.video_id.in_(list(video_ids)), counting(at or datetime.now(UTC)))
    found: dict[str, tuple[HoldFacts, ...]] = {}
    for hold in session.scalars(query.order_by(Hold.created_at, Hold.id)):
        found[hold.video_id] = (*found.get(hold.video_id, ()), hold_facts_of(hold))
    return found


def describe_hold(hold: HoldFacts | Hold) -> dict[str, Any]:
    """A hold as every answer tells it."""
    return {
        "id": hold.id,
        "reason": hold.reason,
        "owner": hold.owner,
        "created_at": iso(hold.created_at),
        "until_at": iso(hold.until_at),
    }
