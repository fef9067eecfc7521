"""What looks like a video among those that the caller may see."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import videos
from backend.likeness import telling
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import whole_number
from backend.web.schemas import Similar

blueprint = APIBlueprint("similar", __name__, tag="Videos")

_USUAL, _MOST = 20, 100


@blueprint.get("/api/videos/<video_id>/similar")
@blueprint.doc(
    summary="Videos that look like this one, the most alike first",
    description="Found by their pictures, not by their bytes: they look alike, and may be different all the same. Of "
    "one camera only those count that were filmed at the same time. `share_of_this` says how much of this video is "
    "in the other, `ranges` which seconds. Videos in the trash are not told of. `state`: `waiting` while it is not "
    "compared yet, `none` when it cannot be; `reason` says why.",
    responses={200: "What looks alike"},
    extensions=shaped({200: Similar}, query=["limit"]),
)
@needs(Right.READ)
def similar(video_id: str) -> Response:
    limit = whole_number("limit", _USUAL, _MOST)
    database, scope = services().database, person().scope
    with database.read() as session:
        video = videos.get(session, video_id, scope)
    return jsonify({"success": True} | telling.similar(database, video, scope, limit))
