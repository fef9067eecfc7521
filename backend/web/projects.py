"""Projects as seed 004 knows them: the videos of one project as a bare array, and taking one of them away."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for

from backend.catalog import listing, videos
from backend.catalog.clock import certain_at
from backend.catalog.describe import describe
from backend.catalog.listing import Wanted
from backend.catalog.types import iso
from backend.errors import NotFound
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import Trashed

blueprint = APIBlueprint("projects", __name__, tag="Projects")
_PAGE = 100


@blueprint.get("/projects/<path:project_id>/videos")
@blueprint.doc(
    summary="A project's videos, newest first; the next page is in the Link header",
    responses={200: "A bare array"},
    extensions=shaped({}, query=["cursor"]),
)
@needs(Right.READ)
def project_videos(project_id: str) -> Response:
    at = certain_at(services().layout, services().database)
    with services().database.read() as session:
        page = listing.page(session, Wanted(project_id=project_id), person().scope, request.args.get("cursor"), _PAGE)
        answer = jsonify([describe(video, services().places.kinds, at) for video in page.videos])
    if page.next_cursor:
        link = url_for(".project_videos", project_id=project_id, cursor=page.next_cursor)
        answer.headers["Link"] = f'<{link}>; rel="next"'
    return answer


@blueprint.delete("/projects/<path:project_id>/videos/<asset_id>")
@blueprint.doc(
    summary="Move a video of this project to the trash",
    responses={
        200: "In the trash; /api/videos/{id}/restore-from-trash takes it out again",
        404: "This project has no such video, or you may not see it",
        409: "It is held: code `held`",
    },
    extensions=shaped({200: Trashed}),
)
@needs(Right.OPERATE)
def delete_asset(project_id: str, asset_id: str) -> Response:
    with services().database.read() as session:
        if videos.get(session, asset_id, person().scope).project_id != project_id:
            raise NotFound(f"There is no video {asset_id} in the project {project_id}.")
    gone_at = services().trash.throw_away(asset_id, person().name, person().scope)
    return jsonify({"success": True, "video_id": asset_id, "purged_after": iso(gone_at)})
