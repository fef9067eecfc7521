"""The ledger of copies, and what is known of the targets.

Delivery   one video × one target. `state` is what is shown on the wire; see `DeliveryState`.
           `lease_token` names the worker's claim while `in_progress`; only its holder may write the row. On a
           `delivered` one it names who looks at the copy again just now.
           `checked_at`: when a copy that was verified was last looked at again; none: it is not looked at any more.
TargetRow  what is known of a configured target across processes: its circuit, its last success and error.
TargetNote what a target keeps for itself, such as the id of a folder that it made.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.catalog.models.base import Base, only
from backend.catalog.types import PageAddress
from backend.errors import PastRetention

if TYPE_CHECKING:
    from backend.catalog.models.videos import Video


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
# `error_code` of a damaged copy that was the last one: the bytes are neither here nor, verified, anywhere else.
NO_COPY_LEFT = "no-copy-left"
# `error_code` of a deleted copy that its target let go by itself, when its time there was over; its proof then tells
# `ended_at`. Of a failed or skipped one: it would be let go at once, or soon.
PAST_RETENTION = PastRetention.code


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
    checked_at: Mapped[datetime | None]
    link: Mapped[str] = mapped_column(PageAddress(), default="")
    video: Mapped[Video] = relationship(back_populates="deliveries")

    __table_args__ = (
        UniqueConstraint("video_id", "target"),
        Index("ix_deliveries_due", "target", "state", "next_attempt_at", "id"),
        Index("ix_deliveries_state", "state", "updated_at"),
        Index("ix_deliveries_checked", "target", "state", "checked_at"),
        # Of the few that something was wrong with: lists ask for those whose bytes here are gone.
        Index("ix_deliveries_error", "error_code", "video_id", **only("error_code <> ''")),
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


class TargetNote(Base):
    __tablename__ = "target_notes"

    target: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    value: Mapped[str]
