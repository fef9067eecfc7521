"""What is to be made from videos.

MediaJob   one thing to be made from one video: `kind` and `parameters`, both as `media.kinds` knows them. `result`
           is what was made. Claimed by leases as deliveries are; `deaths` counts workers that died with it in hand.
MadeFiles  how many files lie in a video's folders of pictures and of renditions, and their bytes. Triggers count them.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.catalog.models.base import Base

if TYPE_CHECKING:
    from backend.catalog.models.videos import Video


class JobState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SET_ASIDE = "set-aside"  # its worker died with it, more than once
    CANCELLED = "cancelled"


class MediaJob(Base):
    __tablename__ = "media_jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    parameters: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(16), default=JobState.WAITING)
    lane: Mapped[str] = mapped_column(String(8))
    urgency: Mapped[int]  # the smaller first
    attempts: Mapped[int] = mapped_column(default=0)
    deaths: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str] = mapped_column(default="")
    progress: Mapped[float] = mapped_column(default=0.0)  # 0 to 1
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    video: Mapped[Video] = relationship(back_populates="media_jobs")

    __table_args__ = (
        UniqueConstraint("video_id", "kind", "parameters"),
        Index("ix_media_jobs_due", "lane", "state", "urgency", "next_attempt_at", "id"),
        Index("ix_media_jobs_state", "state", "updated_at"),
    )


class MadeFiles(Base):
    __tablename__ = "made_files"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    thumbnails_files: Mapped[int] = mapped_column(BigInteger)
    thumbnails_bytes: Mapped[int] = mapped_column(BigInteger)
    processed_files: Mapped[int] = mapped_column(BigInteger)
    processed_bytes: Mapped[int] = mapped_column(BigInteger)
