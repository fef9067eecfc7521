"""What looks like a video, and whose vectors are near to one."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape
from backend.web.schemas.media import Thumbnail


class VideoSummary(Shape):
    id: str
    project_id: str
    original_filename: str
    title: str
    status: Literal["processing", "ready", "unplayable", "no-media-tools", "remote-only", "trashed"]
    mime_type: str
    size_bytes: int
    duration_seconds: float | None
    camera_id: str
    created_at: str
    thumbnail: Thumbnail | None


class AlikeRange(Shape):
    """Seconds from and to, in both videos."""

    this: list[float]
    other: list[float]


class LooksAlike(Shape):
    """Shares are 0 to 1."""

    video: VideoSummary
    share_of_this: float
    share_of_other: float
    ranges: list[AlikeRange]


class Similar(Shape):
    success: bool
    state: Literal["ready", "waiting", "none"]
    reason: str | None
    similar: list[LooksAlike]


class KeptVector(Shape):
    success: bool
    namespace: str
    dimensions: int


class NearVideo(Shape):
    """`score`: the cosine of the angle between both vectors."""

    video: VideoSummary
    score: float


class Nearest(Shape):
    success: bool
    index: str
    fell_back: bool
    reason: str | None
    results: list[NearVideo]
