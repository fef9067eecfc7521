"""What is answered once a video is saved."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape
from backend.web.schemas.deliveries import Delivery


class SavedFacts(Shape):
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


class Saved(SavedFacts):
    """Durable on the server's disk; `deliveries` tells how far its copies are."""

    success: Literal[True]


class SavedNotOnDrive(SavedFacts):
    """Durable on the server's disk all the same: only the first try to copy it to Drive failed, and more follow."""

    success: Literal[False]
    error: str
    message: str


class Asset(Shape):
    """Seed 004's answer."""

    asset_id: str
    filename: str
    original_filename: str
    size_bytes: int
    project_id: str
    status: str


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
