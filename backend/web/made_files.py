"""Files that were made from a video, over HTTP: only what a job names, and begun anew when it is gone from the disk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flask import Response, request
from werkzeug.security import safe_join

from backend.catalog import videos
from backend.catalog.describe_media import version_of
from backend.catalog.models import JobState, MediaJob, Video
from backend.disk.atomic import told_as_gone
from backend.errors import NotFound
from backend.web.access import services
from backend.web.content import serve_file
from backend.web.placeholder import Why

# Under an address that names the version nothing else will ever come.
_KEPT = "private, max-age=86400, immutable"


def pictures(video: Video) -> Path:
    return services().layout.pictures_of(video.relative_path)


def renditions(video: Video) -> Path:
    return services().layout.renditions_of(video.relative_path)


def serve_made(folder: Path, name: str, mime_type: str, job: MediaJob, *, written: str = "") -> Response:
    """The file of this name in the folder, as range and conditions ask."""
    path = _inside(folder, name, job)
    try:
        with told_as_gone("looking at what was made from a video"):
            seen = path.stat()
        # Whatever replaces it is another inode, and the catalog may be lost and made anew meanwhile.
        etag = f"{seen.st_ino:x}-{seen.st_mtime_ns:x}-{seen.st_size:x}"
        modified_at = datetime.fromtimestamp(seen.st_mtime, UTC)
        answer = serve_file(path, mime_type=mime_type, etag=etag, modified_at=modified_at, disposition=written)
    except FileNotFoundError:
        raise _no_file(name, job) from None
    if request.args.get("v") == version_of(job):
        answer.headers["Cache-Control"] = _KEPT
    # Whoever signs in next in this browser is shown nothing that was kept for somebody else.
    answer.vary.update(("Authorization", "Cookie"))
    return answer


def _inside(folder: Path, name: str, job: MediaJob) -> Path:
    """The place of a file in a folder; not outside of it, wherever names and links may lead."""
    place = safe_join(str(folder), name)
    if place is not None:
        real = Path(place).resolve()
        if real.is_relative_to(folder.resolve()) and real.is_file():
            return real
    raise _no_file(name, job)


def _no_file(name: str, job: MediaJob) -> NotFound:
    """The refusal. If what the job made is gone, it begins anew with this; who asks meanwhile is told the same."""
    services().missing.begin(job.video_id, job.id)
    with services().database.read() as session:
        jobs = videos.get(session, job.video_id).media_jobs
    if any(one.id == job.id and one.state != JobState.DONE for one in jobs):
        words = f"The file {name} is not on the disk any more, so it is being made again. Try again in a moment."
        return NotFound(words, detail={"reason": Why.PROCESSING, "job_id": job.id})
    return NotFound(f"The file {name} is not on the disk any more. `video_manager media retry` makes it again.")
