"""Reading videos: one, receipt; to the trash and back. For lists see listing.py, for totals report.py."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import fingerprints, videos
from backend.catalog.clock import certain_at
from backend.catalog.describe import describe
from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.intake import receipt
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import OneVideo, Receipt, Trashed

blueprint = APIBlueprint("videos", __name__, tag="Videos")


@blueprint.get("/api/video-info/<stored_filename>")
@blueprint.doc(
    summary="One video by its name on disk", responses={200: "The video"}, extensions=shaped({200: OneVideo})
)
@needs(Right.READ)
def video_info(stored_filename: str) -> Response:
    with services().database.read() as session:
        video = videos.by_stored_name(session, stored_filename, person().scope)
        return _told(session, video)


@blueprint.get("/api/videos/<video_id>")
@blueprint.doc(summary="One video", responses={200: "The video"}, extensions=shaped({200: OneVideo}))
@needs(Right.READ)
def one_video(video_id: str) -> Response:
    with services().database.read() as session:
        return _told(session, videos.get(session, video_id, person().scope))


@blueprint.delete("/api/videos/<video_id>")
@blueprint.doc(
    summary="Move a video to the trash",
    responses={200: "In the trash", 409: "It is held: `detail.holds` says by whom and why"},
    extensions=shaped({200: Trashed}),
)
@needs(Right.OPERATE)
def delete_video(video_id: str) -> Response:
    gone_at = services().trash.throw_away(video_id, person().name, person().scope)
    return jsonify({"success": True, "video_id": video_id, "purged_after": iso(gone_at)})


@blueprint.post("/api/videos/<video_id>/restore-from-trash")
@blueprint.doc(
    summary="Take a video out of the trash",
    responses={200: "Listed again"},
    extensions=shaped({200: OneVideo}),
)
@needs(Right.OPERATE)
def restore_from_trash(video_id: str) -> Response:
    services().trash.take_out(video_id, person().name, person().scope)
    return one_video(video_id)


@blueprint.get("/api/videos/<video_id>/receipt")
@blueprint.doc(
    summary="The signed proof of the save", responses={200: "The receipt"}, extensions=shaped({200: Receipt})
)
@needs(Right.READ)
def one_receipt(video_id: str) -> Response:
    video = _video(video_id)
    return jsonify(
        {
            "success": True,
            "receipt": receipt.receipt(services().signer, video),
            "payload": receipt.payload(video),
        }
    )


@blueprint.get("/api/receipt-key")
@blueprint.doc(
    summary="The public key that receipts and the manifests of exports are signed with (JWK)",
    description="For everybody: who is given a video or an export can prove it, and need not sign in.",
    responses={200: "The key"},
    extensions=shaped({}),
)
@needs(Right.PUBLIC)
def receipt_key() -> Response:
    return jsonify(services().signer.public_jwk())


def _told(session: Any, video: Video) -> Response:
    at = certain_at(services().layout, services().database)
    alike = fingerprints.count_alike(session, video.id, person().scope)
    return jsonify({"success": True, "video": describe(video, services().places.kinds, at) | {"looks_alike": alike}})


def _video(video_id: str) -> Video:
    with services().database.read() as session:
        return videos.get(session, video_id, person().scope)
