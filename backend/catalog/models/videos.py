"""Videos, their tags and their holds.

Video      one accepted file and what is known of it. `id` is a UUID; it also names the upload in the log.
           `local_state`: present | pruned | purged. `trashed_at`: in the trash since. `revision` follows the sidecar.
           `media_state`: how far its pictures are; see `MediaState`. `media_reason` says why there are none.
           `name_key`: what a list is sorted by that is sorted by name; `catalog.search` writes it.
           `sha1` is for others' catalogs, never a proof; "" for what was saved before it was taken.
           `sha256` is "" as long as a recorder's file was taken without reading it; it is not delivered before.
           `segment_backend`: where a camera's recording is bound for; "" for all else (see `models.cameras`).
           `scrubbed_at`: when the bytes here were last read and found right; none: not since they were saved.
Hold       a lock on a video, as its sidecar tells it: until `until_at`, or until somebody releases it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.catalog.models.base import Base, only

if TYPE_CHECKING:
    from backend.catalog.models.deliveries import Delivery
    from backend.catalog.models.integrity import Damage
    from backend.catalog.models.media import MediaJob


class MediaState(StrEnum):
    NEW = "new"  # nothing is planned for it yet
    WORKING = "working"  # what playing it needs is being made
    READY = "ready"
    UNPLAYABLE = "unplayable"
    NO_TOOLS = "no-media-tools"  # ffmpeg is missing here; it is new again when that appears


class Video(Base):
    __tablename__ = "videos"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    project_id: Mapped[str]
    original_filename: Mapped[str]
    stored_filename: Mapped[str] = mapped_column(String(255), unique=True)
    relative_path: Mapped[str] = mapped_column(String(512), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    sha1: Mapped[str] = mapped_column(String(40), default="")
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    mime_type: Mapped[str] = mapped_column(String(127))
    title: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    content_type: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(default="")
    camera_id: Mapped[str] = mapped_column(default="")
    start_at: Mapped[datetime | None]
    end_at: Mapped[datetime | None]
    segment_backend: Mapped[str] = mapped_column(String(16), default="")
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
    media_state: Mapped[str] = mapped_column(String(16), default=MediaState.NEW)
    media_reason: Mapped[str] = mapped_column(default="")
    duration_seconds: Mapped[float | None]
    scrubbed_at: Mapped[datetime | None]
    # In one order on either database, whatever language a server's is set to.
    name_key: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"))

    tags: Mapped[list[VideoTag]] = relationship(
        back_populates="video",
        cascade="all, delete-orphan",
        order_by="VideoTag.position",
        lazy="selectin",
    )
    holds: Mapped[list[Hold]] = relationship(
        back_populates="video",
        cascade="all, delete-orphan",
        order_by="Hold.created_at",
        lazy="selectin",
    )
    deliveries: Mapped[list[Delivery]] = relationship(
        back_populates="video",
        cascade="all, delete-orphan",
        order_by="Delivery.target",
        lazy="selectin",
    )
    media_jobs: Mapped[list[MediaJob]] = relationship(
        back_populates="video",
        cascade="all, delete-orphan",
        order_by="MediaJob.id",
        lazy="selectin",
    )
    damages: Mapped[list[Damage]] = relationship(
        back_populates="video",
        cascade="all, delete-orphan",
        order_by="Damage.part",
        lazy="selectin",
    )

    __table_args__ = (
        Index("ix_videos_created", "created_at", "id"),
        Index("ix_videos_project_created", "project_id", "created_at", "id"),
        Index("ix_videos_sha256", "sha256"),
        # Of the few in the trash only: by one of all, SQLite would gather every video that is not there, and sort them.
        Index("ix_videos_trashed", "trashed_at", **only("trashed_at IS NOT NULL")),
        Index("ix_videos_size", "size_bytes", "id"),
        Index("ix_videos_duration", "duration_seconds", "id"),
        Index("ix_videos_name", "name_key", "id"),
        Index("ix_videos_label", "content_type", "created_at", "id"),
        Index("ix_videos_camera", "camera_id", "created_at", "id", **only("camera_id <> ''")),
        # Of the few whose bytes are another's too: what the disk holds is counted without them.
        Index("ix_videos_shared", "bytes_id", "local_state", "project_id", "size_bytes", **only("bytes_id <> id")),
        # Of the few that are not hashed yet.
        Index("ix_videos_unhashed", "created_at", "id", **only("sha256 = ''")),
        Index("ix_videos_without_sha1", "created_at", "id", **only("sha1 = ''")),
        # In the order of time: where only the old ones are pruned, a walk along all videos meets them late.
        Index("ix_videos_pruned", "created_at", "id", **only("local_state IN ('pruning', 'pruned')")),
        Index("ix_videos_expires", "expires_at", "id", **only("expires_at IS NOT NULL")),
        # Almost all videos are ready; the planner looks for the others every second.
        Index(
            "ix_videos_media_state",
            "media_state",
            "created_at",
            **only("media_state != 'ready'"),
        ),
        # By the last look at the bytes here: the scrub takes those first that waited longest.
        Index(
            "ix_videos_scrubbed",
            "scrubbed_at",
            "created_at",
            "id",
            "local_state",  # so that counting needs no row
            **only("local_state != 'purged'"),
        ),
    )


class VideoTag(Base):
    __tablename__ = "video_tags"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    video: Mapped[Video] = relationship(back_populates="tags")

    __table_args__ = (Index("ix_video_tags_tag", "tag", "video_id"),)


class Hold(Base):
    __tablename__ = "holds"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    reason: Mapped[str]
    owner: Mapped[str]
    owner_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    until_at: Mapped[datetime | None]
    video: Mapped[Video] = relationship(back_populates="holds")

    __table_args__ = (Index("ix_holds_video", "video_id"),)
