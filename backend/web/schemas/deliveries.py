"""Copies of a video at targets."""

from __future__ import annotations

from typing import Literal

from backend.web.schemas.base import Shape


class Footage(Shape):
    """Where the VMS has what is to be seen; the file itself cannot be had back from there. `locked`: the VMS keeps it
    past its own retention, by an evidence lock, as long as the video is held here. `ended_at`: until when the VMS's
    retention kept it; null while it is there."""

    vms_camera_id: str | None
    start: str | None
    end: str | None
    locked: bool
    ended_at: str | None


class Delivery(Shape):
    """`phase` and `footage`: of copies on targets of kind milestone; null for all others. A VMS pulls what is offered
    to it: saved (waits here), offered, retrieving, verified (its own sequences cover the time). ended: it was there
    until the VMS's own retention passed; `state` is deleted, `error` says so, and `error_code` is past-retention."""

    target: str
    kind: str | None
    state: Literal[
        "pending", "in_progress", "delivered", "parked", "failed", "skipped", "damaged", "deleting", "deleted"
    ]
    phase: Literal["saved", "offered", "retrieving", "verified", "ended"] | None
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
    footage: Footage | None


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
