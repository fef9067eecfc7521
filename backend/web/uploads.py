"""The form doors: `POST /api/upload-video` (seed 003) and `POST /projects/{id}/videos` (seed 004)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from backend.catalog import videos
from backend.catalog.describe import describe
from backend.errors import BadField
from backend.intake import checks
from backend.intake.receipt import receipt
from backend.intake.receive import Intake, Saved, Upload
from backend.web import schemas
from backend.web.access import Right, needs, person, services
from backend.web.form_body import Form, read_form
from backend.web.openapi import shaped

blueprint = APIBlueprint("uploads", __name__, tag="Upload")

_LONGEST_KEY = 255
# Boundaries, part headers and text fields around the file.
_FORM_OVERHEAD_BYTES = 16 * 1024 * 1024
_POLL_SECONDS = 0.1


@blueprint.post("/api/upload-video")
@blueprint.doc(
    summary="Upload one video by form",
    responses={201: "Saved: durable on the server's disk"},
    extensions=shaped({201: schemas.Saved}, form=True),
)
@needs(Right.UPLOAD)
def upload_video() -> Response:
    """Answers only when the file is durable. With `wait`, also waits for its copies up to that many seconds."""
    saved, waited = _receive("form", project_id=None)
    return _answer(saved, waited, _seed_003)


@blueprint.post("/projects/<project_id>/videos")
@blueprint.doc(
    summary="Upload one video into a project",
    responses={201: "Saved: durable on the server's disk"},
    extensions=shaped({201: schemas.Asset}, form=True),
)
@needs(Right.UPLOAD)
def upload_to_project(project_id: str) -> Response:
    saved, waited = _receive("project-form", project_id=project_id)
    return _answer(saved, waited, _seed_004)


def _receive(door: str, project_id: str | None) -> tuple[Saved, float]:
    """Read the form into the intake and save it; whatever goes wrong, the upload is abandoned and told."""
    intake, settings = services().intake, services().settings
    sink = _Sink(intake, door)
    try:
        key = _idempotency_key()
        least_bytes = max(0, (request.content_length or 0) - _FORM_OVERHEAD_BYTES)
        intake.refuse_too_large("The upload", least_bytes)
        intake.keep_reserve(least_bytes)
        form = read_form(request, sink.open)
        facts = checks.read_facts(_fields(form, project_id), datetime.now(UTC))
        waited = checks.wait_seconds(_with_query(form), settings.upload_wait_seconds)
        person().check_project(facts.project_id)
        return intake.save(sink.upload, facts, key), waited
    except BaseException as error:
        sink.abandon(error)
        raise


class _Sink:
    """The form reader's way into the intake."""

    def __init__(self, intake: Intake, door: str) -> None:
        self._intake = intake
        self._door = door
        self._upload: Upload | None = None

    @property
    def upload(self) -> Upload:
        assert self._upload is not None, "read_form returns only after a file came"
        return self._upload

    def open(self, original_filename: str, declared_bytes: int | None) -> _Sink:
        self._upload = self._intake.open(original_filename, person().caller, self._door, declared_bytes)
        return self

    def write(self, piece: bytes | bytearray) -> None:
        self._intake.write(self.upload, piece)

    def abandon(self, error: BaseException) -> None:
        if self._upload is not None:
            self._intake.abandon(self._upload, error)
        else:
            self._intake.turned_away(person().caller, error)


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > _LONGEST_KEY or not key.isprintable():
        raise BadField(
            f"Idempotency-Key must be at most {_LONGEST_KEY} printable characters.",
            detail={"field": "Idempotency-Key"},
        )
    return key


def _fields(form: Form, project_id: str | None) -> dict[str, list[str]]:
    """The form's fields; the project of the path wins, and a different one in the form is a mistake."""
    if project_id is None:
        return form.fields
    named = form.fields.get("project_id", [project_id])
    if named != [project_id]:
        raise BadField(
            f"project_id says '{named[0]}', but the address says '{project_id}'.",
            detail={"field": "project_id"},
        )
    return {**form.fields, "project_id": [project_id]}


def _with_query(form: Form) -> dict[str, list[str]]:
    return form.fields if "wait" in form.fields else {"wait": request.args.getlist("wait")}


def _answer(saved: Saved, wait_seconds: float, shape: Callable[[dict[str, Any]], dict[str, Any]]) -> Response:
    video = saved.row
    if video is None or wait_seconds:
        _wait_for_copies(saved.video_id, wait_seconds)
        with services().database.read() as session:
            video = videos.get(session, saved.video_id)
    shown = describe(video, services().places.kinds) | {"receipt": receipt(services().signer, video)}
    answer = jsonify(shape(shown))
    answer.status_code = 201
    if saved.replayed:
        answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _wait_for_copies(video_id: str, seconds: float) -> None:
    """Give the copies a while; the answer tells how far they came either way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not services().desk.settled(video_id):
        threading.Event().wait(min(_POLL_SECONDS, max(0.0, end - time.monotonic())))


def _seed_003(video: dict[str, Any]) -> dict[str, Any]:
    label, name = video["content_type"], video["original_filename"]
    return {
        "success": True,
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
        "drive_link": None,
        "deliveries": video["deliveries"],
        "duplicate_of": video["duplicate_of"],
        "receipt": video["receipt"],
        "created_at": video["created_at"],
    }


def _seed_004(video: dict[str, Any]) -> dict[str, Any]:
    return {
        "asset_id": video["id"],
        "filename": video["stored_filename"],
        "original_filename": video["original_filename"],
        "size_bytes": video["size_bytes"],
        "project_id": video["project_id"],
        "status": video["status"],
    }
