"""Videos: one, many, by what they can be filtered and their history."""

from __future__ import annotations

from typing import Any, Literal

from backend.web.schemas.base import Shape
from backend.web.schemas.deliveries import Delivery
from backend.web.schemas.holds import Hold
from backend.web.schemas.media import Media


class Video(Shape):
    """`looks_alike`: how many others look like it; told of one video by itself, not in lists."""

    id: str
    project_id: str
    filename: str
    stored_filename: str
    original_filename: str
    relative_path: str
    checksum: str | None
    sha256: str | None
    sha1: str | None
    size_bytes: int
    mime_type: str
    status: Literal["processing", "ready", "unplayable", "no-media-tools", "remote-only", "trashed"]
    local: Literal["present", "missing", "damaged", "pruned"]
    local_reason: str | None
    thumbnail_path: str | None
    duration_seconds: float | None
    media: Media
    metadata: dict[str, Any]
    title: str
    description: str
    tags: list[str]
    content_type: str
    source: str
    camera_id: str
    start_time: str | None
    end_time: str | None
    duplicate_of: str | None
    uploaded_by: str
    node: str
    expires_at: str | None
    trashed_at: str | None
    created_at: str
    updated_at: str
    held: bool
    holds: list[Hold]
    drive_link: str | None
    deliveries: list[Delivery]
    looks_alike: int | None = None


class VideoList(Shape):
    """`count`: on this page. `total`: on all pages, where it was asked for; at least so many, if not exact."""

    success: bool
    count: int
    videos: list[Video]
    next_cursor: str | None
    total: int | None = None
    total_is_exact: bool | None = None


class Facet(Shape):
    value: str
    count: int


class Facets(Shape):
    success: bool
    projects: list[Facet]
    labels: list[Facet]
    tags: list[Facet]
    cameras: list[Facet]


class Event(Shape):
    at: str
    what: str
    words: str
    by: str | None


class History(Shape):
    success: bool
    history: list[Event]


class OneVideo(Shape):
    success: bool
    video: Video


class Edited(Shape):
    success: bool
    saved: bool
    video: Video | None


class Trashed(Shape):
    success: bool
    video_id: str
    purged_after: str
