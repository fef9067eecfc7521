"""Damaged copies of videos whose bytes are not here: they are fetched back from a good copy first, then sent again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, raiseload

from backend.catalog import events
from backend.catalog.database import Database
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.disk.layout import Layout
from backend.errors import HoldfastError, TargetError
from backend.events import VIDEO_REPAIRED
from backend.log import UploadLog
from backend.outbox import circuit
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.outbox.damage import note_loss, tell_sidecar, without_loss
from backend.outbox.deliver import is_about_target
from backend.outbox.ended import note_end
from backend.outbox.look import why_left_alone
from backend.outbox.places import Place, Places
from backend.outbox.restore import Restorer
from backend.outbox.twice import Twice
from backend.targets.base import Expected, Perishable, Proof, RemoteCopy, Verdict

_CLAIM_SECONDS = 300


@dataclass(frozen=True)
class Repairer:
    database: Database
    layout: Layout
    places: Places
    log: UploadLog
    restorer: Restorer
    twice: Twice = field(default_factory=Twice)

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
        if self._needs_nothing(delivery):
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

    def _needs_nothing(self, delivery: Delivery) -> bool:
        """Whether the target, one that deletes by itself what is old, has it after all, or its time there is over: then
        nothing is fetched to be sent again. While it is left alone it is not asked."""
        video, place = delivery.video, self.places.get(delivery.target)
        if not isinstance(place.target, Perishable) or self._is_left_alone(delivery.target):
            return False
        try:
            proof = self._ask(place, delivery)
        except TargetError as error:
            self._not_reached(delivery, error)
            return False
        if proof.verdict is Verdict.MATCHES:
            return self._found_again(delivery)
        if proof.verdict is not Verdict.ENDED:
            return False
        was = DeliveryState.DAMAGED
        return note_end(self.database, self.layout, self.log, delivery.id, video, proof, was=was)

    def _is_left_alone(self, target: str) -> bool:
        with self.database.read() as session:
            return bool(why_left_alone(session, target))

    def _ask(self, place: Place, delivery: Delivery) -> Proof:
        expected = Expected(delivery.video.size_bytes, delivery.video.sha256)
        copy = RemoteCopy(delivery.remote_key, delivery.proof, delivery.link)
        return self.twice.ask(place, lambda: place.target.verify(expected, copy))

    def _not_reached(self, delivery: Delivery, error: TargetError) -> None:
        """The target hears of it as of a failed attempt, so that one that is away holds up nothing for long."""
        video, target = delivery.video, delivery.target
        with self.database.write() as session:
            row = circuit.lock_target(session, target)
            paused = is_about_target(error) and circuit.note_failure(session, row, error, instant(session))
        told = {"target": target, "error": error.message}
        self.log.write("warning", "not_looked_at", upload=video.id, name=video.original_filename, **told)
        if paused:
            self.log.write("warning", "target_paused", **told)

    def _found_again(self, delivery: Delivery) -> bool:
        """It is right, as it was before it was called damaged. False when somebody else was faster."""
        video, target = delivery.video, delivery.target
        again = update(Delivery).where(Delivery.id == delivery.id, Delivery.state == DeliveryState.DAMAGED)
        with self.database.write() as session:
            now = instant(session)
            seen = {"verified_at": now, "checked_at": now, "next_attempt_at": now, "updated_at": now}
            right = again.values(state=DeliveryState.DELIVERED, attempts=0, error="", error_code="", **seen)
            returned = right.returning(Delivery.id).execution_options(synchronize_session=False)
            if session.scalar(returned) is None:
                return False
            events.append(session, VIDEO_REPAIRED, video, where=target, target=target, how="found there again")
        self.log.write("info", "found_again", upload=video.id, name=video.original_filename, target=target)
        tell_sidecar(self.database, self.layout, self.log, video, target)
        return True

    def _write(self, delivery: Delivery, next_in_seconds: float, **values: Any) -> None:
        """While it still waits for its bytes; a claim may have been faster."""
        waiting = update(Delivery).where(Delivery.id == delivery.id, Delivery.state == DeliveryState.DAMAGED)
        with self.database.write() as session:
            now = instant(session)
            later = now + timedelta(seconds=next_in_seconds)
            changed = waiting.values(next_attempt_at=later, updated_at=now, **values)
            session.execute(changed.execution_options(synchronize_session=False))
