"""Deleting remote copies of purged videos, where the target says `on_delete = "delete"`. Tried until it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, raiseload

from backend.catalog import holds
from backend.catalog.clock import certain_at
from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, TargetRow, Video
from backend.disk.holds import in_force
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar, read_sidecar
from backend.errors import StorageError, TargetError, TransientFailure
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.claim import remote_key_of
from backend.outbox.clock import instant
from backend.outbox.places import Place, Places
from backend.outbox.record import record_delivery
from backend.targets.base import Deletable, RemoteCopy

_CLAIM_SECONDS = 300
# A request that was under way when the video was purged may still make a copy, after its worker lost the lease.
_LINGER_SECONDS = 900
_OVER = (DeliveryState.DELETED, DeliveryState.DELETING, DeliveryState.SKIPPED)
_NEVER_SENT = "The video was removed at the end of its time in the trash before this copy was made."


def with_deletions(doc: Sidecar, places: Places) -> Sidecar:
    """The sidecar of a video that is being purged: its remote copies are to go where their target wants that."""
    going = tuple(
        d.model_copy(update={"state": DeliveryState.DELETING})
        if d.state not in _OVER and _deletes(places.by_name.get(d.target))
        else d
        for d in doc.deliveries
    )
    return doc.model_copy(update={"deliveries": going})


def close_accounts(session: Session, video: Video, places: Places) -> None:
    """What becomes of a purged video's deliveries: copies are kept, or queued for deletion; what waits is over."""
    now = instant(session)
    for delivery in video.deliveries:
        if delivery.state in _OVER:
            continue
        due_at = now
        if _deletes(places.by_name.get(delivery.target)):
            # Also what was never proved: an attempt that was cut off may have left a copy, and one that runs at
            # this moment may still make one before it notices.
            if delivery.state == DeliveryState.IN_PROGRESS:
                due_at = max(now, delivery.lease_until or now)
                delivery.lease_until = due_at
            else:
                delivery.lease_until = None
            delivery.state, delivery.attempts = DeliveryState.DELETING, 0
        elif delivery.state == DeliveryState.DELIVERED:
            delivery.checked_at = None  # kept, and nobody's any more
            continue
        else:
            delivery.state, delivery.error, delivery.error_code = DeliveryState.DELETED, _NEVER_SENT, ""
            delivery.lease_until = None
        delivery.next_attempt_at, delivery.updated_at, delivery.lease_token = due_at, now, None


@dataclass(frozen=True)
class Eraser:
    database: Database
    layout: Layout
    places: Places
    log: UploadLog

    def erase_due(self) -> None:
        """Delete what is due, one after the other."""
        while (delivery := self._claim_one()) is not None:
            self._erase(delivery)

    def _claim_one(self) -> Delivery | None:
        """Take one by moving its next attempt away: should we die now, another worker comes back to it."""
        ours = [name for name, place in self.places.by_name.items() if _deletable(place)]
        with self.database.write() as session:
            now = instant(session)
            due = (
                select(Delivery)
                .join(TargetRow, TargetRow.name == Delivery.target)
                .where(TargetRow.circuit == "closed", TargetRow.paused.is_(False))
                .where(Delivery.target.in_(ours), Delivery.state == DeliveryState.DELETING)
                .where(Delivery.next_attempt_at <= now)
                .order_by(Delivery.next_attempt_at)
                .limit(1)
                .options(joinedload(Delivery.video), raiseload("*"))
                .with_for_update(skip_locked=True, of=Delivery)
            )
            delivery = session.scalar(due)
            if delivery is not None:
                delivery.next_attempt_at = now + timedelta(seconds=_CLAIM_SECONDS)
                delivery.attempts += 1
            return delivery

    def _erase(self, delivery: Delivery) -> None:
        video, target = delivery.video, self.places.get(delivery.target).target
        assert isinstance(target, Deletable)
        if self._is_held(video):
            self._later(delivery, TransientFailure("The video is held, so this copy stays for now."))
            return
        try:
            target.delete(RemoteCopy(delivery.remote_key or remote_key_of(video), delivery.proof))
        except TargetError as error:
            self._later(delivery, error)
            self.log.write("warning", "delete_failed", upload=video.id, target=delivery.target, error=error.message)
            return
        if not self._record(delivery):
            return
        record_delivery(self.database, self.layout, video.relative_path, video.id, delivery.target)
        self.log.write("info", "deleted", upload=video.id, target=delivery.target)

    def _is_held(self, video: Video) -> bool:
        at = certain_at(self.layout, self.database)
        try:
            return bool(in_force(read_sidecar(self.layout.sidecar_of(video.relative_path)).holds, at))
        except StorageError:
            return True
        except FileNotFoundError:
            with self.database.read() as session:
                return bool(holds.of_videos(session, [video.id], at))

    def _later(self, delivery: Delivery, error: TargetError) -> None:
        with self.database.write() as session:
            row, now = session.get_one(Delivery, delivery.id), instant(session)
            wait = delay_seconds(row.attempts, error.retry_after_seconds)
            row.next_attempt_at, row.updated_at = now + timedelta(seconds=wait), now
            row.error, row.error_code = error.message, error.code

    def _record(self, delivery: Delivery) -> bool:
        """False while a sender may still be at it: then it is not over, and looked for once more."""
        with self.database.write() as session:
            row, now = session.get_one(Delivery, delivery.id), instant(session)
            row.updated_at, row.error, row.error_code = now, "", ""
            quiet_at = row.lease_until + timedelta(seconds=_LINGER_SECONDS) if row.lease_until else now
            if now < quiet_at:
                row.next_attempt_at = quiet_at
                return False
            row.state, row.resume, row.lease_until = DeliveryState.DELETED, {}, None
            return True


def _deletes(place: Place | None) -> bool:
    return place is not None and place.config.on_delete == "delete" and _deletable(place)


def _deletable(place: Place) -> bool:
    return isinstance(place.target, Deletable)
