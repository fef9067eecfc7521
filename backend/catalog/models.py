"""The tables, and the words they use.

Video      one accepted file and what is known of it. `id` is a UUID; it also names the upload in the log.
           `local_state`: present | pruned | purged. `trashed_at`: in the trash since. `revision` follows the sidecar.
Delivery   one video × one target. `state` is what is shown on the wire; see `DeliveryState`.
           `lease_token` names the worker's claim while `in_progress`; only its holder may write the row.
TargetRow  what is known of a configured target across processes: its circuit, its last success and error.
Token      a person's or program's key, kept only as SHA-256. `role` and `projects` limit it.
KeyedAnswer  the answer once given for an Idempotency-Key, so that a retry is answered alike.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from backend.catalog.types import Instant, VerbatimText


class Base(DeclarativeBase):
    # Every constraint has a name, so that a later migration can find it on either database.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {datetime: Instant, str: VerbatimText, dict[str, Any]: JSON, list[str]: JSON}


class DeliveryState(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"  # the remote's own figures were read back and equal ours
    PARKED = "parked"  # the target as a whole needs a person
    FAILED = "failed"  # this file can never be accepted there
    SKIPPED = "skipped"  # an optional target cannot take it
    DAMAGED = "damaged"  # a later check failed; repair follows
    DELETING = "deleting"
    DELETED = "deleted"


# `error_code` of a delivery that had nothing right to send: the file here is changed, or gone.
LOCAL_DAMAGE, LOCAL_MISSING = "local-damage", "local-missing"
LOCAL_FAILURES = (LOCAL_DAMAGE, LOCAL_MISSING)


class Video(Base):
    __tablename__ = "videos"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    project_id: Mapped[str]
    original_filename: Mapped[str]
    stored_filename: Mapped[str] = mapped_column(String(255), unique=True)
    relative_path: Mapped[str] = mapped_column(String(512), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mime_type: Mapped[str] = mapped_column(String(127))
    title: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    content_type: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    camera_id: Mapped[str] = mapped_column(default="")
    start_at: Mapped[datetime | None]
    end_at: Mapped[datetime | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)
    duplicate_of: Mapped[str | None] = mapped_column(String(36))
    bytes_id: Mapped[str] = mapped_column(String(36))  # equal for videos that share one file by hard link
    uploaded_by: Mapped[str] = mapped_column(default="")
    uploaded_by_id: Mapped[str] = mapped_column(String(64), default="")
    node: Mapped[str] = mapped_column(default="")
    door: Mapped[str] = mapped_column(String(32), default="")
    idempotency_key: Mapped[str] = mapped_column(default="")
    local_state: Mapped[str] = mapped_column(String(16), default="present")
    pruned_at: Mapped[datetime | None]
    trashed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(default=1)

    tags: Mapped[list[VideoTag]] = relationship(
        back_populates="video", cascade="all, delete-orphan", order_by="VideoTag.position", lazy="selectin"
    )
    deliveries: Mapped[list[Delivery]] = relationship(
        back_populates="video", cascade="all, delete-orphan", order_by="Delivery.target", lazy="selectin"
    )

    __table_args__ = (
        Index("ix_videos_created", "created_at", "id"),
        Index("ix_videos_project_created", "project_id", "created_at", "id"),
        Index("ix_videos_sha256", "sha256"),
        Index("ix_videos_trashed", "trashed_at"),
    )


class VideoTag(Base):
    __tablename__ = "video_tags"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    video: Mapped[Video] = relationship(back_populates="tags")

    __table_args__ = (Index("ix_video_tags_tag", "tag"),)


class Delivery(Base):
    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str] = mapped_column(default="")
    bytes_sent: Mapped[int] = mapped_column(BigInteger, default=0)
    bytes_per_second: Mapped[float | None]
    resume: Mapped[dict[str, Any]] = mapped_column(default=dict)
    remote_key: Mapped[str] = mapped_column(default="")
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    video: Mapped[Video] = relationship(back_populates="deliveries")

    __table_args__ = (
        UniqueConstraint("video_id", "target"),
        Index("ix_deliveries_due", "target", "state", "next_attempt_at", "id"),
        Index("ix_deliveries_state", "state", "updated_at"),
    )


class TargetRow(Base):
    __tablename__ = "targets"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    circuit: Mapped[str] = mapped_column(String(16), default="closed")  # closed | open | parked
    paused: Mapped[bool] = mapped_column(default=False)  # by an operator
    reason: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)  # since the last success
    probes: Mapped[int] = mapped_column(default=0)  # since the circuit opened
    next_probe_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")


class Token(Base):
    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    projects: Mapped[list[str]] = mapped_column(default=list)  # empty: every project
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class KeyedAnswer(Base):
    __tablename__ = "keyed_answers"

    caller: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
