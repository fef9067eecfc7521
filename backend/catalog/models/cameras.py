"""Recordings of cameras on a line of time, and what is cut from them. Columns of seed 001 keep its names.

Camera     one that recorded anything. `name` is a person's word for it. `longest_seconds`: of its segments, so that
           looking for those that overlap an instant need not go back to the first.
Segment    where on its camera's line a video lies, between two instants, the end not included. `id` is the video's;
           a row of its own because lists by time are asked of a million. `is_listed` follows the video by a trigger:
           false while it is in the trash, and for good once its bytes are purged. `storage_path` is below the storage
           root; `storage_backend` is where it is bound for. `checksum` is missing until the bytes are hashed.
Export     a clip cut from segments. Claimed by leases as media jobs are; `deaths` counts workers that died with it in
           hand. `projects`: those that its requester may see; none: all. `delivery_state`: of the copy in the bucket of
           exports; "" where there is none. `manifest` is the signed text.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, JSON, BigInteger, ForeignKey, Index, String, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from backend.catalog.models.base import Base

# The type UUID where there is one, as seed 001 has it.
_UUID = Uuid(as_uuid=False).with_variant(String(36), "sqlite")
_UUIDS = ARRAY(Uuid(as_uuid=False)).with_variant(JSON, "sqlite")


class ExportStatus(StrEnum):
    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"  # its file was removed when its time was over


class Camera(Base):
    __tablename__ = "cameras"

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    name: Mapped[str] = mapped_column(default="")
    longest_seconds: Mapped[float]
    created_at: Mapped[datetime]


class Segment(Base):
    __tablename__ = "segments"

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    camera_id: Mapped[str] = mapped_column(_UUID)
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    duration_seconds: Mapped[int]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    storage_backend: Mapped[str] = mapped_column(String(50))
    storage_path: Mapped[str]
    checksum: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    # The same as `id`: PostgreSQL joins no UUID with a text.
    video_id: Mapped[str] = mapped_column(String(36), ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    project_id: Mapped[str]
    is_listed: Mapped[bool] = mapped_column(default=True)
    thumbnail_key: Mapped[str] = mapped_column(default="")  # in the bucket of thumbnails, once it was verified there
    thumbnail_next_at: Mapped[datetime | None]

    __table_args__ = (
        # Seed 001's index, and behind it what lists and totals ask of a segment, so that they need no row.
        Index("idx_camera_time", "camera_id", "start_time", "end_time", "is_listed", "project_id", "size_bytes"),
        Index("idx_created_at", "created_at"),
        Index("ix_segments_thumbnail", "thumbnail_next_at"),
    )


class Export(Base):
    __tablename__ = "exports"

    id: Mapped[str] = mapped_column(_UUID, primary_key=True)
    camera_ids: Mapped[list[str]] = mapped_column(_UUIDS)
    start_time: Mapped[datetime]
    end_time: Mapped[datetime]
    format: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None]
    status: Mapped[str] = mapped_column(String(20), default=ExportStatus.PENDING)
    file_path: Mapped[str | None]
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    download_url: Mapped[str | None]
    expires_at: Mapped[datetime | None]
    created_by: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]

    created_by_id: Mapped[str] = mapped_column(String(64), default="")
    projects: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    cut: Mapped[str] = mapped_column(String(8))
    layout: Mapped[str] = mapped_column(String(8))
    slate: Mapped[bool]
    incomplete: Mapped[str] = mapped_column(String(8))  # what to do when a part cannot be had: fail | partial
    keep_hours: Mapped[float]  # how long the result is kept
    is_partial: Mapped[bool] = mapped_column(default=False)
    checksum: Mapped[str] = mapped_column(String(64), default="")
    manifest: Mapped[str] = mapped_column(default="")
    findings: Mapped[dict[str, Any]] = mapped_column(default=dict)  # bounds, gaps and problems, as they are told
    node: Mapped[str] = mapped_column(default="")
    progress: Mapped[float] = mapped_column(default=0.0)  # 0 to 1
    phase: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    deaths: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(String(64), default="")
    delivery_target: Mapped[str] = mapped_column(String(64), default="")
    delivery_state: Mapped[str] = mapped_column(String(16), default="")  # pending | verified | failed
    delivery_attempts: Mapped[int] = mapped_column(default=0)
    delivery_next_at: Mapped[datetime | None]
    delivery_error: Mapped[str] = mapped_column(default="")
    delivery_resume: Mapped[dict[str, Any]] = mapped_column(default=dict)
    remote_key: Mapped[str] = mapped_column(default="")
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("idx_status", "status", "next_attempt_at", "id"),
        Index("ix_exports_created", "created_at", "id"),
        Index("ix_exports_expires", "expires_at"),
        Index("ix_exports_delivery", "delivery_state", "delivery_next_at"),
    )
