"""What happened, for those who listen, and the listeners outside.

Event            one thing that happened to a video or a target, written in the transaction that made it happen.
                 `xid` and `seq` together are its place in the stream: on PostgreSQL `xid` is the transaction's number,
                 as rows with a smaller `seq` may appear later; on SQLite, which has one writer, it is 0.
Webhook          an address that is told of events. `secret` is sealed with the server's own key. `xid` and `seq`: the
                 last event that was handed to its deliveries. `paused_reason`: why it is told nothing for now.
WebhookDelivery  one event × one webhook, with the very `payload` that is sent; claimed by leases as copies are.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.catalog.models.base import Base

# SQLite counts rows up by itself only in a column of exactly this type.
_COUNTED_UP = BigInteger().with_variant(Integer(), "sqlite")


class Event(Base):
    __tablename__ = "events"

    seq: Mapped[int] = mapped_column(_COUNTED_UP, primary_key=True)
    xid: Mapped[int] = mapped_column(BigInteger)
    id: Mapped[str] = mapped_column(String(36), unique=True)
    at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(48))
    # No reference: an event outlives what it tells of.
    video_id: Mapped[str] = mapped_column(String(36), default="")
    project_id: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (Index("ix_events_place", "xid", "seq"), Index("ix_events_at", "at"))


class WebhookState(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"  # the other side answered 2xx
    FAILED = "failed"  # not tried any more by itself


class Webhook(Base):
    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    label: Mapped[str] = mapped_column(default="")
    url: Mapped[str]
    secret: Mapped[str]
    events: Mapped[list[str]] = mapped_column(default=list)  # empty: every event
    project_id: Mapped[str] = mapped_column(default="")  # empty: every project
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(default="")
    xid: Mapped[int] = mapped_column(BigInteger, default=0)
    seq: Mapped[int] = mapped_column(BigInteger, default=0)
    failures: Mapped[int] = mapped_column(default=0)  # since the last success
    paused_reason: Mapped[str] = mapped_column(default="")
    next_probe_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")


class WebhookDelivery(Base):
    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(_COUNTED_UP, primary_key=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(String(48))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(String(16), default=WebhookState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_token: Mapped[str | None] = mapped_column(String(36))
    lease_until: Mapped[datetime | None]
    status_code: Mapped[int | None]
    answered_seconds: Mapped[float | None]
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_deliveries_due", "state", "next_attempt_at", "id"),
        Index("ix_webhook_deliveries_log", "webhook_id", "id"),
    )
