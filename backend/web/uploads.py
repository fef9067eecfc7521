"""The form doors: `POST /api/upload-video` (seed 003) and `POST /projects/{id}/videos` (seed 004)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from backend.errors import BadField
from backend.intake import checks
from backend.intake.receive import Intake, Saved, Upload
from backend.web import schemas
from backend.web.access import Right, needs, person, services
from backend.web.form_body import Form, read_form
from backend.web.openapi import shaped
from backend.web.saved_answer import RESPONSES, SHAPES, after_waiting, answer, idempotency_key, saved_answer

blueprint = APIBlueprint("uploads", __name__, tag="Upload")

# Boundaries, part headers and text fields around the file.
_FORM_OVERHEAD_BYTES = 16 * 1024 * 1024
# The same by usual forms: who has more around the file may be refused by a quota that this very form would fill.
_AROUND_BYTES = 64 * 1024


@blueprint.post("/api/upload-video")
@blueprint.doc(
    summary="Upload one video by form",
    responses=RESPONSES,
    extensions=shaped(SHAPES, form=True),
)
@needs(Right.UPLOAD)
def upload_video() -> Response:
    """Answers only when the file is durable. With `wait`, also waits for its copies up to that many seconds."""
    return saved_answer(*_receive("form", project_id=None))


@blueprint.post("/projects/<path:project_id>/videos")
@blueprint.doc(
    summary="Upload one video into a project",
    responses={201: "Saved: durable on the server's disk"},
    extensions=shaped({201: schemas.Asset}, form=True),
)
@needs(Right.UPLOAD)
def upload_to_project(project_id: str) -> Response:
    saved, wait_seconds = _receive("project-form", project_id=project_id)
    return answer(saved, 201, _seed_004(after_waiting(saved, wait_seconds)))


def _receive(door: str, project_id: str | None) -> tuple[Saved, float]:
    """Read the form into the intake and save it; whatever goes wrong, the upload is abandoned and told."""
    intake, settings = services().intake, services().settings
    sink = _Sink(intake, door)
    try:
        key = idempotency_key()
        least_bytes = max(0, (request.content_length or 0) - _FORM_OVERHEAD_BYTES)
        intake.refuse_too_large("The upload", least_bytes)
        intake.keep_reserve(least_bytes)
        sink.replays = intake.may_replay(person().caller.id, key)
        if project_id is not None:
            sink.hear("project_id", project_id)
        form = read_form(request, sink.open, sink.hear)
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
        self._project_id: str | None = None
        self.replays = False

    @property
    def upload(self) -> Upload:
        assert self._upload is not None, "read_form returns only after a file came"
        return self._upload

    def open(self, original_filename: str, declared_bytes: int | None) -> _Sink:
        self._upload = self._intake.open(original_filename, person().caller, self._door, declared_bytes)
        if self._project_id is not None:
            self._intake.make_room(self._upload, self._project_id, self._least_bytes)
        return self

    def hear(self, name: str, value: str) -> None:
        """As soon as the project is known its quota counts, be it before the file, in it or behind it.

        Not for a retry: it is answered with what it saved before, however full the project is by now.
        """
        if name != "project_id" or self.replays:
            return
        project_id = checks.read_facts({name: [value]}, datetime.now(UTC)).project_id
        person().check_project(project_id)
        if self._upload is not None:
            self._intake.make_room(self._upload, project_id, self._least_bytes)
        elif self._project_id is None:
            self._intake.quotas.demand("The upload", project_id, self._least_bytes)
            self._project_id = project_id

    @property
    def _least_bytes(self) -> int:
        """What the file holds at least: the body without the fields, boundaries and headers around it."""
        if self._upload is not None and self._upload.declared_bytes is not None:
            return self._upload.declared_bytes
        return max(0, (request.content_length or 0) - _AROUND_BYTES)

    def write(self, piece: bytes | bytearray) -> None:
        self._intake.write(self.upload, piece)

    def abandon(self, error: BaseException) -> None:
        if self._upload is not None:
            self._intake.abandon(self._upload, error)
        else:
            self._intake.turned_away(person().caller, error, self._door)


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


def _seed_004(video: dict[str, Any]) -> dict[str, Any]:
    return {
        "asset_id": video["id"],
        "filename": video["stored_filename"],
        "original_filename": video["original_filename"],
        "size_bytes": video["size_bytes"],
        "project_id": video["project_id"],
        "status": video["status"],
    }
