"""The audit's lines of locks that holds make elsewhere, and that end with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session, raiseload

from backend.catalog import audit
from backend.catalog.models import Video
from backend.outbox.locked import lock_of
from backend.targets.base import RemoteCopy


def tell_locked(session: Session, target: str, video_id: str, lock_id: str, reason: str, instead_of: str) -> None:
    """A lock was made. `instead_of`: the one that was made before and is gone, "" for none."""
    more = {"instead_of": instead_of} if instead_of else {}
    _tell(session, "evidence.locked", target, video_id, lock=lock_id, reason=reason, **more)


def tell_unlocked(session: Session, target: str, video_id: str, copies: Iterable[RemoteCopy]) -> None:
    """The target let go of all these. Without a lock in them it was not known whether one had been made."""
    _tell(session, "evidence.unlocked", target, video_id, locks=[lock_of(copy) for copy in copies if lock_of(copy)])


def _tell(session: Session, action: str, target: str, video_id: str, **what: Any) -> None:
    video = session.get(Video, video_id, options=[raiseload("*")])
    project_id = video.project_id if video is not None else ""
    audit.append(session, action, video_id=video_id, project_id=project_id, target=target, **what)
