"""What videos look like, and vectors that callers keep about them.

Fingerprint  the perceptual hashes of one video's frames, as `media.fingerprint` made them: `hashes` holds 32 bytes for
             each frame, `qualities` one byte, frames standing `interval_seconds` apart. `version` names the way of
             hashing; a fingerprint of an older one is made anew.
Likeness     two videos that look alike: `later` was saved after `earlier`. `ranges` says which seconds agree;
             `share_of_later` and `share_of_earlier` (0 to 1) how much of each is found in the other.
Vector       a caller's own vector for a video in a namespace: `dimensions` little-endian 32-bit floats.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from backend.catalog.models.base import Base


class Fingerprint(Base):
    __tablename__ = "fingerprints"

    # Counted up, so that an index kept in memory reads only what is new since.
    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), unique=True)
    version: Mapped[int]
    interval_seconds: Mapped[float]
    frames: Mapped[int]
    hashes: Mapped[bytes] = mapped_column(LargeBinary)
    qualities: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class Likeness(Base):
    __tablename__ = "likenesses"

    later_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    earlier_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    share_of_later: Mapped[float]
    share_of_earlier: Mapped[float]
    ranges: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    found_at: Mapped[datetime]

    __table_args__ = (Index("ix_likenesses_earlier", "earlier_id"),)


class Vector(Base):
    __tablename__ = "vectors"

    seq: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(64))
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"))
    dimensions: Mapped[int]
    values: Mapped[bytes] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_vectors_video", "namespace", "video_id", unique=True),)
