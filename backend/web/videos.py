"""Reading videos: list, one, content with byte ranges, download, receipt; to the trash and back."""

from __future__ import annotations

import re
from urllib.parse import quote

from apiflask import APIBlueprint
from flask import Response, jsonify, request, send_file

from backend.catalog import stats, videos
from backend.catalog.describe import describe, describe_totals, iso
from backend.catalog.models import Video
from backend.catalog.videos import Wanted
from backend.disk.atomic import free_bytes
from backend.errors import BadField
from backend.intake import receipt
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import whole_number
from backend.web.schemas import OneVideo, Receipt, StorageStats, Trashed, VideoList

blueprint = APIBlueprint("videos", __name__, tag="Videos")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 200
_MOST_IDS = 200
# Types a browser plays and never runs. All else is offered for download only.
_PLAYABLE = ("video/", "audio/")
# Any number is in order, beyond the end too; int() takes no more than some thousands of digits.
_ONE_RANGE = re.compile(r"bytes=(?:(?P<first>[0-9]{1,999})-(?P<last>[0-9]{1,999})?|-(?P<suffix>[0-9]{1,999}))")


@blueprint.get("/api/videos/list")
@blueprint.doc(
    summary="List videos, newest first",
    responses={200: "One page"},
    extensions=shaped({200: VideoList}, query=["limit", "cursor", "project_id", "content_type", "q", "ids", "state"]),
)
@needs(Right.READ)
def list_videos() -> Response:
    ids = tuple(i for i in request.args.get("ids", "").split(",") if i)
    if len(ids) > _MOST_IDS:
        raise BadField(f"ids names more than {_MOST_IDS} videos; ask in parts.", detail={"field": "ids"})
    wanted = Wanted(
        project_id=request.args.get("project_id", ""),
        content_type=request.args.get("content_type", ""),
        text=request.args.get("q", "").strip(),
        ids=ids,
        state=request.args.get("state", ""),
    )
    limit = whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE)
    with services().database.read() as session:
        page = videos.page(session, wanted, person().scope, request.args.get("cursor"), limit)
        shown = [describe(video, services().places.kinds) for video in page.videos]
    return jsonify({"success": True, "count": len(shown), "videos": shown, "next_cursor": page.next_cursor})


@blueprint.get("/api/videos/storage-stats")
@blueprint.doc(
    summary="Totals: videos, bytes, disk, deliveries",
    responses={200: "Totals"},
    extensions=shaped({200: StorageStats}),
)
@needs(Right.READ)
def storage_stats() -> Response:
    with services().database.read() as session:
        totals = stats.totals(session, person().scope)
    return jsonify({"success": True} | describe_totals(totals, free_bytes(services().layout.root)))


@blueprint.get("/api/video-info/<stored_filename>")
@blueprint.doc(
    summary="One video by its name on disk", responses={200: "The video"}, extensions=shaped({200: OneVideo})
)
@needs(Right.READ)
def video_info(stored_filename: str) -> Response:
    with services().database.read() as session:
        video = videos.by_stored_name(session, stored_filename, person().scope)
        return jsonify({"success": True, "video": describe(video, services().places.kinds)})


@blueprint.get("/api/videos/<video_id>")
@blueprint.doc(summary="One video", responses={200: "The video"}, extensions=shaped({200: OneVideo}))
@needs(Right.READ)
def one_video(video_id: str) -> Response:
    return jsonify({"success": True, "video": describe(_video(video_id), services().places.kinds)})


@blueprint.delete("/api/videos/<video_id>")
@blueprint.doc(summary="Move a video to the trash", responses={200: "In the trash"}, extensions=shaped({200: Trashed}))
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


@blueprint.get("/api/videos/<video_id>/content")
@blueprint.doc(
    summary="The bytes, for playing: ranges and conditional requests",
    responses={200: "All bytes", 206: "The range asked for", 304: "Unchanged", 416: "No such range"},
    extensions=shaped({}),
)
@needs(Right.READ)
def content(video_id: str) -> Response:
    return _bytes_of(_video(video_id), inline=True)


@blueprint.get("/api/videos/<video_id>/download")
@blueprint.doc(
    summary="The bytes, for saving under the original name",
    responses={200: "All bytes", 206: "A range"},
    extensions=shaped({}),
)
@needs(Right.READ)
def download(video_id: str) -> Response:
    return _bytes_of(_video(video_id), inline=False)


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
    summary="The public key that receipts are signed with (JWK)",
    responses={200: "The key"},
    extensions=shaped({}),
)
@needs(Right.READ)
def receipt_key() -> Response:
    return jsonify(services().signer.public_jwk())


def _video(video_id: str) -> Video:
    with services().database.read() as session:
        return videos.get(session, video_id, person().scope)


def _bytes_of(video: Video, *, inline: bool) -> Response:
    """The file with ranges, ETag and a name for any browser; nothing in it can run in the page's origin."""
    path = services().restorer.local_path(video)
    _forget_senseless_range(video.size_bytes)
    playable = video.mime_type.startswith(_PLAYABLE)
    answer = send_file(
        path,
        mimetype=video.mime_type if playable else "application/octet-stream",
        conditional=True,
        etag=video.sha256,
        last_modified=video.created_at,
        max_age=0,
    )
    kind = "inline" if inline and playable else "attachment"
    answer.headers["Content-Disposition"] = disposition(kind, video.original_filename or video.stored_filename)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; media-src 'self'"
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _forget_senseless_range(size_bytes: int) -> None:
    """Ignore a range that is malformed, of another unit or of several parts, as RFC 9110 section 14.2 allows.

    Also the last so many bytes when there are no more than these: that is all of them.
    """
    found = _ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    backwards = found is not None and found["last"] and int(found["first"]) > int(found["last"])
    everything = found is not None and found["suffix"] and int(found["suffix"]) >= size_bytes
    if found is None or backwards or everything:
        request.environ.pop("HTTP_RANGE", None)


def disposition(kind: str, filename: str) -> str:
    """RFC 6266: an ASCII name for old clients, and the exact one in `filename*` (RFC 8187)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\/%' else "_" for c in filename)
    exact = quote(filename.encode("utf-8", "backslashreplace").decode(), safe="")
    return f"{kind}; filename=\"{plain or 'video'}\"; filename*=UTF-8''{exact}"
