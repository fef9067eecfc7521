"""The ledger over HTTP: what is on its way, and send again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from backend.catalog import videos
from backend.catalog.describe import describe_delivery
from backend.catalog.types import iso
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import whole_number
from backend.web.schemas import Count, DeliveryList, Link, OneDelivery

blueprint = APIBlueprint("deliveries", __name__, tag="Deliveries")
_MOST_AT_ONCE = 200
_LINK_SECONDS = 3600
# The longest that S3's signatures allow.
_MOST_LINK_SECONDS = 7 * 24 * 3600


@blueprint.get("/api/deliveries")
@blueprint.doc(
    summary="Deliveries, the latest change first",
    responses={200: "Up to 200 deliveries"},
    extensions=shaped({200: DeliveryList}, query=["state", "target", "limit"]),
)
@needs(Right.READ)
def list_deliveries() -> Response:
    state, target = request.args.get("state", ""), request.args.get("target", "")
    limit = whole_number("limit", _MOST_AT_ONCE, _MOST_AT_ONCE)
    found = services().desk.deliveries(state, target, person().scope, limit)
    return jsonify({"success": True, "count": len(found), "deliveries": found})


@blueprint.get("/api/videos/<video_id>/deliveries")
@blueprint.doc(
    summary="One video's deliveries",
    responses={200: "Its deliveries"},
    extensions=shaped({200: DeliveryList}),
)
@needs(Right.READ)
def video_deliveries(video_id: str) -> Response:
    with services().database.read() as session:
        video = videos.get(session, video_id, person().scope)
        found = [describe_delivery(d, video, services().places.kinds) for d in video.deliveries]
    return jsonify({"success": True, "count": len(found), "deliveries": found})


@blueprint.post("/api/videos/<video_id>/deliveries/<target>/retry")
@blueprint.doc(
    summary="Send one copy again now", responses={200: "The delivery"}, extensions=shaped({200: OneDelivery})
)
@needs(Right.OPERATE)
def retry(video_id: str, target: str) -> Response:
    return jsonify({"success": True, "delivery": services().desk.retry(video_id, target, person().scope)})


@blueprint.post("/api/videos/<video_id>/deliveries/<target>/verify")
@blueprint.doc(
    summary="Look at one verified copy now",
    responses={
        200: "The delivery after that: delivered, or damaged with the reason, and then it is sent again",
        409: "There is no verified copy, or its target is not asked at the moment",
        502: "The target could not be asked; nothing was changed",
    },
    extensions=shaped({200: OneDelivery}),
)
@needs(Right.OPERATE)
def verify(video_id: str, target: str) -> Response:
    return jsonify({"success": True, "delivery": services().desk.verify(video_id, target, person().scope)})


@blueprint.post("/api/deliveries/retry")
@blueprint.doc(
    summary="Send everything that failed or is parked again",
    responses={200: "How many"},
    extensions=shaped({200: Count}, query=["target"]),
)
@needs(Right.OPERATE)
def retry_all() -> Response:
    count = services().desk.retry_all(request.args.get("target", ""), person().scope)
    return jsonify({"success": True, "count": count})


@blueprint.get("/api/videos/<video_id>/deliveries/<target>/link")
@blueprint.doc(
    summary="A presigned URL of the verified copy, for targets that give one",
    responses={200: "Whoever has it may download until then", 409: "No such link"},
    extensions=shaped({200: Link}, query=["seconds"]),
)
@needs(Right.READ)
def link(video_id: str, target: str) -> Response:
    seconds = whole_number("seconds", _LINK_SECONDS, _MOST_LINK_SECONDS)
    expires_at = datetime.now(UTC) + timedelta(seconds=seconds)
    url = services().desk.link(video_id, target, seconds, person().scope)
    return jsonify({"success": True, "url": url, "expires_at": iso(expires_at)})
