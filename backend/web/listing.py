"""What the Library asks: lists with filters and orders, what can be filtered by, and the history of one video."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal, cast

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import audit_list, videos
from backend.catalog.clock import certain_at
from backend.catalog.describe import describe
from backend.catalog.facets import facets
from backend.catalog.history import history
from backend.catalog.listing import Wanted, page, total
from backend.catalog.types import iso
from backend.errors import BadField
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import Facets, History, VideoList

blueprint = APIBlueprint("listing", __name__, tag="Videos")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 200
_MOST_IDS, _MOST_TAGS, _MOST_TARGETS = 200, 50, 50
_MOST_AUDIT_LINES = 500
_QUERY = [
    "limit", "cursor", "sort", "total", "q", "project_id", "content_type", "ids", "state", "target", "status",
    "tags", "operator", "camera_id", "stored_after", "stored_before", "min_duration", "max_duration",
    "held",
]  # fmt: skip


@blueprint.get("/api/videos/list")
@blueprint.doc(
    summary="List videos, newest first", responses={200: "One page"}, extensions=shaped({200: VideoList}, query=_QUERY)
)
@needs(Right.READ)
def list_videos() -> Response:
    """Filters add up: a video must pass all of them.

    `q`: words, or beginnings of words, in names, title, description and tags together, whatever case and accents;
    what is neither letter nor digit parts words (`beach_cam_04.mov` has four), and a `q` of nothing else finds nothing.
    Chinese, Japanese and Thai are found by any piece. `held=1`: only what a hold keeps.

    `tags`: exactly as they are written, a comma list,
    or repeated (then each is one tag, commas and all); `operator`: OR (default, one of them) or AND (all of them).
    `stored_after` (included) and `stored_before` (not included): ISO 8601 with a zone. `min_duration` and
    `max_duration`: seconds, both included; videos whose length is not known are in no span. `status`: processing,
    ready, unplayable, no-media-tools, remote-only or trashed. `state`: of a delivery, several with commas between
    them, or trashed; `target`: a comma list, with a delivery to one of these, in that state. Videos in the trash are
    listed only when they are asked for.

    `ids`: these videos only, a comma list of at most 200. An empty one (`ids=`) asks for none and gets none; other
    filters that are empty filter nothing.

    `sort`: newest (default), oldest, name, longest, shortest, largest or smallest; unknown lengths come last. A
    `cursor` goes on where a page ended, with the same `sort`.

    `total=1` counts what is on all pages. `total_is_exact` says whether `total` is all of them, or whether there are
    at least so many: lists of a project, a label, a tag, a camera or the trash are counted exactly, whatever others no
    further than to 10,000, and without looking at more than 50,000 videos.
    """
    at = certain_at(services().layout, services().database)
    wanted = _wanted(at)
    limit = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE)
    cursor, is_counted = queries.one("cursor"), queries.flag("total")
    with services().database.read() as session:
        found = page(session, wanted, person().scope, cursor, limit)
        shown = [describe(video, services().places.kinds, at) for video in found.videos]
        answer = {"success": True, "count": len(shown), "videos": shown, "next_cursor": found.next_cursor}
        if is_counted:
            counted = total(session, wanted, person().scope)
            counted = counted.at_least(len(shown) + (found.next_cursor is not None))
            answer |= {"total": counted.count, "total_is_exact": counted.is_exact}
    return jsonify(answer)


@blueprint.get("/api/videos/facets")
@blueprint.doc(
    summary="What a list can be narrowed to: projects, labels, tags, cameras",
    responses={200: "The most used first, at most 200 of each, with how many videos each has"},
    extensions=shaped({200: Facets}),
)
@needs(Right.READ)
def all_facets() -> Response:
    with services().database.read() as session:
        found = facets(session, person().scope)
    return jsonify({"success": True} | asdict(found))


@blueprint.get("/api/videos/<video_id>/history")
@blueprint.doc(
    summary="What happened to a video, the newest first",
    responses={200: "`what` is a stable word, `words` are for people, `by` is null where it is not known"},
    extensions=shaped({200: History}),
)
@needs(Right.READ)
def video_history(video_id: str) -> Response:
    labels = {config.name: config.label for config in services().places.configs}
    with services().database.read() as session:
        video = videos.get(session, video_id, person().scope)
        events = history(video, labels, audit_list.of_video(session, video_id, _MOST_AUDIT_LINES))
    shown = [{"at": iso(e.at), "what": e.what, "words": e.words, "by": e.by or None} for e in events]
    return jsonify({"success": True, "history": shown})


def _wanted(at: datetime | None = None) -> Wanted:
    after, before = queries.instant("stored_after"), queries.instant("stored_before")
    if after is not None and before is not None and after >= before:
        raise BadField("stored_before must be later than stored_after.", detail={"field": "stored_before"})
    shortest, longest = queries.seconds("min_duration"), queries.seconds("max_duration")
    if shortest is not None and longest is not None and shortest > longest:
        raise BadField("max_duration must not be less than min_duration.", detail={"field": "max_duration"})
    return Wanted(
        project_id=queries.one("project_id"),
        content_type=queries.one("content_type"),
        text=queries.one("q").strip(),
        ids=queries.several("ids", _MOST_IDS) if queries.is_given("ids") else None,
        state=queries.one("state"),
        targets=queries.several("target", _MOST_TARGETS),
        tags=queries.several("tags", _MOST_TAGS),
        operator=cast(Literal["OR", "AND"], queries.choice("operator", ("OR", "AND")) or "OR"),
        stored_after=after,
        stored_before=before,
        camera_id=queries.one("camera_id"),
        min_duration=shortest,
        max_duration=longest,
        held=queries.flag("held"),
        held_at=at,
        status=queries.one("status"),
        sort=queries.one("sort"),
    )
