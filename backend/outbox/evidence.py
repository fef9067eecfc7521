"""Holds reach the copies too: where a target would let a copy go by itself, it is told to keep it while the hold lasts.

A hold makes an evidence lock in the VMS, and its end releases it. What is locked stands in the copy's proof, and in a
note of the target, by which it is found again when the video's last hold is over, whatever became of the copy.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, delete, exists, literal, or_, select, update
from sqlalchemy.orm import Session, raiseload

from backend.catalog.clock import Clock
from backend.catalog.database import Database
from backend.catalog.holds import counting, of_videos
from backend.catalog.models import Delivery, DeliveryState, Hold, TargetNote, Video
from backend.disk.layout import Layout
from backend.errors import StorageError, TargetError
from backend.log import UploadLog
from backend.outbox import look
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant, lease_end
from backend.outbox.look import why_left_alone
from backend.outbox.places import Places
from backend.outbox.record import record_delivery
from backend.targets.base import Holding, RemoteCopy

NOT_LOCKED = "not-locked"
# Beside what the target itself notes.
_NOTE = "held "
_LOCK = "lock_id"
# Each may take a remote's whole patience.
_MOST_AT_ONCE = 20
_PAGE = 1000
# One whose target makes no locks is asked about once more after a while: its settings may have changed.
_NEVER_LOCKED_SECONDS = 3600.0


@dataclass(frozen=True)
class _Held:
    """A verified copy of a held video, whose proof tells of no lock."""

    delivery_id: int
    video_id: str
    copy: RemoteCopy


@dataclass
class Evidence:
    """Any number may run, in any number of processes; each copy is in one's hands at a time."""

    database: Database
    layout: Layout
    places: Places
    log: UploadLog
    clock: Clock
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)  # by target and video: how often, until when
    _looked_at: dict[str, int] = field(default_factory=dict)  # by target: the last copy of the page before

    @property
    def is_needed(self) -> bool:
        return bool(self._keepers())

    def run_due(self) -> int:
        """Lock what is held and release what is not any more, so many at once; how many that were."""
        done = 0
        for name, target in self._keepers():
            with self.database.read() as session:
                if why_left_alone(session, name):
                    continue
            at = self.clock.read().certain_at
            done += self._each(name, target, at)
        return done

    def find_again(self) -> int:
        """Note every lock that a proof tells of and no note does: after a rebuild of the catalog. How many."""
        return sum(self._find_at(name) for name, _ in self._keepers())

    def _keepers(self) -> list[tuple[str, Holding]]:
        found = ((name, place.target) for name, place in self.places.by_name.items())
        return [(name, target) for name, target in found if isinstance(target, Holding)]

    def _each(self, name: str, target: Holding, at: datetime) -> int:
        done = 0
        held = self._unlocked(name, at)
        with self.database.read() as session:
            over = _over(session, name, at)
        try:
            for video_id in self._patient(name, held):
                done += self._lock(name, target, held[video_id], at)
            for video_id in self._patient(name, over):
                done += self._release(name, target, video_id, over[video_id])
        except TargetError:
            # It was told already; what else is due at this target would most likely fail as well.
            return done
        return done

    def _unlocked(self, name: str, at: datetime) -> dict[str, _Held]:
        """Of the held copies one page, the next one at the next turn: those that are to be locked, by video."""
        with self.database.read() as session:
            page = _held(session, name, at, self._looked_at.get(name, 0))
        self._looked_at[name] = page[-1].id if len(page) == _PAGE else 0
        return {row.video_id: _Held(row.id, row.video_id, _copy_of(row)) for row in page if not row.proof.get(_LOCK)}

    def _patient(self, name: str, video_ids: Iterable[str]) -> list[str]:
        now = time.monotonic()
        ready = [v for v in video_ids if self._failures.get(f"{name} {v}", (0, 0.0))[1] <= now]
        return ready[:_MOST_AT_ONCE]

    def _lock(self, name: str, target: Holding, one: _Held, at: datetime) -> bool:
        token = self._claim(one.delivery_id)
        if token is None:
            return False
        with self.database.read() as session:
            holds = of_videos(session, [one.video_id], at).get(one.video_id, ())
            before = session.get(TargetNote, (name, _NOTE + one.video_id))
        reason, copy = "; ".join(hold.reason for hold in holds), one.copy
        if before is not None:
            # It was sent again since: the lock that was made then is still there.
            copy = replace(copy, proof={**copy.proof, _LOCK: _read(before.value).proof.get(_LOCK, "")})
        try:
            locked = target.hold(copy, reason)
        except TargetError as error:
            self._failed(name, one.video_id, error)
            words = f"It is held here, and could not be locked in {self._label(name)}: {error.message}"
            self._write(token, one.delivery_id, error=words, error_code=NOT_LOCKED)
            raise
        if not locked.proof.get(_LOCK):
            self._write(token, one.delivery_id)
            self._failures[f"{name} {one.video_id}"] = (0, time.monotonic() + _NEVER_LOCKED_SECONDS)
            return False
        with self.database.write() as session:
            _note(session, name, one.video_id, locked)
            look.let_go(session, token, one.delivery_id, **_proven(locked))
        self._done(name, one.video_id, "locked")
        return True

    def _release(self, name: str, target: Holding, video_id: str, noted: RemoteCopy) -> bool:
        with self.database.read() as session:
            delivery = _row(session, name, video_id)
        token = self._claim(delivery.id) if delivery is not None and delivery.state == DeliveryState.DELIVERED else None
        if delivery is not None and delivery.state == DeliveryState.DELIVERED and token is None:
            return False
        is_same = delivery is not None and delivery.proof.get(_LOCK) == noted.proof.get(_LOCK)
        try:
            free = target.let_go(_copy_of(delivery) if delivery is not None and is_same else noted)
        except TargetError as error:
            self._failed(name, video_id, error)
            if delivery is not None and token is not None:
                words = f"Nothing holds it here any more, and its lock in {self._label(name)} is still there: "
                self._write(token, delivery.id, error=words + error.message, error_code=NOT_LOCKED)
            raise
        with self.database.write() as session:
            session.execute(delete(TargetNote).where(*_noted(name, video_id)))
            if delivery is not None and token is not None:
                look.let_go(session, token, delivery.id, **(_proven(free) if is_same else {}))
        self._done(name, video_id, "unlocked")
        return True

    def _claim(self, delivery_id: int) -> str | None:
        token, who = str(uuid.uuid4()), f"lock:{os.getpid()}"
        with self.database.write() as session:
            now = instant(session)
            free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)
            claimed = update(Delivery).where(
                Delivery.id == delivery_id, Delivery.state == DeliveryState.DELIVERED, free
            )
            taken = claimed.values(lease_token=token, lease_until=lease_end(now), leased_by=who).returning(Delivery.id)
            is_ours = session.scalar(taken.execution_options(synchronize_session=False)) is not None
        return token if is_ours else None

    def _write(self, token: str, delivery_id: int, **values: Any) -> None:
        with self.database.write() as session:
            look.let_go(session, token, delivery_id, **values)

    def _failed(self, name: str, video_id: str, error: TargetError) -> None:
        times = self._failures.get(f"{name} {video_id}", (0, 0.0))[0] + 1
        wait_seconds = delay_seconds(times, error.retry_after_seconds)
        self._failures[f"{name} {video_id}"] = (times, time.monotonic() + wait_seconds)
        self.log.write("warning", "not_locked", upload=video_id, target=name, error=error.message)

    def _done(self, name: str, video_id: str, step: str) -> None:
        self._failures.pop(f"{name} {video_id}", None)
        with self.database.read() as session:
            video = session.get(Video, video_id, options=[raiseload("*")])
        self.log.write("info", step, upload=video_id, name=video.original_filename if video else None, target=name)
        if video is None:
            return
        try:
            record_delivery(self.database, self.layout, video.relative_path, video_id, name)
        except (FileNotFoundError, StorageError) as error:
            # The catalog knows it; after a rebuild it is locked or released once more, which changes nothing.
            self.log.write("error", "sidecar_late", upload=video_id, target=name, error=str(error))

    def _label(self, name: str) -> str:
        return self.places.get(name).config.label

    def _find_at(self, name: str) -> int:
        found, last = 0, 0
        while True:
            page = select(Delivery).where(Delivery.target == name, Delivery.id > last).options(raiseload("*"))
            with self.database.read() as session:
                rows = session.scalars(page.order_by(Delivery.id).limit(_PAGE)).all()
            for row in rows:
                if row.proof.get(_LOCK):
                    with self.database.write() as session:
                        found += _note(session, name, row.video_id, _copy_of(row))
            if len(rows) < _PAGE:
                return found
            last = rows[-1].id


def _held(session: Session, name: str, at: datetime, after: int) -> Sequence[Delivery]:
    # The few that are held lead; the copies of a target are all there are.
    held = select(Hold.video_id).where(counting(at))
    query = select(Delivery).where(Delivery.target == name, Delivery.state == DeliveryState.DELIVERED)
    page = query.where(Delivery.id > after, Delivery.video_id.in_(held)).order_by(Delivery.id).limit(_PAGE)
    return session.scalars(page.options(raiseload("*"))).all()


def _over(session: Session, name: str, at: datetime) -> dict[str, RemoteCopy]:
    """What is locked and not held any more, by video."""
    of_holds = and_(_is_of(Hold.video_id), counting(at))
    mine = (TargetNote.target == name, TargetNote.name >= _NOTE, TargetNote.name < _NOTE + "~")
    query = select(TargetNote).where(*mine, ~exists().where(of_holds)).order_by(TargetNote.name).limit(_PAGE)
    return {note.name.removeprefix(_NOTE): _read(note.value) for note in session.scalars(query)}


def _is_of(video_id: Any) -> ColumnElement[bool]:
    return TargetNote.name == literal(_NOTE, String()).concat(video_id)


def _row(session: Session, name: str, video_id: str) -> Delivery | None:
    query = select(Delivery).where(Delivery.video_id == video_id, Delivery.target == name)
    return session.scalar(query.options(raiseload("*")))


def _copy_of(row: Delivery) -> RemoteCopy:
    return RemoteCopy(row.remote_key, dict(row.proof), row.link)


def _note(session: Session, name: str, video_id: str, copy: RemoteCopy) -> bool:
    """Remember what was locked; False when it was known."""
    value = json.dumps({"key": copy.key, "proof": dict(copy.proof), "link": copy.link})
    known = session.get(TargetNote, (name, _NOTE + video_id))
    if known is None:
        session.add(TargetNote(target=name, name=_NOTE + video_id, value=value))
    elif known.value != value:
        known.value = value
    return known is None


def _read(value: str) -> RemoteCopy:
    told = json.loads(value)
    return RemoteCopy(told["key"], told["proof"], told["link"])


def _noted(name: str, video_id: str) -> tuple[ColumnElement[bool], ...]:
    return TargetNote.target == name, TargetNote.name == _NOTE + video_id


def _proven(copy: RemoteCopy) -> dict[str, Any]:
    return {"proof": dict(copy.proof), "error": "", "error_code": ""}
