"""Projects as seed 004 knows them: the videos of one project as a bare array."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify, request, url_for

from backend.catalog import videos
from backend.catalog.describe import describe
from backend.catalog.videos import Wanted
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped

blueprint = APIBlueprint("projects", __name__, tag="Projects")
_PAGE = 100


@blueprint.get("/projects/<project_id>/videos")
@blueprint.doc(
    summary="A project's videos, newest first; the next page is in the Link header",
    responses={200: "A bare array"},
    extensions=shaped({}, query=["cursor"]),
)
@needs(Right.READ)
def project_videos(project_id: str) -> Response:
    with services().database.read() as session:
        page = videos.page(session, Wanted(project_id=project_id), person().scope, request.args.get("cursor"), _PAGE)
        answer = jsonify([describe(video, services().places.kinds) for video in page.videos])
    if page.next_cursor:
        link = url_for(".project_videos", project_id=project_id, cursor=page.next_cursor)
        answer.headers["Link"] = f'<{link}>; rel="next"'
    return answer
