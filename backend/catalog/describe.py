"""Videos, deliveries and totals as plain JSON: the shapes that HTTP and the command line share (spec section 6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backend.catalog.models import LOCAL_DAMAGE, LOCAL_MISSING, Delivery, DeliveryState, Video
from backend.catalog.stats import Amount, Totals


def iso(at: datetime | None) -> str | None:
    """UTC ISO 8601 with Z, to the millisecond."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def status_of(video: Video) -> str:
    if video.trashed_at is not None:
        return "trashed"
    local = local_of(video)
    if local == "present":
        return "ready"
    verified = any(d.state == DeliveryState.DELIVERED for d in video.deliveries)
    return "remote-only" if local == "pruned" or verified else "unplayable"


def local_of(video: Video) -> str:
    """What is known of the bytes here: present | missing | damaged | pruned (removed on purpose)."""
    if video.local_state != "present":
        return "pruned"
    codes = {d.error_code for d in video.deliveries}
    if LOCAL_MISSING in codes:
        return "missing"
    return "damaged" if LOCAL_DAMAGE in codes else "present"


def describe(video: Video, kinds: dict[str, str] | None = None) -> dict[str, Any]:
    """Seed 004's item with our additions. `kinds` maps target names to kinds."""
    return {
        "id": video.id,
        "project_id": video.project_id,
        "filename": video.stored_filename,
        "stored_filename": video.stored_filename,
        "original_filename": video.original_filename,
        "relative_path": video.relative_path,
        "checksum": f"sha256:{video.sha256}",
        "sha256": video.sha256,
        "size_bytes": video.size_bytes,
        "mime_type": video.mime_type,
        "status": status_of(video),
        "local": local_of(video),
        "thumbnail_path": None,
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
        "deliveries": [describe_delivery(d, video, kinds) for d in video.deliveries],
    }


def describe_delivery(delivery: Delivery, video: Video, kinds: dict[str, str] | None = None) -> dict[str, Any]:
    """One ledger row. Resume state and proofs stay inside: they may hold secrets."""
    moving = delivery.state == DeliveryState.IN_PROGRESS
    rate = delivery.bytes_per_second if moving else None
    waits = delivery.state == DeliveryState.PENDING and delivery.attempts > 0
    return {
        "target": delivery.target,
        "kind": (kinds or {}).get(delivery.target),
        "state": delivery.state,
        "attempts": delivery.attempts,
        "bytes_sent": delivery.bytes_sent,
        "bytes_total": video.size_bytes,
        "bytes_per_second": round(rate) if rate else None,
        "seconds_left": round((video.size_bytes - delivery.bytes_sent) / rate, 1) if rate else None,
        "next_attempt_at": iso(delivery.next_attempt_at) if waits else None,
        "error": delivery.error or None,
        "error_code": delivery.error_code or None,
        "remote_key": delivery.remote_key or None,
        "updated_at": iso(delivery.updated_at),
        "verified_at": iso(delivery.verified_at),
    }


def describe_totals(totals: Totals, disk_free_bytes: int) -> dict[str, Any]:
    """The figures of `/api/videos/storage-stats`."""
    return {
        "total_videos": totals.videos.count,
        "total_size_bytes": totals.videos.bytes,
        "total_size_mb": round(totals.videos.bytes / 1024 / 1024, 2),
        "physical_bytes": totals.physical_bytes,
        "disk_free_bytes": disk_free_bytes,
        "oldest": iso(totals.oldest_at),
        "newest": iso(totals.newest_at),
        "by_project": _amounts(totals.by_project),
        "by_content_type": _amounts(totals.by_content_type),
        "deliveries": {target: _amounts(states) for target, states in totals.deliveries.items()},
    }


def _amounts(by_name: dict[str, Amount]) -> dict[str, Any]:
    return {name: {"count": amount.count, "bytes": amount.bytes} for name, amount in by_name.items()}
