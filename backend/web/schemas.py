"""The shapes of answers as pydantic models: OpenAPI is made from them, and a test holds real answers against them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """Base: an answer has exactly the fields that are written down."""

    model_config = ConfigDict(extra="forbid")


class Problem(Shape):
    """Every refusal: `error` for people, `code` for programs, `detail` names thing and limit."""

    success: Literal[False]
    error: str
    code: str
    detail: dict[str, Any]


class Done(Shape):
    success: bool
    status: str | None = None


class Count(Shape):
    success: bool
    count: int


class Delivery(Shape):
    target: str
    kind: str | None
    state: Literal[
        "pending", "in_progress", "delivered", "parked", "failed", "skipped", "damaged", "deleting", "deleted"
    ]
    attempts: int
    bytes_sent: int
    bytes_total: int
    bytes_per_second: int | None
    seconds_left: float | None
    next_attempt_at: str | None
    error: str | None
    error_code: str | None
    remote_key: str | None
    updated_at: str
    verified_at: str | None


class ListedDelivery(Delivery):
    video_id: str | None = None
    filename: str | None = None


class DeliveryList(Shape):
    success: bool
    count: int
    deliveries: list[ListedDelivery]


class OneDelivery(Shape):
    success: bool
    delivery: Delivery


class Link(Shape):
    success: bool
    url: str
    expires_at: str


class Video(Shape):
    id: str
    project_id: str
    filename: str
    stored_filename: str
    original_filename: str
    relative_path: str
    checksum: str
    sha256: str
    size_bytes: int
    mime_type: str
    status: Literal["processing", "ready", "unplayable", "no-media-tools", "remote-only", "trashed"]
    local: Literal["present", "missing", "damaged", "pruned"]
    thumbnail_path: str | None
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
    deliveries: list[Delivery]


class VideoList(Shape):
    success: bool
    count: int
    videos: list[Video]
    next_cursor: str | None


class OneVideo(Shape):
    success: bool
    video: Video


class Saved(Shape):
    """Durable on the server's disk; `deliveries` tells how far its copies are."""

    success: bool
    video_id: str
    filename: str
    original_filename: str
    stored_filename: str
    local_backup: str
    file_size_mb: float
    size_bytes: int
    mime_type: str
    project_id: str
    checksum: str
    drive_link: str | None
    deliveries: list[Delivery]
    duplicate_of: str | None
    receipt: str
    created_at: str


class Asset(Shape):
    """Seed 004's answer."""

    asset_id: str
    filename: str
    original_filename: str
    size_bytes: int
    project_id: str
    status: str


class Amount(Shape):
    count: int
    bytes: int


class StorageStats(Shape):
    success: bool
    total_videos: int
    total_size_bytes: int
    total_size_mb: float
    physical_bytes: int
    disk_free_bytes: int
    oldest: str | None
    newest: str | None
    by_project: dict[str, Amount]
    by_content_type: dict[str, Amount]
    deliveries: dict[str, dict[str, Amount]]


class Trashed(Shape):
    success: bool
    video_id: str
    purged_after: str


class ReceiptPayload(Shape):
    id: str
    sha256: str
    size: int
    filename: str
    saved_at: str
    node: str


class Receipt(Shape):
    success: bool
    receipt: str
    payload: ReceiptPayload


class Target(Shape):
    name: str
    kind: str
    label: str
    enabled: bool
    required: bool
    state: Literal["up", "degraded", "parked", "paused"]
    reason: str | None
    next_probe_at: str | None
    backlog: Amount
    oldest_waiting_at: str | None
    last_success_at: str | None
    last_error_at: str | None
    last_error: str | None


class TargetList(Shape):
    success: bool
    targets: list[Target]


class Check(Shape):
    success: bool
    ok: bool
    message: str
    details: dict[str, Any]


class User(Shape):
    name: str
    role: str
    projects: list[str]


class Limits(Shape):
    max_bytes: int
    extensions: list[str]


class TargetName(Shape):
    name: str
    kind: str
    label: str
    required: bool


class Session(Shape):
    success: bool
    auth_mode: str
    user: User
    limits: Limits
    targets: list[TargetName]


class Ready(Shape):
    success: bool
    status: str
    problems: list[str]
