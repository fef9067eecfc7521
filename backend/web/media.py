"""What was made from a video: pictures, its preview, playable copies, streams. Only what its jobs name is served."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from apiflask import APIBlueprint
from flask import Response, request

from backend.catalog import media, videos
from backend.catalog.describe_media import made
from backend.catalog.media import BROWSER, CONVERT, PICTURES, PREVIEW
from backend.catalog.models import JobState, MediaJob, Video
from backend.catalog.videos import GONE
from backend.disk.layout import split_extension
from backend.errors import NotFound
from backend.media.vtt import storyboard_vtt
from backend.web import disposition, placeholder
from backend.web.access import Right, needs, person, services
from backend.web.conditional import Version, is_unchanged
from backend.web.content import ANSWERS, CONDITIONS
from backend.web.made_files import pictures, renditions, serve_made
from backend.web.not_made import job_of, not_made, why_no_picture
from backend.web.openapi import shaped

blueprint = APIBlueprint("media", __name__, tag="Media")

_OF_COPIES = {"video/mp4", "audio/mp4", "video/webm", "audio/webm"}
_OF_STREAMS = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".m4s": "video/iso.segment",
    ".mp4": "video/mp4",
    ".ts": "video/mp2t",
}
_IN_A_STREAM = re.compile(r"(?:\w[\w.-]{0,60}/){0,3}\w[\w.-]{0,60}", re.ASCII)
_VERSIONED = "With `?v=` and the `version` that the video shows, the answer may be kept for a day without asking again."


@blueprint.get("/api/videos/<video_id>/thumbnail")
@blueprint.doc(
    summary="A picture of the video; where there is none, a placeholder that says why",
    description=f"{_VERSIONED} A placeholder (image/svg+xml) has the header X-Holdfast-Placeholder: processing, "
    "no-media-tools, unplayable or none.",
    responses={**ANSWERS, 200: "image/jpeg, or the placeholder"},
    extensions=shaped({}, query=["v"], headers=CONDITIONS),
)
@needs(Right.READ)
def thumbnail(video_id: str) -> Response:
    video = _video(video_id)
    job = made(video, PICTURES)
    found = job.result.get("thumbnail") if job else None
    if job and found:
        try:
            return serve_made(pictures(video), found["file"], "image/jpeg", job)
        except NotFound:
            # Its file went, or it was begun anew since we looked; what can be shown is why there is nothing.
            video = _video(video_id)
    return _placeholder(video)


@blueprint.get("/api/videos/<video_id>/storyboard.vtt")
@blueprint.doc(
    summary="Which part of which storyboard picture belongs to which seconds (WebVTT)",
    responses={200: "text/vtt; a cue says `storyboard/0.jpg#xywh=0,0,160,90`", 304: "Unchanged"},
    extensions=shaped({}),
)
@needs(Right.READ)
def storyboard_text(video_id: str) -> Response:
    video = _video(video_id)
    job, storyboard = _storyboard(video)
    text = storyboard_vtt(storyboard, video.duration_seconds)
    assert job.finished_at is not None, "made, so it was finished"
    version = Version(hashlib.sha256(text.encode()).hexdigest()[:32], job.finished_at)
    unchanged = is_unchanged(request.headers, version)
    answer = Response(None if unchanged else text, 304 if unchanged else 200)
    answer.headers["Content-Type"] = "text/vtt; charset=utf-8"
    answer.headers["ETag"] = f'"{version.etag}"'
    answer.headers["Cache-Control"] = "private, no-cache"
    return _harmless(answer, "sandbox; default-src 'none'")


@blueprint.get("/api/videos/<video_id>/storyboard/<int:number>.jpg")
@blueprint.doc(
    summary="One storyboard picture: many small ones in rows and columns",
    description=_VERSIONED,
    responses={**ANSWERS, 200: "image/jpeg"},
    extensions=shaped({}, query=["v"], headers=CONDITIONS),
)
@needs(Right.READ)
def storyboard_sheet(video_id: str, number: int) -> Response:
    video = _video(video_id)
    job, storyboard = _storyboard(video)
    sheets = storyboard["sheets"]
    if number >= len(sheets):
        raise NotFound(f"The storyboard of this video has {len(sheets)} pictures, counted from 0.")
    return serve_made(pictures(video), sheets[number], "image/jpeg", job)


@blueprint.get("/api/videos/<video_id>/preview")
@blueprint.doc(
    summary="A short moving picture of the video, without sound",
    description=_VERSIONED,
    responses={**ANSWERS, 200: "image/webp, animated"},
    extensions=shaped({}, query=["v"], headers=CONDITIONS),
)
@needs(Right.READ)
def preview(video_id: str) -> Response:
    video = _video(video_id)
    job = made(video, PREVIEW)
    if job is None:
        raise not_made(video, "preview", job_of(video, PREVIEW))
    return serve_made(pictures(video), job.result["file"], "image/webp", job)


@blueprint.get("/api/videos/<video_id>/renditions/<name>")
@blueprint.doc(
    summary="A copy in another form: for playing (browser.mp4), or one that was asked for (720p.mp4)",
    responses=ANSWERS,
    extensions=shaped({}, headers=CONDITIONS),
)
@needs(Right.READ)
def rendition(video_id: str, name: str) -> Response:
    video = _video(video_id)
    job = next((job for job in _copies(video) if job.result["file"] == name), None)
    if job is None:
        raise not_made(video, f"copy {name}", _who_makes(video, name), by_itself=False)
    told = job.result.get("mime_type")
    kind = told if told in _OF_COPIES else "application/octet-stream"
    stem, _ = split_extension(video.original_filename)
    return serve_made(renditions(video), name, kind, job, written=disposition.written("inline", f"{stem} {name}"))


@blueprint.get("/api/videos/<video_id>/hls/<path:name>")
@blueprint.doc(
    summary="A stream in several heights (HLS): its playlists and segments, beginning at master.m3u8",
    responses=ANSWERS,
    extensions=shaped({}, headers=CONDITIONS),
)
@needs(Right.READ)
def stream(video_id: str, name: str) -> Response:
    video = _video(video_id)
    job = next((job for job in _copies(video) if job.result["file"].startswith("hls/")), None)
    if job is None:
        raise not_made(video, "stream", job_of(video, CONVERT, "hls-"), by_itself=False)
    kind = _OF_STREAMS.get(Path(name).suffix)
    if kind is None or not _IN_A_STREAM.fullmatch(name):
        raise NotFound(f"The stream of this video has no file {name}.")
    return serve_made(renditions(video) / "hls", name, kind, job)


def _video(video_id: str) -> Video:
    with services().database.read() as session:
        video = videos.get(session, video_id, person().scope)
    if video.local_state in GONE:
        raise NotFound(f"'{video.original_filename}' was deleted, and its time in the trash is over.")
    return video


def _storyboard(video: Video) -> tuple[MediaJob, dict[str, list[str]]]:
    job = made(video, PICTURES)
    found = job.result.get("storyboard") if job else None
    if job is None or not found:
        raise not_made(video, "storyboard", job_of(video, PICTURES))
    return job, found


def _copies(video: Video) -> list[MediaJob]:
    return [job for job in video.media_jobs if job.kind in (BROWSER, CONVERT) and job.state == JobState.DONE]


def _who_makes(video: Video, name: str) -> MediaJob | None:
    """The job that this copy is to come from: `720p.mp4` of the parameters `mp4-720`."""
    stem, form = split_extension(name)
    return job_of(video, BROWSER) if stem == "browser" else job_of(video, CONVERT, f"{form}-{stem.removesuffix('p')}")


def _placeholder(video: Video) -> Response:
    facts = media.facts_of(video)
    silent = not facts["video_codec"] if facts else video.mime_type.startswith("audio/")
    why = why_no_picture(video)
    answer = Response(placeholder.picture(why, sound=silent), content_type="image/svg+xml; charset=utf-8")
    answer.headers["X-Holdfast-Placeholder"] = why
    answer.headers["Cache-Control"] = "no-store"
    return _harmless(answer, placeholder.POLICY)


def _harmless(answer: Response, policy: str) -> Response:
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = policy
    return answer
