"""Fetching the bytes of a video back: asked for by an operator, and how far it is."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import videos
from backend.catalog.models import Video
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import OneRestore

blueprint = APIBlueprint("restores", __name__, tag="Integrity")


@blueprint.get("/api/videos/<video_id>/restore")
@blueprint.doc(
    summary="Whether the bytes are here, and how far a fetch is that brings them back",
    responses={200: "here, running, failed (with the reason of the last try) or away"},
    extensions=shaped({200: OneRestore}),
)
@needs(Right.READ)
def progress(video_id: str) -> Response:
    return jsonify({"success": True, "restore": services().restorer.progress(_video(video_id))})


@blueprint.post("/api/videos/<video_id>/restore")
@blueprint.doc(
    summary="Fetch the bytes back from a verified copy, in the background",
    responses={
        200: "They are here already",
        202: "Begun, or under way: GET the same address to see how far it is",
        410: "Code `footage-only`: the file is gone for good; `detail.footage` says where a VMS has what is in it",
    },
    extensions=shaped({200: OneRestore, 202: OneRestore}),
)
@needs(Right.OPERATE)
def restore(video_id: str) -> tuple[Response, int]:
    restorer, video = services().restorer, _video(video_id)
    if restorer.is_here(video):
        return jsonify({"success": True, "restore": restorer.progress(video)}), 200
    restorer.refuse_footage(video.id)
    restorer.begin(video)
    return jsonify({"success": True, "restore": restorer.progress(video)}), 202


def _video(video_id: str) -> Video:
    with services().database.read() as session:
        return videos.get_alone(session, video_id, person().scope)
