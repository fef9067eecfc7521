"""The audit over HTTP: what was done with one video, and everything that was done, also as one file."""

from __future__ import annotations

import json
from collections.abc import Iterator

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import videos
from backend.catalog.audit_list import Asked, describe_line, every, export_line, page
from backend.catalog.videos import EVERYTHING
from backend.errors import BadField
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import AuditPage

blueprint = APIBlueprint("audit", __name__, tag="Audit")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 500


@blueprint.get("/api/videos/<video_id>/audit")
@blueprint.doc(
    summary="Who changed what about one video, the newest first",
    description="From where (`address`) is told to operators.",
    responses={200: "One page"},
    extensions=shaped({200: AuditPage}, query=["limit", "cursor"]),
)
@needs(Right.READ)
def video_audit(video_id: str) -> Response:
    limit, cursor = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE), queries.one("cursor")
    with services().database.read() as session:
        video = videos.get_alone(session, video_id, person().scope)
        found = page(session, Asked(video_id=video.id), EVERYTHING, cursor, limit)
    shown = [describe_line(line, with_address=person().may(Right.OPERATE)) for line in found.lines]
    return jsonify({"success": True, "audit": shown, "next_cursor": found.next_cursor})


@blueprint.get("/api/audit")
@blueprint.doc(
    summary="Who changed what, when and from where, the newest first; or all of it as one file",
    description="`who`: a name or an id. `action`: such as video.trashed, or a noun alone (share) for all of its "
    "actions. `after` (included) and `before` (not included): ISO 8601 with a zone. `format=jsonl` answers with every "
    "line of the filters as JSON, the oldest first, with the digests that chain them; a token for some projects only "
    "gets the lines of these, which alone are no chain.",
    responses={200: "One page, or with `format=jsonl` application/x-ndjson"},
    extensions=shaped(
        {200: AuditPage}, query=["limit", "cursor", "who", "action", "video_id", "after", "before", "format"]
    ),
)
@needs(Right.ADMIN)
def all_audit() -> Response:
    asked = _asked()
    if queries.choice("format", ("json", "jsonl")) == "jsonl":
        return _export(asked)
    limit, cursor = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE), queries.one("cursor")
    with services().database.read() as session:
        found = page(session, asked, person().scope, cursor, limit)
    shown = [describe_line(line) for line in found.lines]
    return jsonify({"success": True, "audit": shown, "next_cursor": found.next_cursor})


def _export(asked: Asked) -> Response:
    database, scope = services().database, person().scope

    def lines() -> Iterator[str]:
        # Page by page while it is sent: as long as it is, it needs the memory of one page.
        for line in every(database, asked, scope):
            yield json.dumps(export_line(line)) + "\n"

    answer = Response(lines(), content_type="application/x-ndjson")
    answer.headers["Content-Disposition"] = 'attachment; filename="holdfast-audit.jsonl"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _asked() -> Asked:
    after, before = queries.instant("after"), queries.instant("before")
    if after is not None and before is not None and after >= before:
        raise BadField("before must be later than after.", detail={"field": "before"})
    return Asked(queries.one("who"), queries.one("action"), queries.one("video_id"), after, before)
