"""Exports over HTTP (seed 001): ask for a clip, watch it being made, fetch it with its proof, end it."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from backend.catalog.exports import ExportPage as FoundPage
from backend.catalog.models import Export as ExportRow
from backend.catalog.models import ExportStatus
from backend.catalog.segments import camera_of
from backend.errors import BadField, NotFound
from backend.exports.desk import ExportDesk, Requester
from backend.exports.manifest import payload_of
from backend.exports.order import Order, read_order
from backend.web import disposition, queries
from backend.web.access import Right, needs, person, services
from backend.web.content import ANSWERS, CONDITIONS, serve_file
from backend.web.openapi import shaped
from backend.web.schemas import Done, ExportEstimate, ExportManifest, ExportPage, OneExport

blueprint = APIBlueprint("exports", __name__, tag="Cameras")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 200
_PATH = "/api/v1/storage/exports"
_WHOSE = "An uploader may do this with its own exports, an operator with all."
_BODY: dict[str, object] = {
    "camera_ids": ["123e4567-e89b-12d3-a456-426614174000"],
    "start_time": "2026-01-31T10:00:00Z",
    "end_time": "2026-01-31T10:30:00Z",
    "format": "mp4",
    "reason": "Traffic incident investigation",
    "cut": "fast",
    "layout": "files",
    "slate": False,
    "incomplete": "fail",
    "keep_hours": 168,
}
_REQUIRED = ("camera_ids", "start_time", "end_time")
_WORDS = (
    "1 to 16 cameras, at most seven days. `format`: mp4 or mkv; several cameras give a zip of one file each, or with "
    "`layout: grid` one picture of all. `cut: fast` copies whole pictures and says the bounds that this gives; `exact` "
    "gives those that were asked, encoded anew where it must be. `slate` (needs exact) shows gaps as such. "
    "`incomplete`: what to do when a part cannot be had: `fail`, or give the rest, marked `partial`. `keep_hours`: how "
    "long the result is kept, else EXPORT_DAYS. A token that is limited to projects cuts from theirs only."
)


@blueprint.post(_PATH)
@blueprint.doc(
    summary="Ask for a clip of some cameras between two instants",
    description=_WORDS,
    responses={202: "It waits for a worker", 404: "A camera that recorded nothing you may see"},
    extensions=shaped({202: OneExport}, body=_BODY, required=_REQUIRED),
)
@needs(Right.EDIT)
def create() -> tuple[Response, int]:
    return _one(_desk().create(_order(), _requester())), 202


@blueprint.post(f"{_PATH}/estimate")
@blueprint.doc(
    summary="What there is for an export, and a guess at its size and time; nothing is made",
    description="The body is that of `POST /api/v1/storage/exports`. `gaps`: how many there are.",
    responses={200: "The guess", 404: "A camera that recorded nothing you may see"},
    extensions=shaped({200: ExportEstimate}, body=_BODY, required=_REQUIRED),
)
@needs(Right.EDIT)
def estimate() -> Response:
    return jsonify({"success": True} | _desk().estimate(_order(), _requester()))


@blueprint.get(_PATH)
@blueprint.doc(
    summary="Exports, newest first",
    description="`status`: PENDING, PROCESSING, COMPLETED, FAILED, CANCELLED or EXPIRED. A token that is limited to "
    "projects sees those of requesters who may see no more than it does.",
    responses={200: "One page"},
    extensions=shaped({200: ExportPage}, query=["status", "limit", "cursor"]),
)
@needs(Right.READ)
def listed() -> Response:
    limit = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE)
    status = queries.choice("status", [str(status) for status in ExportStatus])
    desk = _desk()
    found = desk.page(person().scope, limit, _place(queries.one("cursor")), status)
    shown = [desk.describe(one) for one in found.exports]
    return jsonify({"success": True, "count": len(shown), "exports": shown, "next_cursor": _cursor(found)})


@blueprint.get(f"{_PATH}/<export_id>")
@blueprint.doc(
    summary="One export: how far it is, what it holds, where it can be had",
    description="`download_url`: a link that is good for a day without a token, once the copy in the bucket of exports "
    "is verified, and the audit says who was given one; else the path of this server's own download, as in lists. "
    "`bounds`: what was asked and given of each camera; `gaps`: what was not recorded; `problems`: what cannot be had.",
    responses={200: "The export"},
    extensions=shaped({200: OneExport}),
)
@needs(Right.READ)
def one(export_id: str) -> Response:
    found = _desk().get(export_id, person().scope)
    return jsonify({"success": True} | _desk().describe_with_link(found, _requester()))


@blueprint.get(f"{_PATH}/<export_id>/download")
@blueprint.doc(
    summary="The result, for saving: ranges and conditional requests",
    responses={**ANSWERS, 409: "It is not made (code `not-ready`)", 410: "It was removed (code `export-gone`)"},
    extensions=shaped({}, headers=CONDITIONS),
)
@needs(Right.READ)
def download(export_id: str) -> Response:
    scope = person().scope
    found = _desk().file(export_id, scope)
    try:
        answer = serve_file(
            found.path,
            mime_type=found.mime_type,
            etag=found.sha256,
            modified_at=found.modified_at,
            disposition=disposition.written("attachment", found.name),
        )
    except FileNotFoundError:
        raise NotFound(f"The file of the export {export_id} was removed just now.") from None
    if request.method == "GET" and answer.status_code in (200, 206):
        _desk().note_download(export_id, _requester(), part=answer.status_code == 206)
    answer.headers["Content-Type"] = found.mime_type
    return answer


@blueprint.get(f"{_PATH}/<export_id>/manifest")
@blueprint.doc(
    summary="The signed manifest: where every second comes from, what was asked, given and missing",
    description="A compact JWS (RFC 7515, EdDSA) by the key of `GET /api/receipt-key`. An mp4 carries it at its end, a "
    "zip within; beside an mkv it is needed. `video_manager verify-export FILE` checks a file by it, offline.",
    responses={200: "The manifest, also of a result that is gone", 409: "It is not made (code `not-ready`)"},
    extensions=shaped({200: ExportManifest}),
)
@needs(Right.READ)
def manifest(export_id: str) -> Response:
    signed = _desk().manifest(export_id, person().scope)
    return jsonify({"success": True, "manifest": signed, "payload": payload_of(signed)})


@blueprint.post(f"{_PATH}/<export_id>/cancel")
@blueprint.doc(
    summary="End an export that waits or is being made",
    description=_WHOSE,
    responses={200: "It is CANCELLED", 409: "It is over already"},
    extensions=shaped({200: OneExport}),
)
@needs(Right.EDIT)
def cancel(export_id: str) -> Response:
    return _one(_desk().cancel(export_id, _requester()))


@blueprint.post(f"{_PATH}/<export_id>/retry")
@blueprint.doc(
    summary="Begin a failed or cancelled export anew; of one that is made, send its failed copy again",
    description=_WHOSE,
    responses={200: "It waits for a worker", 409: "It is neither failed nor cancelled"},
    extensions=shaped({200: OneExport}),
)
@needs(Right.EDIT)
def retry(export_id: str) -> Response:
    return _one(_desk().retry(export_id, _requester()))


@blueprint.delete(f"{_PATH}/<export_id>")
@blueprint.doc(
    summary="Remove the result of an export, here and in the bucket; the recordings stay",
    description=f"{_WHOSE} It is EXPIRED from then on. One without a result is forgotten.",
    responses={200: "It is gone", 409: "It waits or is being made: cancel it first"},
    extensions=shaped({200: Done}),
)
@needs(Right.EDIT)
def delete(export_id: str) -> Response:
    _desk().delete(export_id, _requester())
    return jsonify({"success": True})


def _desk() -> ExportDesk:
    return services().exports


def _requester() -> Requester:
    who = person()
    return Requester(who.id, who.name, who.scope, any_export=who.may(Right.OPERATE))


def _order() -> Order:
    return read_order(queries.json_body())


def _one(export: ExportRow) -> Response:
    return jsonify({"success": True} | _desk().describe(export))


def _cursor(found: FoundPage) -> str | None:
    if found.next_cursor is None:
        return None
    at, export_id = found.next_cursor
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), export_id]).encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[datetime, str] | None:
    if not cursor:
        return None
    try:
        given: Any = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at, export_id = datetime.fromisoformat(given[0]), str(given[1])
        if at.tzinfo is None or camera_of(export_id) is None:
            raise ValueError
    except (ValueError, TypeError, IndexError, KeyError, binascii.Error):
        raise BadField("cursor is not one that a page gave.", detail={"field": "cursor"}) from None
    return at, export_id
