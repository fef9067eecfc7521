"""What is told of a video that others look like: how far the search is, and what was found, as plain JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend.catalog import fingerprints, videos
from backend.catalog.database import Database
from backend.catalog.describe import status_of
from backend.catalog.describe_media import describe_media
from backend.catalog.fingerprints import Alike
from backend.catalog.media import FINGERPRINT, facts_of
from backend.catalog.models import JobState, MediaState, Video
from backend.catalog.types import iso
from backend.catalog.videos import Scope

_OPEN = (JobState.WAITING, JobState.RUNNING)


def similar(database: Database, video: Video, scope: Scope, limit: int) -> dict[str, Any]:
    """`state`: ready | waiting | none; `reason` says why nothing was, or is yet, compared."""
    with database.read() as session:
        is_hashed = fingerprints.is_there(session, video.id)
        found = fingerprints.alike(session, video.id, scope, limit)
    state, reason = how_far(video, is_hashed=is_hashed)
    return {"state": state, "reason": reason, "similar": [_described(other, alike) for other, alike in found]}


def how_far(video: Video, *, is_hashed: bool) -> tuple[str, str | None]:
    job = next((job for job in video.media_jobs if job.kind == FINGERPRINT), None)
    if job is None:
        return _without_job(video)
    if job.state in _OPEN:
        return "waiting", job.error or None
    if job.state != JobState.DONE:
        return "none", job.error or "It was not compared."
    if job.result.get("frames"):
        return ("ready", None) if is_hashed else ("waiting", None)
    return "none", job.result.get("reason")


def _without_job(video: Video) -> tuple[str, str | None]:
    facts = facts_of(video)
    if facts is None:
        waits = video.media_state in (MediaState.NEW, MediaState.WORKING)
        return ("waiting" if waits else "none"), video.media_reason or None
    if not facts["video_codec"]:
        return "none", "It has sound only, and only pictures are compared."
    length = facts["duration_seconds"]
    if length is not None and length < 1:
        return "none", "It is too short to be compared."
    return "waiting", "It was saved before videos were compared. Its turn comes when nothing else is to be made."


def summaries(database: Database, ids: Sequence[str], scope: Scope) -> dict[str, dict[str, Any]]:
    """Of those of these videos that are here and may be seen, by their ids."""
    with database.read() as session:
        found = videos.several(session, ids, scope)
    return {video.id: _summary(video) for video in found}


def _summary(video: Video) -> dict[str, Any]:
    return {
        "id": video.id,
        "project_id": video.project_id,
        "original_filename": video.original_filename,
        "title": video.title,
        "status": status_of(video),
        "mime_type": video.mime_type,
        "size_bytes": video.size_bytes,
        "duration_seconds": video.duration_seconds,
        "camera_id": video.camera_id,
        "created_at": iso(video.created_at),
        "thumbnail": describe_media(video)["thumbnail"],
    }


def _described(other: Video, alike: Alike) -> dict[str, Any]:
    return {
        "video": _summary(other),
        "share_of_this": alike.share_of_this,
        "share_of_other": alike.share_of_other,
        "ranges": alike.ranges,
    }
