"""Videos and deliveries as plain JSON: the shapes that HTTP and the command line share (spec section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from backend.catalog.describe_media import describe_media, thumbnail_path
from backend.catalog.describe_milestone import Kinds, footage_of, phase_of
from backend.catalog.holds import describe_hold
from backend.catalog.models import (
    FILE,
    LOCAL_DAMAGE,
    LOCAL_MISSING,
    NO_COPY_LEFT,
    SIDECAR,
    Delivery,
    DeliveryState,
    MediaState,
    Video,
)
from backend.catalog.types import iso
from backend.catalog.videos import hold_facts_of

# The kind of target that seed 003 knows: its link and its failures have a place of their own in answers.
DRIVE = "drive"


_BY_MEDIA = {
    MediaState.NEW: "processing",
    MediaState.WORKING: "processing",
    MediaState.READY: "ready",
    MediaState.UNPLAYABLE: "unplayable",
    MediaState.NO_TOOLS: "no-media-tools",
}
_WAITING = (DeliveryState.PENDING, DeliveryState.IN_PROGRESS, DeliveryState.PARKED, DeliveryState.DAMAGED)


def status_of(video: Video) -> str:
    if video.trashed_at is not None:
        return "trashed"
    local = local_of(video)
    if local == "present":
        return _BY_MEDIA[MediaState(video.media_state)]
    verified = any(d.state == DeliveryState.DELIVERED for d in video.deliveries)
    lost = any(d.error_code == NO_COPY_LEFT for d in video.deliveries)
    return "remote-only" if verified or (local == "pruned" and not lost) else "unplayable"


def local_of(video: Video) -> str:
    """What is known of the bytes here: present | missing | damaged | pruned (removed on purpose)."""
    if video.local_state != "present":
        return "pruned"
    for damage in video.damages:
        if damage.part == FILE:
            return "missing" if damage.kind == "missing" else "damaged"
    codes = {d.error_code for d in video.deliveries}
    if LOCAL_MISSING in codes:
        return "missing"
    return "damaged" if LOCAL_DAMAGE in codes else "present"


def local_reason_of(video: Video) -> str | None:
    """What is wrong with the file here, or with the sidecar beside it, in words."""
    parts = {damage.part: damage.reason for damage in video.damages}
    file = parts.get(FILE) if video.local_state == "present" else None
    return file or parts.get(SIDECAR)


def describe(video: Video, kinds: Mapping[str, str] | None = None, at: datetime | None = None) -> dict[str, Any]:
    """Seed 004's item with our additions. `kinds` maps target names to kinds.

    `at`: an instant that has certainly come, for which holds are over; by default now (see `catalog.clock`).
    """
    at = at or datetime.now(UTC)
    holds = [describe_hold(hold) for hold in video.holds if hold_facts_of(hold).counts(at)]
    return {
        "id": video.id,
        "project_id": video.project_id,
        "filename": video.stored_filename,
        "stored_filename": video.stored_filename,
        "original_filename": video.original_filename,
        "relative_path": video.relative_path,
        "checksum": f"sha256:{video.sha256}" if video.sha256 else None,
        "sha256": video.sha256 or None,
        "sha1": video.sha1 or None,
        "size_bytes": video.size_bytes,
        "mime_type": video.mime_type,
        "status": status_of(video),
        "local": local_of(video),
        "local_reason": local_reason_of(video),
        "thumbnail_path": thumbnail_path(video),
        "duration_seconds": video.duration_seconds,
        "media": describe_media(video),
        "metadata": video.custom,
        "title": video.title,
        "description": video.description,
        "tags": [t.tag for t in video.tags],
        "content_type": video.content_type,
        "source": video.source,
        "camera_id": video.camera_id,
        "start_time": iso(video.start_at),
        "end_time": iso(video.end_at),
        "duplicate_of": video.duplicate_of,
        "uploaded_by": video.uploaded_by,
        "node": video.node,
        "expires_at": iso(video.expires_at),
        "trashed_at": iso(video.trashed_at),
        "created_at": iso(video.created_at),
        "updated_at": iso(video.updated_at),
        "held": bool(holds),
        "holds": holds,
        "drive_link": drivelink_of(video, kinds or {}),
        "deliveries": [describe_delivery(d, video, kinds) for d in video.deliveries],
    }


def drivelink_of(video: Video, kinds: Mapping[str, str]) -> str | None:
    """Where people open the video's verified copy on Google Drive, if it has one."""
    links = (link_of(d, kinds) for d in video.deliveries if kinds.get(d.target) == DRIVE)
    return next(filter(None, links), None)


def link_of(delivery: Delivery | Row[Any], kinds: Mapping[str, str] | None = None) -> str | None:
    """Where people open a copy. Only a verified one: any other may be gone, or hold something else. Of a VMS among the
    `kinds` as it is configured now; what was stored with the copy serves where the VMS is configured no more."""
    if delivery.state != DeliveryState.DELIVERED:
        return None
    address_of = kinds.watched.get(delivery.target) if isinstance(kinds, Kinds) else None
    return (address_of(delivery.proof) if address_of else delivery.link) or None


def describe_delivery(delivery: Delivery, video: Video, kinds: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One ledger row. Resume state and proofs stay inside: they may hold secrets. `expires_at`: when a copy goes by
    itself that was verified when it was made; it is not looked for again. `phase`, `footage`: of a VMS's copy alone."""
    return describe_copy(delivery, video.size_bytes, kinds)


# What `describe_copy` reads of a row.
TOLD_OF_A_COPY = (
    "target", "state", "attempts", "bytes_sent", "bytes_per_second", "next_attempt_at", "error", "error_code",
    "remote_key", "link", "updated_at", "verified_at", "proof", "resume",
)  # fmt: skip


def describe_copy(
    delivery: Delivery | Row[Any], size_bytes: int, kinds: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """As `describe_delivery`, for who knows no more of the video than its size."""
    moving = delivery.state == DeliveryState.IN_PROGRESS
    rate = delivery.bytes_per_second if moving else None
    waits = delivery.state == DeliveryState.PENDING and delivery.attempts > 0
    error = delivery.error or _why_it_never_goes(delivery, kinds)
    return {
        "target": delivery.target,
        "kind": (kinds or {}).get(delivery.target),
        "state": delivery.state,
        "phase": phase_of(delivery, kinds),
        "attempts": delivery.attempts,
        "bytes_sent": delivery.bytes_sent,
        "bytes_total": size_bytes,
        "bytes_per_second": round(rate) if rate else None,
        # Of what stands still it would be told in ages of the world.
        "seconds_left": round((size_bytes - delivery.bytes_sent) / rate, 1) if rate and rate >= 1 else None,
        "next_attempt_at": iso(delivery.next_attempt_at) if waits else None,
        "error": error or None,
        "error_code": delivery.error_code or None,
        "remote_key": delivery.remote_key or None,
        "link": link_of(delivery, kinds),
        "updated_at": iso(delivery.updated_at),
        "verified_at": iso(delivery.verified_at),
        "expires_at": delivery.proof.get("expires_at") if delivery.state == DeliveryState.DELIVERED else None,
        "footage": footage_of(delivery, kinds),
    }


def _why_it_never_goes(delivery: Delivery | Row[Any], kinds: Mapping[str, str] | None) -> str:
    if kinds is None or delivery.target in kinds or delivery.state not in _WAITING:
        return ""
    return f"“{delivery.target}” is not configured (any more), so nothing is sent there. Configure it again."
