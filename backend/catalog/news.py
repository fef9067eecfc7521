"""Which events a change is, judged by the row itself before and after: what is done once more is no news.

Between the sidecar and the row of a change lies a moment at which a crash may cut it off. Whoever brings the row after
calls this too, so each change is told once, in the transaction that made it visible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from backend.catalog import events
from backend.catalog.models import MediaState, Video
from backend.events import (
    VIDEO_DELETED,
    VIDEO_PRUNED,
    VIDEO_PURGED,
    VIDEO_READY,
    VIDEO_RESTORED,
    VIDEO_UNPLAYABLE,
    VIDEO_UPDATED,
)

_SAID = ("title", "description", "content_type", "source", "camera_id", "start_at", "end_at", "custom", "expires_at")
# What is taken from the bytes after the save, of some files.
_TAKEN_LATER = ("sha256", "sha1")
_AT_THE_END = {"pruned": VIDEO_PRUNED, "purged": VIDEO_PURGED}
_OF_MEDIA = {MediaState.READY: VIDEO_READY, MediaState.UNPLAYABLE: VIDEO_UNPLAYABLE}


@dataclass(frozen=True)
class Before:
    """What a row said."""

    said: dict[str, Any]
    in_trash: bool
    local_state: str


def before(video: Video) -> Before:
    said = {name: getattr(video, name) for name in (*_SAID, *_TAKEN_LATER)}
    said["tags"] = [tag.tag for tag in video.tags]
    said["holds"] = {(hold.id, hold.until_at) for hold in video.holds}
    return Before(said, video.trashed_at is not None, video.local_state)


def tell(session: Session, was: Before, video: Video, **why: Any) -> None:
    """Write down what is different now. `why`: JSON values that go with it."""
    now = before(video)
    if now.local_state != was.local_state and now.local_state in _AT_THE_END:
        events.append(session, _AT_THE_END[now.local_state], video, **why)
    if now.in_trash != was.in_trash:
        events.append(session, VIDEO_DELETED if now.in_trash else VIDEO_RESTORED, video, **why)
    changed = [name for name in now.said if now.said[name] != was.said[name]]
    if now.local_state == "present" and was.local_state == "pruned":
        changed.append("local_state")
    if changed:
        told = ["metadata" if name == "custom" else name for name in changed]
        events.append(session, VIDEO_UPDATED, video, changed=told)


def tell_media(session: Session, was: str, video: Video) -> None:
    """That it plays now, or cannot be played. `was`: its `media_state` before."""
    name = _OF_MEDIA.get(MediaState(video.media_state))
    if name is not None and video.media_state != was:
        reason = {"reason": video.media_reason} if video.media_reason else {}
        events.append(session, name, video, duration_seconds=video.duration_seconds, **reason)
