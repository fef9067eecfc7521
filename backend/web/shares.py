"""Share links over HTTP: make, list, end. What their visitors see is in shared_page.py."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request

from backend.catalog import shares
from backend.catalog.models import ShareLink
from backend.catalog.shares import describe_share
from backend.errors import BadField
from backend.sharing.desk import DEFAULT_HOURS, Sharer
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.addresses import absolute
from backend.web.openapi import shaped
from backend.web.schemas import OneShare, ShareList, SharePage

blueprint = APIBlueprint("shares", __name__, tag="Sharing")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 200
_FIELDS: dict[str, type] = {"expires_in_hours": int, "label": str, "may_download": bool}
_WHOSE = "An uploader may do this with its own videos, an operator with all."


@blueprint.post("/api/videos/<video_id>/share")
@blueprint.doc(
    summary="Make a link by which people without a token see this video",
    description=f"{_WHOSE} `expires_in_hours`: 1 to 8760, default 168; `label`: a word for yourselves, visitors do not "
    "see it. The link ends by itself, when it is revoked, and while the video is in the trash.",
    responses={201: "The link; whoever has its `url` sees the video", 409: "The video is in the trash"},
    extensions=shaped(
        {201: OneShare}, body={"expires_in_hours": 168, "label": "for Ann", "may_download": False}, required=()
    ),
)
@needs(Right.EDIT)
def share(video_id: str) -> tuple[Response, int]:
    wish = _wish()
    made = services().shares.create(
        video_id,
        _sharer(),
        hours=wish.get("expires_in_hours", DEFAULT_HOURS),
        label=wish.get("label", ""),
        may_download=wish.get("may_download", False),
    )
    return jsonify({"success": True, "share": _shown(made)}), 201


@blueprint.get("/api/videos/<video_id>/share")
@blueprint.doc(
    summary="The links of one video, newest first, those that are over too",
    description=_WHOSE,
    responses={200: "Its links"},
    extensions=shaped({200: ShareList}),
)
@needs(Right.EDIT)
def video_shares(video_id: str) -> Response:
    found = services().shares.of_video(video_id, _sharer())
    return jsonify({"success": True, "count": len(found), "shares": [_shown(one) for one in found]})


@blueprint.delete("/api/videos/<video_id>/share/<share_id>")
@blueprint.doc(
    summary="End a link now",
    description=f"{_WHOSE} Again is fine.",
    responses={200: "The link as it is after that"},
    extensions=shaped({200: OneShare}),
)
@needs(Right.EDIT)
def revoke(video_id: str, share_id: str) -> Response:
    return jsonify({"success": True, "share": _shown(services().shares.revoke(video_id, share_id, _sharer()))})


@blueprint.get("/api/shares")
@blueprint.doc(
    summary="Share links of all videos, newest first",
    description="`living=1`: only those that open now.",
    responses={200: "One page"},
    extensions=shaped({200: SharePage}, query=["limit", "cursor", "living"]),
)
@needs(Right.OPERATE)
def all_shares() -> Response:
    limit, cursor = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE), queries.one("cursor")
    living_at = datetime.now(UTC) if queries.flag("living") else None
    with services().database.read() as session:
        found = shares.page(session, person().scope, cursor, limit, living_at=living_at)
    shown = [_shown(one.share) | {"filename": one.filename} for one in found.shares]
    return jsonify({"success": True, "count": len(shown), "shares": shown, "next_cursor": found.next_cursor})


def _sharer() -> Sharer:
    who = person()
    return Sharer(who.id, who.name, who.scope, any_video=who.may(Right.OPERATE))


def _shown(one: ShareLink) -> dict[str, Any]:
    path = f"/s/{services().shares.key.address_of(one.id)}"
    return describe_share(one, absolute(request, path, services().settings))


def _wish() -> dict[str, Any]:
    """The body, which may be missing: then all is as by default."""
    body = queries.json_body() if request.get_data() else {}
    if not isinstance(body, dict):
        raise BadField('Send JSON such as {"expires_in_hours": 168, "label": "for Ann", "may_download": false}.')
    for name, value in body.items():
        if name not in _FIELDS:
            raise BadField(f"'{name}' is unknown; known: {', '.join(_FIELDS)}.", detail={"field": str(name)})
        # True is an int to Python, and nobody's number of hours.
        if type(value) is not _FIELDS[name]:
            kind = {int: "a whole number", str: "a text", bool: "true or false"}[_FIELDS[name]]
            raise BadField(f"{name} must be {kind}.", detail={"field": name})
    return body
