"""What is being fetched back, and how the last try ended: so that every process can tell it and begin it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.catalog.models import Restore


def get(session: Session, video_id: str) -> Restore | None:
    return session.get(Restore, video_id)


def begin(session: Session, video_id: str, node: str, now: datetime) -> None:
    session.merge(Restore(video_id=video_id, node=node, started_at=now, ended_at=None, error=""))


def fail(session: Session, video_id: str, error: str, now: datetime) -> None:
    row = session.get(Restore, video_id)
    if row is not None:
        row.ended_at, row.error = now, error


def forget(session: Session, video_id: str) -> bool:
    """It is here."""
    row = session.get(Restore, video_id)
    if row is not None:
        session.delete(row)
    return row is not None


def unfinished(session: Session, node: str, before: datetime) -> Sequence[str]:
    """Videos whose fetch was begun on this node before then, and not ended: it runs, or a kill cut it off."""
    cut_off = (Restore.node == node, Restore.ended_at.is_(None), Restore.started_at <= before)
    query = select(Restore.video_id).where(*cut_off)
    return session.scalars(query.order_by(Restore.started_at)).all()
