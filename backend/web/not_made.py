"""Why something was not made from a video, in words. Pure."""

from __future__ import annotations

from backend.catalog.media import PICTURES, facts_of
from backend.catalog.models import JobState, MediaJob, MediaState, Video
from backend.errors import NotFound
from backend.web.placeholder import Why

_OPEN = (JobState.WAITING, JobState.RUNNING)
_ON_ITS_WAY = (MediaState.NEW, MediaState.WORKING)


def why_no_picture(video: Video) -> Why:
    """Of a video without a thumbnail."""
    return _why(video, job_of(video, PICTURES), by_itself=True)


def not_made(video: Video, thing: str, job: MediaJob | None, *, by_itself: bool = True) -> NotFound:
    """The refusal for a `thing` that is not there. `job` is to make it; `by_itself`: every video gets one."""
    why = _why(video, job, by_itself)
    return NotFound(_words(video, thing, job, why), detail={"reason": why, "job_id": job.id if job else None})


def job_of(video: Video, kind: str, parameters: str = "") -> MediaJob | None:
    found = (job for job in video.media_jobs if job.kind == kind and job.parameters.startswith(parameters))
    return next(found, None)


def _why(video: Video, job: MediaJob | None, by_itself: bool) -> Why:
    if video.media_state == MediaState.NO_TOOLS:
        return Why.NO_TOOLS
    if video.media_state == MediaState.UNPLAYABLE:
        return Why.UNPLAYABLE
    # What lies in the trash, or elsewhere, is left alone.
    here = video.trashed_at is None and video.local_state == "present"
    coming = job.state in _OPEN if job else by_itself and video.media_state in _ON_ITS_WAY
    return Why.PROCESSING if here and coming else Why.NONE


def _words(video: Video, thing: str, job: MediaJob | None, why: Why) -> str:
    if why in (Why.NO_TOOLS, Why.UNPLAYABLE):
        return f"There is no {thing} of this video: {video.media_reason}"
    if why is Why.PROCESSING:
        return f"The {thing} of this video is being made. Try again in a moment."
    if job is not None and job.error:
        return f"There is no {thing} of this video: {job.error}"
    facts = facts_of(video)
    if facts and not facts["video_codec"]:
        return f"There is no {thing} of this file: it has sound only."
    return f"There is no {thing} of this video."
