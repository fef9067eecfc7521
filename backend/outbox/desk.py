"""What people ask of the ledger: the state of targets and deliveries, retry, check, pause, resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased, joinedload

from backend.catalog import audit, videos
from backend.catalog.database import Database
from backend.catalog.describe import describe_delivery
from backend.catalog.models import PAST_RETENTION, Delivery, DeliveryState, TargetRow, Video
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.layout import Layout
from backend.errors import BadField, Conflict, NotFound
from backend.log import UploadLog
from backend.outbox import circuit
from backend.outbox.clock import instant
from backend.outbox.places import Places
from backend.outbox.reverify import Reverifier
from backend.targets.base import CheckReport, Linkable, RemoteCopy
from backend.targets.config import TargetConfig

_WAITING = (DeliveryState.PENDING, DeliveryState.IN_PROGRESS, DeliveryState.DAMAGED, DeliveryState.PARKED)
_STUCK = (DeliveryState.FAILED, DeliveryState.PARKED)
_ENDED_WELL = (DeliveryState.DELIVERED, DeliveryState.DELETED, DeliveryState.DELETING)


@dataclass(frozen=True)
class Forgotten:
    """Copies that wait for a target which is not configured; `alone`: of videos that have no verified copy at all."""

    count: int
    alone: int


@dataclass(frozen=True)
class Desk:
    database: Database
    layout: Layout
    places: Places
    log: UploadLog

    def targets(self, scope: Scope = EVERYTHING) -> list[dict[str, Any]]:
        """Each configured target, also those that are disabled, with its health and backlog, as JSON.

        `scope`: whose backlog is counted.
        """
        with self.database.read() as session:
            rows = {row.name: row for row in session.scalars(select(TargetRow))}
            backlog = _backlog(session, scope)
        return [
            _target_json(config, rows.get(config.name), backlog.get(config.name))
            | {"required_of": self.places.required_of(config.name)}
            for config in self.places.configs
        ]

    def deliveries(
        self, state: str = "", target: str = "", scope: Scope = EVERYTHING, limit: int = 200
    ) -> list[dict[str, Any]]:
        """Ledger rows with the name of their video, the latest change first."""
        if state and state not in list(DeliveryState):
            raise BadField(f"state={state} is unknown; known: {', '.join(DeliveryState)}.", detail={"field": "state"})
        query = select(Delivery).options(joinedload(Delivery.video)).join(Video, Video.id == Delivery.video_id)
        query = query.where(*scope.condition())
        if state:
            query = query.where(Delivery.state == state)
        if target:
            query = query.where(Delivery.target == target)
        with self.database.read() as session:
            rows = session.scalars(query.order_by(Delivery.updated_at.desc(), Delivery.id).limit(limit)).all()
            return [
                {"video_id": d.video_id, "filename": d.video.original_filename}
                | describe_delivery(d, d.video, self.places.kinds)
                for d in rows
            ]

    def unknown_targets(self) -> dict[str, Forgotten]:
        """What waits for each target that is not configured: for ever, until somebody decides."""
        other = aliased(Delivery)
        safe = exists().where(other.video_id == Delivery.video_id, other.state == DeliveryState.DELIVERED)
        counts = func.count(), func.count().filter(~safe)
        query = select(Delivery.target, *counts).where(Delivery.state.in_(_WAITING)).group_by(Delivery.target)
        with self.database.read() as session:
            found = {name: Forgotten(count, alone) for name, count, alone in session.execute(query)}
        return {name: forgotten for name, forgotten in found.items() if name not in self.places.kinds}

    def retry(self, video_id: str, target: str, scope: Scope = EVERYTHING) -> dict[str, Any]:
        """Send one delivery again now, whatever it waits for. One to a target whose copies end by themselves also when
        it was delivered: it may have ended, or been lost, and nobody looks."""
        ends = self.places.get(target).config.ephemeral
        with self.database.write() as session:
            video = videos.get(session, video_id, scope)
            delivery = _delivery_to(video, target)
            # Its VMS may keep what it has for longer by now.
            may_go = (ends and delivery.state == DeliveryState.DELIVERED) or delivery.error_code == PAST_RETENTION
            if delivery.state in _ENDED_WELL and not may_go:
                raise Conflict(f"The delivery to '{target}' is {delivery.state}; there is nothing to retry.")
            if video.local_state != "present":
                raise Conflict("The video's bytes are not here to be sent; download it once, or restore it, first.")
            now = instant(session)
            circuit.ask_soon(circuit.lock_target(session, target), now)
            _to_the_front(delivery, now)
            shown = describe_delivery(delivery, video, self.places.kinds)
            audit.append(session, "delivery.retried", video_id=video.id, project_id=video.project_id, target=target)
        self.log.write("info", "retry", upload=video_id, target=target)
        return shown

    def retry_all(self, target: str = "", scope: Scope = EVERYTHING) -> int:
        """Send everything that failed or is parked again; returns how many."""
        names = [self.places.get(target).config.name] if target else sorted(self.places.by_name)
        can_go = select(Video.id).where(Video.local_state == "present", Video.trashed_at.is_(None), *scope.condition())
        stuck = update(Delivery).where(Delivery.state.in_(_STUCK), Delivery.video_id.in_(can_go))
        with self.database.write() as session:
            now, count = instant(session), 0
            for name in names:
                circuit.ask_soon(circuit.lock_target(session, name), now)
                again = stuck.where(Delivery.target == name).values(
                    state=DeliveryState.PENDING, next_attempt_at=now, updated_at=now
                )
                count += len(session.scalars(again.returning(Delivery.id)).all())
            if count:
                audit.append(session, "delivery.retried", targets=names, count=count)
        self.log.write("info", "retry_all", target=target or None, count=count)
        return count

    def verify(self, video_id: str, target: str, scope: Scope = EVERYTHING) -> dict[str, Any]:
        """Look at one verified copy now; the delivery as it is after that.

        Raises `TargetError` when the target could not be asked: then nothing is known that was not known before.
        """
        with self.database.read() as session:
            video = videos.get(session, video_id, scope)
            delivery = _delivery_to(video, target)
        self.places.get(target)
        if delivery.state != DeliveryState.DELIVERED:
            raise Conflict(f"The delivery to '{target}' is {delivery.state}; there is no verified copy to look at.")
        reverifier = Reverifier(self.database, self.layout, self.places, self.log)
        if left_alone := reverifier.left_alone(target):
            raise Conflict(f"'{target}' is not asked now: {left_alone}")
        looked = next(reverifier.look_at(reverifier.meant(target, everything=True), [delivery.id]), None)
        if looked is None:
            raise Conflict(f"The copy on '{target}' is being looked at already, or its video is in the trash.")
        if looked.error is not None:
            raise looked.error
        with self.database.read() as session:
            video = videos.get(session, video_id, scope)
            return describe_delivery(_delivery_to(video, target), video, self.places.kinds)

    def check(self, name: str) -> CheckReport:
        """Write, read and remove a probe; a good answer also ends the target's pause."""
        report = self.places.get(name).target.check()
        with self.database.write() as session:
            row = circuit.lock_target(session, name)
            circuit.note_probe(session, row, report, instant(session), by_hand=True)
            audit.append(session, "target.checked", target=name, ok=report.ok)
        self.log.write("info" if report.ok else "warning", "checked", target=name, ok=report.ok, said=report.message)
        return report

    def pause(self, name: str) -> None:
        """An operator's stop: nothing new is started; what moves may finish."""
        self.places.get(name)
        with self.database.write() as session:
            circuit.pause(session, circuit.lock_target(session, name))
            audit.append(session, "target.paused", target=name)
        self.log.write("info", "paused", target=name)

    def resume(self, name: str) -> None:
        """An operator's go: ends both kinds of pause."""
        self.places.get(name)
        with self.database.write() as session:
            circuit.resume(session, circuit.lock_target(session, name), instant(session))
            audit.append(session, "target.resumed", target=name)
        self.log.write("info", "resumed", target=name)

    def link(self, video_id: str, target: str, expires_seconds: int, scope: Scope = EVERYTHING) -> str:
        """A URL by which anybody who has it downloads the verified copy straight from the target for a while."""
        place = self.places.get(target)
        if not isinstance(place.target, Linkable):
            raise Conflict(f"'{target}' is a {place.config.kind}; it gives no links.")
        with self.database.read() as session:
            found = [d for d in videos.get(session, video_id, scope).deliveries if d.target == target]
        if not found or found[0].state != DeliveryState.DELIVERED:
            raise Conflict(f"'{target}' has no verified copy of this video to link to.")
        url = place.target.link(RemoteCopy(found[0].remote_key, found[0].proof), expires_seconds)
        self.log.write("info", "linked", upload=video_id, target=target, seconds=expires_seconds)
        return url

    def settled(self, video_id: str) -> bool:
        """True when every required copy is verified, or one first attempt has failed: nothing to wait for."""
        with self.database.read() as session:
            deliveries: Sequence[Delivery] = videos.get(session, video_id).deliveries
            required = [d for d in deliveries if self.places.requires(d.target, named=True)]
        if any(d.error and d.state != DeliveryState.IN_PROGRESS for d in required):
            return True
        return all(d.state == DeliveryState.DELIVERED for d in required)


def _delivery_to(video: Video, target: str) -> Delivery:
    for delivery in video.deliveries:
        if delivery.target == target:
            return delivery
    raise NotFound(f"Video {video.id} has no delivery to '{target}'.")


def _to_the_front(delivery: Delivery, now: datetime) -> None:
    if delivery.state == DeliveryState.IN_PROGRESS:
        if delivery.lease_until and delivery.lease_until > now:
            return
        # Its worker was killed: no need to wait until the lease is taken over.
        delivery.lease_token = delivery.lease_until = None
    delivery.state = DeliveryState.PENDING
    delivery.next_attempt_at = delivery.updated_at = now


def _backlog(session: Session, scope: Scope) -> dict[str, tuple[int, int, datetime]]:
    query = (
        select(Delivery.target, func.count(), func.sum(Video.size_bytes), func.min(Delivery.created_at))
        .join(Video, Video.id == Delivery.video_id)
        .where(Delivery.state.in_(_WAITING), Video.trashed_at.is_(None), *scope.condition())
        .group_by(Delivery.target)
    )
    return {target: (count, int(size), oldest) for target, count, size, oldest in session.execute(query)}


def _target_json(
    config: TargetConfig, row: TargetRow | None, backlog: tuple[int, int, datetime] | None
) -> dict[str, Any]:
    count, size, oldest = backlog or (0, 0, None)
    disabled = "It is disabled in targets.toml: nothing is sent there."
    return {
        "name": config.name,
        "kind": config.kind,
        "label": config.label,
        "enabled": config.enabled,
        "required": config.required,
        "state": _state(row) if config.enabled else "paused",
        "reason": (row.reason or None if row else None) if config.enabled else disabled,
        "next_probe_at": iso(row.next_probe_at) if row else None,
        "backlog": {"count": count, "bytes": size},
        "oldest_waiting_at": iso(oldest),
        "last_success_at": iso(row.last_success_at) if row else None,
        "last_error_at": iso(row.last_error_at) if row else None,
        "last_error": (row.last_error or None) if row else None,
    }


def _state(row: TargetRow | None) -> str:
    """up | degraded (failing for everybody, asked slowly) | parked (needs a person) | paused (by an operator)."""
    if row is None:
        return "up"
    if row.paused:
        return "paused"
    return {"closed": "up", "open": "degraded", "parked": "parked"}[row.circuit]
