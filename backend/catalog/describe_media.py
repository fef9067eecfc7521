"""What was made from a video, and what is being made, as plain JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from backend.catalog.media import BROWSER, CONVERT, FINGERPRINT, PICTURES, PREVIEW, facts_of
from backend.catalog.models import JobState, MediaJob, Video
from backend.catalog.types import iso
from backend.disk.layout import without_category


def describe_media(video: Video) -> dict[str, Any]:
    """The `media` part of a video."""
    facts, pictures, preview = facts_of(video), made(video, PICTURES), made(video, PREVIEW)
    return {
        "reason": video.media_reason or None,
        "facts": facts,
        "thumbnail": _versioned(pictures, "thumbnail"),
        "storyboard": _versioned(pictures, "storyboard"),
        "preview": preview.result | {"version": version_of(preview)} if preview else None,
        "playable": _playable(video, facts),
        "renditions": list(_renditions(video)),
        "jobs": [describe_job(job) for job in video.media_jobs if _counts(job)],
    }


def _counts(job: MediaJob) -> bool:
    """What is not done. A fingerprint that waits its turn, however long, is nothing that anybody waits for."""
    if job.kind == FINGERPRINT and job.state in (JobState.WAITING, JobState.RUNNING):
        return False
    return job.state != JobState.DONE


def thumbnail_path(video: Video) -> str | None:
    """Where the thumbnail lies below the storage folder, as seed 004 tells it."""
    pictures = made(video, PICTURES)
    thumbnail = pictures.result.get("thumbnail") if pictures else None
    place = without_category(video.relative_path).with_suffix("")
    return str("thumbnails" / place / thumbnail["file"]) if thumbnail else None


def describe_job(job: MediaJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "parameters": job.parameters,
        "state": job.state,
        "progress": round(job.progress, 3),
        "attempts": job.attempts,
        "next_attempt_at": iso(job.next_attempt_at) if job.state == JobState.WAITING and job.attempts else None,
        "error": job.error or None,
        "error_code": job.error_code or None,
        "created_at": iso(job.created_at),
        "updated_at": iso(job.updated_at),
        "finished_at": iso(job.finished_at),
    }


def _playable(video: Video, facts: dict[str, Any] | None) -> str | None:
    """What a browser can be given: the file itself, or the copy that was made for it."""
    if facts is not None and facts["browser_plays"]:
        return "content"
    return "browser" if made(video, BROWSER) is not None else None


def _renditions(video: Video) -> Iterator[dict[str, Any]]:
    for job in video.media_jobs:
        if job.kind in (BROWSER, CONVERT) and job.state == JobState.DONE:
            file = str(job.result["file"])
            route = "" if file.startswith("hls/") else "renditions/"
            yield {
                "name": file,
                "url": f"/api/videos/{video.id}/{route}{file}",
                "kind": job.kind,
                "job_id": job.id,
                "format": PurePosixPath(file).suffix.lstrip(".").replace("m3u8", "hls"),
                **{name: job.result.get(name) for name in ("width", "height", "size_bytes", "mime_type")},
            }


def made(video: Video, kind: str) -> MediaJob | None:
    """The job that made this; None while nothing did."""
    return next((job for job in video.media_jobs if job.kind == kind and job.state == JobState.DONE), None)


def version_of(job: MediaJob) -> str:
    """A word for what a job made: another one when it was made anew, so that a browser may keep the old address."""
    assert job.finished_at is not None, "made, so it was finished"
    return f"{int(job.finished_at.timestamp() * 1000):x}"


def _versioned(job: MediaJob | None, part: str) -> dict[str, Any] | None:
    found = job.result.get(part) if job else None
    return found | {"version": version_of(job)} if job and found else None
