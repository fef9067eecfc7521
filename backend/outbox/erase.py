"""Deleting remote copies of purged videos, where the target says `on_delete = "delete"`. Tried until it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.disk.layout import Layout
from backend.errors import TargetError
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.deliver import record_delivery
from backend.outbox.places import Places
from backend.targets.base import Deletable, RemoteCopy

_CLAIM_SECONDS = 300


def mark_for_erasing(video: Video, places: Places) -> None:
    """Queue the remote copies of a purged video for deletion, where their target wants that."""
    for delivery in video.deliveries:
        place = places.by_name.get(delivery.target)
        wanted = place is not None and place.config.on_delete == "delete" and isinstance(place.target, Deletable)
        if wanted and delivery.state == DeliveryState.DELIVERED:
            delivery.state = DeliveryState.DELETING
            delivery.next_attempt_at = delivery.updated_at = datetime.now(UTC)


def erase_due(database: Database, layout: Layout, places: Places, log: UploadLog) -> None:
    """Delete what is due, one after the other."""
    while (due := _claim_one(database, places)) is not None:
        delivery, video_id = due
        target = places.get(delivery.target).target
        assert isinstance(target, Deletable)
        try:
            target.delete(RemoteCopy(delivery.remote_key, delivery.proof))
        except TargetError as error:
            _later(database, delivery.id, error)
            log.write("warning", "delete_failed", upload=video_id, target=delivery.target, error=error.message)
        else:
            _record(database, delivery.id)
            record_delivery(database, layout, video_id, delivery.target)
            log.write("info", "deleted", upload=video_id, target=delivery.target)


def _claim_one(database: Database, places: Places) -> tuple[Delivery, str] | None:
    """Take one by moving its next attempt away: should we die now, another worker comes back to it."""
    now = datetime.now(UTC)
    due = (
        select(Delivery)
        .where(Delivery.state == DeliveryState.DELETING, Delivery.next_attempt_at <= now)
        .where(Delivery.target.in_(list(places.by_name)))
        .order_by(Delivery.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with database.write() as session:
        delivery = session.scalar(due)
        if delivery is None:
            return None
        delivery.next_attempt_at = now + timedelta(seconds=_CLAIM_SECONDS)
        delivery.attempts += 1
        return delivery, delivery.video_id


def _later(database: Database, delivery_id: int, error: TargetError) -> None:
    now = datetime.now(UTC)
    with database.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        wait = delay_seconds(delivery.attempts, error.retry_after_seconds)
        delivery.next_attempt_at = now + timedelta(seconds=wait)
        delivery.error, delivery.error_code, delivery.updated_at = error.message, error.code, now


def _record(database: Database, delivery_id: int) -> None:
    with database.write() as session:
        delivery = session.get_one(Delivery, delivery_id)
        delivery.state = DeliveryState.DELETED
        delivery.error = delivery.error_code = ""
        delivery.updated_at = datetime.now(UTC)
