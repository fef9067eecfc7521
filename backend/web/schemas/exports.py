"""Exports: clips cut from the recordings of cameras."""

from __future__ import annotations

from typing import Any

from backend.web.schemas.base import Shape
from backend.web.schemas.cameras import Span


class ExportBounds(Shape):
    """What of one camera was asked and is given; `given` is null where nothing was recorded."""

    camera_id: str
    asked: Span
    given: Span | None
    encoded: bool
    why_encoded: str


class ExportGap(Span):
    camera_id: str


class ExportProblem(Span):
    """A part that could not be had. `kind`: missing, corrupt, still-recording, short. `covered`: another recording
    shows that time, so nothing lacks."""

    kind: str
    camera_id: str
    segment_id: str
    filename: str
    words: str
    covered: bool


class ExportDelivery(Shape):
    """The copy in the bucket of exports: pending, verified, failed, deleting, deleted."""

    target: str
    state: str
    error: str | None


class Export(Shape):
    id: str
    status: str
    progress: float
    phase: str
    camera_ids: list[str]
    start_time: str
    end_time: str
    format: str
    cut: str
    layout: str
    slate: bool
    incomplete: str
    reason: str | None
    created_by: str | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    expires_at: str | None
    removed_at: str | None
    removed_by: str | None
    download_url: str | None
    file_size: int | None
    file_path: str | None
    filename: str | None
    checksum: str | None
    partial: bool
    bounds: list[ExportBounds]
    gaps: list[ExportGap]
    problems: list[ExportProblem]
    error: str | None
    error_code: str | None
    manifest_url: str | None
    delivery: ExportDelivery | None


class OneExport(Export):
    success: bool


class ExportPage(Shape):
    success: bool
    count: int
    exports: list[Export]
    next_cursor: str | None


class ExportManifest(Shape):
    """`manifest`: a compact JWS, signed with the key of `/api/receipt-key`; `payload`: what it says."""

    success: bool
    manifest: str
    payload: dict[str, Any]


class EstimatedCamera(Shape):
    camera_id: str
    segments: int
    recorded_seconds: float
    gaps: int
    bytes: int


class ExportEstimate(Shape):
    success: bool
    cameras: list[EstimatedCamera]
    estimate_bytes: int
    estimate_seconds: float
