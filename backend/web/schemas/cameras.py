"""Cameras and their segments."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape
from backend.web.schemas.deliveries import Delivery

Backend = Literal["MINIO", "S3", "FILESYSTEM", "MILESTONE"]


class ThumbnailInBucket(Shape):
    target: str | None
    key: str


class Segment(Shape):
    """`checksum` (SHA-256, hex) is null until the bytes are hashed; `duration_recorded` until they are looked at."""

    id: str
    video_id: str
    camera_id: str
    start_time: str
    end_time: str
    duration_seconds: int
    duration_recorded: float | None
    size_bytes: int
    filename: str
    storage_backend: Backend
    storage_path: str
    checksum: str | None
    created_at: str
    mode: Literal["LOCAL", "MILESTONE", "BOTH"]
    project_id: str
    thumbnail_url: str
    thumbnail_in_bucket: ThumbnailInBucket | None
    deliveries: list[Delivery]


class RegisteredSegment(Segment):
    """`already_registered`: the same camera, bounds and content were here before."""

    success: bool
    already_registered: bool


class Span(Shape):
    start: str
    end: str


class SegmentPage(Shape):
    success: bool
    camera_id: str
    start: str
    end: str
    segments: list[Segment]
    gaps: list[Span]
    next_cursor: str | None


class SegmentTrashed(Shape):
    success: bool
    id: str
    video_id: str
    purged_after: str


class Camera(Shape):
    camera_id: str
    name: str
    segments: int
    bytes: int
    first_at: str
    last_at: str


class CameraList(Shape):
    success: bool
    count: int
    cameras: list[Camera]


class OneCamera(Shape):
    success: bool
    camera: Camera


class CoverageLane(Shape):
    """Either `stretches` or `bins` (the recorded share of each, 0 and 1 only where that is exactly so)."""

    camera_id: str
    segments: int
    stretches: list[Span] | None
    bins: list[float] | None


class Coverage(Shape):
    success: bool
    start: str
    end: str
    bin_seconds: float
    lanes: list[CoverageLane]
