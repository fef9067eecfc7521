"""Damaged copies of videos whose bytes are not here: they are fetched back from a good copy first, then sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, raiseload

from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.disk.layout import Layout
from backend.errors import HoldfastError, TargetError
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.outbox.damage import note_loss, without_loss
from backend.outbox.ended import note_end
from backend.outbox.places import Places
from backend.outbox.restore import Restorer
from backend.targets.base import Expected, Perishable, RemoteCopy, Verdict

_CLAIM_SECONDS = 300


@dataclass(frozen=True)
class Repairer:
    database: Database
    layout: Layout
    places: Places
    log: UploadLog
    restorer: Restorer

    def repair_due(self) -> None:
        """Fetch back what is due, one after the other."""
        while (delivery := self._claim_one()) is not None:
            self._repair(delivery)

    def _claim_one(self) -> Delivery | None:
        """Take one by moving its next attempt away: should we die now, another worker comes back to it."""
        with self.database.write() as session:
            now = instant(session)
            due = (
                select(Delivery)
                .join(Video, Video.id == Delivery.video_id)
                .where(Delivery.target.in_(self.places.by_name), Delivery.state == DeliveryState.DAMAGED)
                .where(Delivery.next_attempt_at <= now)
                .where(Video.local_state == "pruned", Video.trashed_at.is_(None))
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

    def _repair(self, delivery: Delivery) -> None:
        video, target = delivery.video, delivery.target
        if self._has_ended(delivery):
            return
        try:
            self.restorer.restore(video.id)
        except HoldfastError as error:
            self.log.write("warning", "not_repaired", upload=video.id, target=target, error=error.message)
            self._write(delivery, next_in_seconds=delay_seconds(delivery.attempts))
            note_loss(self.database, self.layout, self.log, video, target)
        else:
            words = without_loss(delivery.error)
            self._write(delivery, next_in_seconds=0, attempts=0, error=words, error_code="")

    def _has_ended(self, delivery: Delivery) -> bool:
        """Whether its time at the target is over meanwhile: then nothing is fetched only to be deleted there again."""
        video, target = delivery.video, self.places.get(delivery.target).target
        if not isinstance(target, Perishable):
            return False
        copy = RemoteCopy(delivery.remote_key, delivery.proof, delivery.link)
        try:
            proof = target.verify(Expected(video.size_bytes, video.sha256), copy)
        except TargetError as error:
            told = {"upload": video.id, "target": delivery.target, "error": error.message}
            self.log.write("warning", "not_looked_at", name=video.original_filename, **told)
            return False
        if proof.verdict is not Verdict.ENDED:
            return False
        was = DeliveryState.DAMAGED
        return note_end(self.database, self.layout, self.log, delivery.id, video, proof, was=was)

    def _write(self, delivery: Delivery, next_in_seconds: float, **values: Any) -> None:
        """While it still waits for its bytes; a claim may have been faster."""
        waiting = update(Delivery).where(Delivery.id == delivery.id, Delivery.state == DeliveryState.DAMAGED)
        with self.database.write() as session:
            now = instant(session)
            later = now + timedelta(seconds=next_in_seconds)
            changed = waiting.values(next_attempt_at=later, updated_at=now, **values)
            session.execute(changed.execution_options(synchronize_session=False))
