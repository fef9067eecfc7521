"""Recordings of cameras, as seed 001 asks for them: register one, list a camera's, delete one."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import segment_list
from backend.catalog.lines import camera_of
from backend.catalog.segment_list import stretch_as_json
from backend.catalog.types import iso
from backend.errors import BadField
from backend.intake.segment_wish import read_wish
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.cameras import bounds_asked
from backend.web.openapi import shaped
from backend.web.schemas import RegisteredSegment, SegmentPage, SegmentTrashed

blueprint = APIBlueprint("segments", __name__, tag="Cameras")

_BELOW = "/api/v1/storage/segments"
_NEEDED = ["camera_id", "start_time", "end_time", "file_path"]
_BODY: dict[str, object] = {
    "camera_id": "123e4567-e89b-12d3-a456-426614174000",
    "start_time": "2025-01-23T10:00:00Z",
    "end_time": "2025-01-23T11:00:00Z",
    "file_path": "/recordings/segment.ts",
    "size_bytes": 157286400,
    "duration_seconds": 3600,
    "project_id": "default",
    "title": "Gate, north",
    "tags": ["night"],
}
_ON_A_PAGE, _MOST_ON_A_PAGE = 1000, 5000


@blueprint.post(_BELOW)
@blueprint.doc(
    summary="Register a recorder's file as a segment",
    description="`file_path` lies below one of SEGMENT_ROOTS on this server, and no symbolic link leads to it. The "
    "file itself stays as it is: its data is shared where the file system can, else copied; with SEGMENT_ADOPT=link "
    "it gets a second name. `checksum` is null until what was not copied is hashed; only then is it sent elsewhere. "
    "The same camera, bounds and content again is the same segment.",
    responses={
        200: "It was registered before: `already_registered`",
        201: "Registered: durable on the server's disk",
        404: "There is no such file",
        409: "Code `still-recording`: the file has another size than `size_bytes`, or is being written to; or it "
        "cannot be linked; or the content is here already (DUPLICATES=reject)",
        415: "A type that is not taken",
        422: "`camera_id` is no UUID, the times make no sense or are more than 7 days apart, `duration_seconds` "
        "contradicts them, or `file_path` lies outside SEGMENT_ROOTS or is no regular file",
        507: "No room on the server, or the project's quota is reached (code `quota`)",
    },
    extensions=shaped({200: RegisteredSegment, 201: RegisteredSegment}, body=_BODY, required=_NEEDED),
)
@needs(Right.EDIT)  # who may upload may edit; and the body is a few fields
def register() -> tuple[Response, int]:
    wish = read_wish(queries.json_body(), datetime.now(UTC))
    person().check_project(wish.facts.project_id)
    done = services().registrar.register(wish, person().caller)
    with services().database.read() as session:
        row = segment_list.one(session, done.video_id)
        shown = _shown(row, segment_list.deliveries_of(session, row.video_id))
    answer = jsonify({"success": True, **shown, "already_registered": not done.is_new})
    return answer, 201 if done.is_new else 200


@blueprint.get(f"{_BELOW}/<camera_id>")
@blueprint.doc(
    summary="Every segment of a camera that overlaps a stretch of time, in order, and the gaps between them",
    description="`start` and `end` are both needed; `end` is not part of the stretch, so a segment that only touches "
    "it is not listed. `gaps` are those of what the page covers: all pages together tell every one. What lies in the "
    "trash is not listed and counts as a gap; a token limited to projects sees those of its projects.",
    responses={200: "One page, by start and end"},
    extensions=shaped({200: SegmentPage}, query=["start", "end", "limit", "cursor"]),
)
@needs(Right.READ)
def segments_of(camera_id: str) -> Response:
    known = camera_of(camera_id)
    if known is None:
        raise BadField(f"camera_id: '{camera_id[:100]}' is no UUID.", detail={"field": "camera_id"})
    bounds, limit = bounds_asked(), queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE)
    with services().database.read() as session:
        page = segment_list.page(session, known, bounds, person().scope, queries.one("cursor"), limit)
        shown = [_shown(row, page.deliveries.get(row.video_id, ())) for row in page.segments]
    for backend, count in Counter(row.storage_backend for row in page.segments).items():
        services().log.write("debug", "segment_retrieved", camera=known, backend=backend, count=count)
    return jsonify(
        {
            "success": True,
            "camera_id": known,
            **stretch_as_json(bounds),
            "segments": shown,
            "gaps": [stretch_as_json(gap) for gap in page.gaps],
            "next_cursor": page.next_cursor,
        }
    )


@blueprint.delete(f"{_BELOW}/<segment_id>")
@blueprint.doc(
    summary="Move a segment to the trash",
    description="As `DELETE /api/videos/{id}`; `POST /api/videos/{id}/restore-from-trash` takes it back.",
    responses={200: "In the trash", 409: "It is held: `detail.holds` says by whom and why"},
    extensions=shaped({200: SegmentTrashed}),
)
@needs(Right.OPERATE)
def delete_segment(segment_id: str) -> Response:
    with services().database.read() as session:
        row = segment_list.one(session, segment_id, person().scope)
    gone_at = services().trash.throw_away(row.video_id, person().name, person().scope)
    return jsonify({"success": True, "id": row.id, "video_id": row.video_id, "purged_after": iso(gone_at)})


def _shown(row: Any, deliveries: Any) -> dict[str, Any]:
    settings, bucket = services().settings, services().picture_bucket
    name = bucket.name if bucket is not None else None
    return segment_list.describe(row, deliveries, settings.storage_mode, services().places.kinds, name)
