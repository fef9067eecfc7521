"""A copy that was verified once and is not what it should be any more: said so at once, and sent again."""

from __future__ import annotations

from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.disk.layout import Layout
from backend.outbox.clock import instant
from backend.outbox.record import record_delivery


def note_damage(database: Database, layout: Layout, video: Video, target: str, reason: str) -> None:
    """A later check of a delivered copy failed. While the local bytes are here, the ledger sends them again."""
    with database.write() as session:
        now = instant(session)
        damaged = update(Delivery).where(
            Delivery.video_id == video.id, Delivery.target == target, Delivery.state == DeliveryState.DELIVERED
        )
        session.execute(
            damaged.values(
                state=DeliveryState.DAMAGED, attempts=0, next_attempt_at=now, error=reason, updated_at=now
            ).execution_options(synchronize_session=False)
        )
    record_delivery(database, layout, video.relative_path, video.id, target)
