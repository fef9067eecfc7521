"""What is known of a video's content and made from it, and the jobs that do."""

from __future__ import annotations

from typing import Any, Literal

from backend.web.schemas.base import Shape


class Thumbnail(Shape):
    """`version`, here and below: for the address (`?v=`), so that a browser may keep what it got."""

    file: str
    width: int
    height: int
    at_seconds: float | None
    waveform: bool = False
    version: str


class Storyboard(Shape):
    """Sheets of tiles; tile n shows the video at n x interval_seconds, row by row."""

    sheets: list[str]
    columns: int
    rows: int
    tile_width: int
    tile_height: int
    interval_seconds: float
    count: int
    version: str


class Preview(Shape):
    file: str
    width: int
    height: int
    seconds: float
    version: str


class Rendition(Shape):
    """A copy in another form: `kind` browser was made to be played, convert was asked for."""

    name: str
    url: str
    kind: Literal["browser", "convert"]
    job_id: int
    format: str
    width: int | None
    height: int | None
    size_bytes: int | None
    mime_type: str


class MediaJob(Shape):
    id: int
    kind: Literal["probe", "pictures", "preview", "browser", "convert", "fingerprint"]
    parameters: str
    state: Literal["waiting", "running", "done", "failed", "set-aside", "cancelled"]
    progress: float
    attempts: int
    next_attempt_at: str | None
    error: str | None
    error_code: str | None
    created_at: str
    updated_at: str
    finished_at: str | None


class ListedJob(MediaJob):
    video_id: str
    filename: str
    title: str


class OneJob(Shape):
    success: bool
    job: MediaJob


class JobList(Shape):
    success: bool
    count: int
    jobs: list[MediaJob]


class ListedJobs(Shape):
    success: bool
    count: int
    jobs: list[ListedJob]


class Media(Shape):
    """What is known of the content, and what was made from it. `jobs`: what is not done."""

    reason: str | None
    facts: dict[str, Any] | None
    thumbnail: Thumbnail | None
    storyboard: Storyboard | None
    preview: Preview | None
    playable: Literal["content", "browser"] | None
    renditions: list[Rendition]
    jobs: list[MediaJob]
