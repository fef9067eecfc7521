"""Holds over HTTP: put one on a video, release it, see those in force."""

from __future__ import annotations

from datetime import UTC, datetime

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog.holds import describe_hold
from backend.errors import BadField
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import json_body
from backend.web.schemas import Done, HoldList, OneHold

blueprint = APIBlueprint("holds", __name__, tag="Holds")


@blueprint.get("/api/videos/<video_id>/hold")
@blueprint.doc(
    summary="The holds in force on a video", responses={200: "Its holds"}, extensions=shaped({200: HoldList})
)
@needs(Right.READ)
def list_holds(video_id: str) -> Response:
    found = services().holder.of(video_id, person().scope)
    return jsonify({"success": True, "holds": [describe_hold(hold) for hold in found]})


@blueprint.post("/api/videos/<video_id>/hold")
@blueprint.doc(
    summary="Hold a video",
    responses={201: "Held", 409: "Its bytes were removed at the end of the trash"},
    extensions=shaped(
        {201: OneHold}, body={"reason": "Evidence in case 4711", "until": "2027-01-31T12:00:00Z"}, required=["reason"]
    ),
)
@needs(Right.OPERATE)
def hold(video_id: str) -> Response:
    """Until then, or until it is released, neither people nor rules delete the video, its local bytes or its copies.

    `until` may be left out or null: the hold ends when somebody releases it.
    """
    reason, until_at = _read(json_body())
    made = services().holder.hold(video_id, reason, until_at, person().scope)
    answer = jsonify({"success": True, "hold": describe_hold(made)})
    answer.status_code = 201
    return answer


@blueprint.delete("/api/videos/<video_id>/hold/<hold_id>")
@blueprint.doc(summary="Release a hold", responses={200: "Released"}, extensions=shaped({200: Done}))
@needs(Right.OPERATE)
def release(video_id: str, hold_id: str) -> Response:
    services().holder.release(video_id, hold_id, person().scope)
    return jsonify({"success": True})


def _read(body: object) -> tuple[str, datetime | None]:
    if not isinstance(body, dict):
        raise BadField('Send the reason as JSON, such as {"reason": "Evidence in case 4711"}.')
    for name in body:
        if name not in ("reason", "until"):
            raise BadField(f"'{name}' is not known here; known: reason, until.", detail={"field": str(name)})
    reason, until = body.get("reason", ""), body.get("until")
    if not isinstance(reason, str):
        raise BadField("reason must be a text.", detail={"field": "reason"})
    return reason, None if until is None else _instant(until)


def _instant(given: object) -> datetime:
    try:
        at = datetime.fromisoformat(given) if isinstance(given, str) else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise BadField(
        "until must be an ISO 8601 time with a zone, such as 2027-01-31T12:00:00Z.", detail={"field": "until"}
    )
