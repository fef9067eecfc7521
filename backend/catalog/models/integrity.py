"""What was found wrong with the bytes here, when anybody looked, and what is being fetched back.

Damage    a file (`part` file) or a sidecar of ours that is not what was saved, until it is mended. `kind` says how, in
          one word, `reason` in a sentence. `no_copy`: good bytes are nowhere to be had, as far as the ledger knows.
ScrubRun  when a node's own files, or a target's copies, were last looked at: `name` is local:NODE or remote:TARGET.
Restore   a fetch of bytes that are not here. `ended_at` none: it runs, or it was cut off and begins again.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.catalog.models.base import Base

if TYPE_CHECKING:
    from backend.catalog.models.videos import Video

FILE, SIDECAR = "file", "sidecar"


class Damage(Base):
    __tablename__ = "damages"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str] = mapped_column(String(8), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str]
    no_copy: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)  # to mend it
    next_attempt_at: Mapped[datetime]
    found_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # when it was last found to be so
    video: Mapped[Video] = relationship(back_populates="damages")


class ScrubRun(Base):
    __tablename__ = "scrub_runs"

    name: Mapped[str] = mapped_column(String(320), primary_key=True)
    last_run_at: Mapped[datetime]
    checked: Mapped[int] = mapped_column(default=0)  # in that run
    damaged: Mapped[int] = mapped_column(default=0)
    halted: Mapped[str] = mapped_column(default="")  # why it ended early, in words


class Restore(Base):
    __tablename__ = "restores"

    video_id: Mapped[str] = mapped_column(ForeignKey("videos.id", ondelete="CASCADE"), primary_key=True)
    node: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")
