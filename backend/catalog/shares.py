"""Queries about share links: one, those of a video, all of them; and their plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from backend.actor import actor
from backend.catalog import audit
from backend.catalog.models import AuditLine, ShareLink, Video
from backend.catalog.types import iso
from backend.catalog.videos import Scope
from backend.errors import BadField, NotFound

# Whoever comes back within this time is counted, but not written down once more.
_SAME_VISITOR = timedelta(hours=1)


@dataclass(frozen=True)
class ListedShare:
    share: ShareLink
    filename: str


@dataclass(frozen=True)
class SharePage:
    shares: Sequence[ListedShare]
    next_cursor: str | None


def get(session: Session, video_id: str, share_id: str) -> ShareLink:
    """One link of this video, or `NotFound`."""
    share = session.get(ShareLink, share_id)
    if share is None or share.video_id != video_id:
        raise NotFound(f"This video has no share link {share_id}.")
    return share


def of_video(session: Session, video_id: str) -> Sequence[ShareLink]:
    """Newest first."""
    found = select(ShareLink).where(ShareLink.video_id == video_id)
    return session.scalars(found.order_by(ShareLink.created_at.desc(), ShareLink.id.desc())).all()


def page(session: Session, scope: Scope, cursor: str, limit: int, *, living_at: datetime | None = None) -> SharePage:
    """Links of all videos, newest first. `cursor`: the id of the last one seen; `living_at`: only what opens then."""
    query = select(ShareLink, Video.original_filename).join(Video, Video.id == ShareLink.video_id)
    query = query.where(*scope.condition())
    if living_at is not None:
        query = query.where(ShareLink.revoked_at.is_(None), ShareLink.expires_at > living_at)
    seen = session.get(ShareLink, cursor) if cursor else None
    if cursor and seen is None:
        raise BadField("cursor is not one that a page gave.", detail={"field": "cursor"})
    if seen is not None:
        later = ShareLink.created_at < seen.created_at
        same = (ShareLink.created_at == seen.created_at) & (ShareLink.id < seen.id)
        query = query.where(later | same)
    rows = session.execute(query.order_by(ShareLink.created_at.desc(), ShareLink.id.desc()).limit(limit + 1)).all()
    shares = [ListedShare(share, filename) for share, filename in rows[:limit]]
    return SharePage(shares, shares[-1].share.id if len(rows) > limit else None)


def note_visit(session: Session, share: ShareLink, project_id: str, now: datetime) -> None:
    """Count one opening; the audit tells of each visitor, and not of every time somebody reloads."""
    opened = update(ShareLink).where(ShareLink.id == share.id).execution_options(synchronize_session=False)
    session.execute(opened.values(opened=ShareLink.opened + 1, last_opened_at=now))
    who = actor()
    before = exists().where(
        AuditLine.video_id == share.video_id,
        AuditLine.who_id == who.id,
        AuditLine.address == who.address,
        AuditLine.at > now - _SAME_VISITOR,
    )
    if not session.scalar(select(before)):
        audit.append(session, "share.opened", video_id=share.video_id, project_id=project_id, share=share.id)


def describe_share(share: ShareLink, url: str) -> dict[str, Any]:
    return {
        "id": share.id,
        "video_id": share.video_id,
        "url": url,
        "label": share.label,
        "may_download": share.may_download,
        "created_by": share.created_by,
        "created_at": iso(share.created_at),
        "expires_at": iso(share.expires_at),
        "revoked_at": iso(share.revoked_at),
        "opened": share.opened,
        "last_opened_at": iso(share.last_opened_at),
    }
