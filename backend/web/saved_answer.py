"""The answer to an upload that is saved, the same at each door that answers as seed 003 does."""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import Response, jsonify, request

from backend.catalog import videos
from backend.catalog.describe import DRIVE, describe
from backend.catalog.models import LOCAL_FAILURES, DeliveryState
from backend.errors import BadField
from backend.intake.receipt import receipt
from backend.intake.receive import Saved
from backend.web import schemas
from backend.web.access import services

_LONGEST_KEY = 255
_POLL_SECONDS = 0.1
_NOT_THERE = (DeliveryState.PENDING, DeliveryState.IN_PROGRESS, DeliveryState.PARKED, DeliveryState.FAILED)

# For a route's description.
RESPONSES = {
    201: "Saved: durable on the server's disk",
    202: "Saved as well; the first try to copy it to Drive failed while the answer waited, and more follow",
}
SHAPES: dict[int, type[schemas.Shape]] = {201: schemas.Saved, 202: schemas.SavedNotOnDrive}


def idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise BadField(
            f"Idempotency-Key must be at most {_LONGEST_KEY} printable characters.",
            detail={"field": "Idempotency-Key"},
        )
    return key


def saved_answer(saved: Saved, wait_seconds: float) -> Response:
    """Seed 003's answer: 201, or 202 when the first try to reach Drive failed while it waited."""
    video = after_waiting(saved, wait_seconds)
    failure = _drive_failure(video["deliveries"]) if wait_seconds else None
    if failure is None:
        return answer(saved, 201, {"success": True} | _seed_003(video))
    told = {
        "success": False,
        "error": f"Failed to upload to Drive: {failure}",
        "message": "Video saved locally but Drive upload failed. Video is NOT lost.",
    }
    return answer(saved, 202, told | _seed_003(video))


def after_waiting(saved: Saved, wait_seconds: float) -> dict[str, Any]:
    """The video as it stands once its copies had their time, with its receipt."""
    video = saved.row
    if video is None or wait_seconds:
        _wait_for_copies(saved.video_id, wait_seconds)
        with services().database.read() as session:
            video = videos.get(session, saved.video_id)
    return describe(video, services().places.kinds) | {"receipt": receipt(services().signer, video)}


def answer(saved: Saved, status: int, body: dict[str, Any]) -> Response:
    made = jsonify(body)
    made.status_code = status
    if saved.replayed:
        made.headers["Idempotency-Replayed"] = "true"
    return made


def sha256_of(saved: Saved) -> str:
    """The saved file's digest, in hex."""
    if saved.row is not None:
        return saved.row.sha256
    with services().database.read() as session:
        return videos.get(session, saved.video_id).sha256


def _drive_failure(deliveries: list[dict[str, Any]]) -> str | None:
    """Why Drive has no copy though it was tried. Not when our own file is to blame: then "NOT lost" might be wrong."""
    failed = (d for d in deliveries if d["kind"] == DRIVE and d["state"] in _NOT_THERE)
    return next((d["error"] for d in failed if d["error"] and d["error_code"] not in LOCAL_FAILURES), None)


def _wait_for_copies(video_id: str, seconds: float) -> None:
    """Give the copies a while; the answer tells how far they came either way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not services().desk.settled(video_id):
        threading.Event().wait(min(_POLL_SECONDS, max(0.0, end - time.monotonic())))


def _seed_003(video: dict[str, Any]) -> dict[str, Any]:
    label, name = video["content_type"], video["original_filename"]
    return {
        "video_id": video["id"],
        "filename": f"{label}_{name}" if label else name,
        "original_filename": name,
        "stored_filename": video["stored_filename"],
        "local_backup": video["relative_path"],
        "file_size_mb": round(video["size_bytes"] / 1024 / 1024, 2),
        "size_bytes": video["size_bytes"],
        "mime_type": video["mime_type"],
        "project_id": video["project_id"],
        "checksum": video["checksum"],
        "drive_link": video["drive_link"],
        "deliveries": video["deliveries"],
        "duplicate_of": video["duplicate_of"],
        "receipt": video["receipt"],
        "created_at": video["created_at"],
    }
