"""Who may come in, what was answered, what was shared, and what everybody did.

Token        a person's or program's key, kept only as SHA-256. `role` and `projects` limit it.
KeyedAnswer  the answer once given for an Idempotency-Key, so that a retry is answered alike.
ShareLink    lets whoever has its signed address see one video, until it expires or is revoked; `opened` counts.
AuditLine    one change: who, what, when, from where. `digest` is over the line and `before`, the digest of the line
             before it: one that was changed or removed shows. The database itself refuses to change or remove lines.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.catalog.models.base import Base


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


class ShareLink(Base):
    __tablename__ = "share_links"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(default="")
    may_download: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[str]
    created_by_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    opened: Mapped[int] = mapped_column(default=0)
    last_opened_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_share_links_video", "video_id"),)


class AuditLine(Base):
    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    who: Mapped[str]
    who_id: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(48))
    # No reference: a line outlives what it tells of.
    video_id: Mapped[str] = mapped_column(String(36), default="")
    project_id: Mapped[str] = mapped_column(default="")
    what: Mapped[dict[str, Any]] = mapped_column(default=dict)
    before: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index("ix_audit_video", "video_id", "id"),)
