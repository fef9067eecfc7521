"""Copies of a video at targets."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape


class Delivery(Shape):
    target: str
    kind: str | None
    state: Literal[
        "pending", "in_progress", "delivered", "parked", "failed", "skipped", "damaged", "deleting", "deleted"
    ]
    attempts: int
    bytes_sent: int
    bytes_total: int
    bytes_per_second: int | None
    seconds_left: float | None
    next_attempt_at: str | None
    error: str | None
    error_code: str | None
    remote_key: str | None
    link: str | None
    updated_at: str
    verified_at: str | None
    expires_at: str | None


class ListedDelivery(Delivery):
    video_id: str | None = None
    filename: str | None = None


class DeliveryList(Shape):
    success: bool
    count: int
    deliveries: list[ListedDelivery]


class OneDelivery(Shape):
    success: bool
    delivery: Delivery


class Link(Shape):
    success: bool
    url: str
    expires_at: str
