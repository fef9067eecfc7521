"""Media jobs over HTTP: what is being made, conversions on request, another try, an end."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import videos
from backend.catalog.describe_media import describe_job
from backend.catalog.media_list import NOT_DONE, describe_listed, listed
from backend.catalog.models import JobState
from backend.errors import BadField
from backend.intake.edit import refuse_another_s
from backend.media.conversion import FORMATS
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import choice, json_body, whole_number
from backend.web.schemas import Done, JobList, ListedJobs, OneJob

blueprint = APIBlueprint("media_jobs", __name__, tag="Media")

_ON_A_PAGE, _MOST_ON_A_PAGE = 50, 200
_KNOWN = ("format", "heights")
_WHOSE = "An uploader may do this with its own videos, an operator with all."


@blueprint.get("/api/media/jobs")
@blueprint.doc(
    summary="Media jobs of all videos, the latest change first",
    description="Without `state`: all that are not done.",
    responses={200: "Up to 200 jobs"},
    extensions=shaped({200: ListedJobs}, query=["state", "limit"]),
)
@needs(Right.READ)
def all_jobs() -> Response:
    state = choice("state", list(JobState))
    limit = whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE)
    with services().database.read() as session:
        found = listed(session, (state,) if state else NOT_DONE, person().scope, limit)
    return jsonify({"success": True, "count": len(found), "jobs": [describe_listed(job) for job in found]})


@blueprint.get("/api/videos/<video_id>/jobs")
@blueprint.doc(
    summary="One video's media jobs, those that are done too", responses={200: "Its jobs"},
    extensions=shaped({200: JobList}),
)  # fmt: skip
@needs(Right.READ)
def video_jobs(video_id: str) -> Response:
    found = services().media.jobs(video_id, person().scope)
    return jsonify({"success": True, "count": len(found), "jobs": [describe_job(job) for job in found]})


@blueprint.post("/api/videos/<video_id>/conversions")
@blueprint.doc(
    summary="Ask for copies in another form: one file for each height, or one stream of several (HLS)",
    description=f"{_WHOSE} Without `format`: VIDEO_OUTPUT_FORMAT. What is made or queued already stays as it is.",
    responses={
        202: "The jobs; a worker makes them",
        409: "Nothing is known of the video yet, or it cannot be read",
        410: "Code `footage-only`: only a VMS has what is to be seen in it, and never gives the file back",
        422: "A format or height that there is not; the words name those that there are",
    },
    extensions=shaped({202: JobList}, body={"format": "mp4", "heights": [720]}),
)
@needs(Right.EDIT)
def convert(video_id: str) -> tuple[Response, int]:
    form, heights = _wish(json_body())
    _refuse_another_s(video_id)
    services().restorer.refuse_footage(video_id)
    jobs = services().media.convert(video_id, person().scope, person().name, form, heights)
    return jsonify({"success": True, "count": len(jobs), "jobs": [describe_job(job) for job in jobs]}), 202


@blueprint.post("/api/videos/<video_id>/jobs/<int:job_id>/retry")
@blueprint.doc(
    summary="Begin a media job anew",
    description=_WHOSE,
    responses={200: "It waits for a worker", 409: "It runs, or is done"},
    extensions=shaped({200: OneJob}),
)
@needs(Right.EDIT)
def retry(video_id: str, job_id: int) -> Response:
    _refuse_another_s(video_id)
    job = services().media.retry(video_id, job_id, person().scope, person().name)
    return jsonify({"success": True, "job": describe_job(job)})


@blueprint.delete("/api/videos/<video_id>/jobs/<int:job_id>")
@blueprint.doc(
    summary="End a media job; of a conversion that is made, remove what it made",
    description=_WHOSE,
    responses={200: "It is ended, or gone", 409: "It is over, or what it made belongs to the video"},
    extensions=shaped({200: Done}),
)
@needs(Right.EDIT)
def cancel(video_id: str, job_id: int) -> Response:
    _refuse_another_s(video_id)
    services().media.cancel(video_id, job_id, person().scope, person().name)
    return jsonify({"success": True})


def _refuse_another_s(video_id: str) -> None:
    with services().database.read() as session:
        video = videos.get(session, video_id, person().scope)
    refuse_another_s(video, person().caller, any_video=person().may(Right.OPERATE))


def _wish(body: object) -> tuple[str | None, list[int]]:
    """Format and heights; which of them a video allows is judged with the video."""
    if not isinstance(body, dict):
        raise BadField(f'Send JSON such as {{"format": "mp4", "heights": [720]}}; formats: {", ".join(FORMATS)}.')
    for name in body.keys() - set(_KNOWN):
        raise BadField(f"'{name}' is unknown; known: {', '.join(_KNOWN)}.", detail={"field": str(name)})
    form, heights = body.get("format"), body.get("heights")
    if form is not None and form not in FORMATS:
        raise BadField(f"There is no conversion to {form!r:.80}; the formats are {', '.join(FORMATS)}.")
    # True is an int to Python, and nobody's height.
    if not isinstance(heights, list) or not heights or not all(type(height) is int for height in heights):
        raise BadField("heights must be a list of whole numbers, such as [720, 480].", detail={"field": "heights"})
    return form, heights
