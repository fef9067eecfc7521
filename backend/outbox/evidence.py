"""Holds reach the copies too: where a target would let a copy go by itself, it is told to keep it while the hold lasts.

A hold makes an evidence lock in the VMS, and its end releases it. What is locked stands in the copy's proof, and in a
note of the target (locked.py), by which it is found again when the video's last hold is over, whatever became of the
copy. Once a day the target is asked whether the lock is still there: somebody may have removed it. What is made, made
again and removed there stands in the audit.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, raiseload

from backend.catalog.clock import Clock
from backend.catalog.database import Database
from backend.catalog.holds import counting, of_videos
from backend.catalog.models import Delivery, DeliveryState, Hold, Video
from backend.disk.layout import Layout
from backend.errors import StorageError, TargetError
from backend.log import UploadLog
from backend.outbox import lock_lines, locked
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.outbox.hands import Hands, Taken, copy_of, put_back
from backend.outbox.locked import LOCK, Locked, lock_of
from backend.outbox.look import why_left_alone
from backend.outbox.places import Places
from backend.outbox.record import record_delivery
from backend.targets.base import Holding, RemoteCopy

NOT_LOCKED = "not-locked"
# Each may take a remote's whole patience.
_MOST_AT_ONCE = 20
_PAGE = 1000
# One whose target makes no locks is asked about once more after a while: its settings may have changed.
_NEVER_LOCKED_SECONDS = 3600.0
LOOK_AGAIN_SECONDS = 24 * 3600.0


@dataclass
class Evidence:
    """Any number may run, in any number of processes; each copy is in one's hands at a time.

    `look_again_seconds`: after how long a lock that was there is asked about again.
    """

    database: Database
    layout: Layout
    places: Places
    log: UploadLog
    clock: Clock
    hands: Hands = field(init=False)
    look_again_seconds: float = LOOK_AGAIN_SECONDS
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)  # by target and video: how often, until when
    _looked_at: dict[str, int] = field(default_factory=dict)  # by target: the last copy of the page before
    _carried_over: set[str] = field(default_factory=set)  # targets whose earlier names were looked for

    def __post_init__(self) -> None:
        self.hands = Hands(self.database)

    @property
    def is_needed(self) -> bool:
        return bool(self._keepers())

    def run_due(self) -> int:
        """Lock what is held and release what is not any more, so many at once; how many that were."""
        done = 0
        for name, target in self._keepers():
            self._carry_over(name)
            with self.database.read() as session:
                if why_left_alone(session, name):
                    continue
            at = self.clock.read().certain_at
            done += self._each(name, target, at)
        return done

    def find_again(self) -> int:
        """Note every lock that a proof tells of and no note does: after a rebuild of the catalog. How many."""
        return sum(self._find_at(name) for name, _ in self._keepers())

    def _carry_over(self, name: str) -> None:
        if name not in self._carried_over:
            with self.database.write() as session:
                locked.carry_over(session, name, self.places.kinds)
            self._carried_over.add(name)

    def _keepers(self) -> list[tuple[str, Holding]]:
        found = ((name, place.target) for name, place in self.places.by_name.items())
        return [(name, target) for name, target in found if isinstance(target, Holding)]

    def _each(self, name: str, target: Holding, at: datetime) -> int:
        done = 0
        due = self._due(name, at)
        with self.database.read() as session:
            over = locked.over(session, name, at)
        try:
            for video_id in self._patient(name, due):
                done += self._lock(name, target, video_id, due[video_id], at)
            for video_id in self._patient(name, over):
                done += self._release(name, target, video_id, over[video_id])
        except TargetError:
            # It was told already; what else is due at this target would most likely fail as well.
            return done
        return done

    def _due(self, name: str, at: datetime) -> dict[str, int]:
        """Of the held copies one page, the next one at the next turn: the deliveries to ask about, by video; those that
        are not locked lead."""
        with self.database.read() as session:
            page = _held(session, name, at, self._looked_at.get(name, 0))
            notes = locked.known(session, name, [row.video_id for row in page])
            now = instant(session)
        self._looked_at[name] = page[-1].id if len(page) == _PAGE else 0
        unlocked, stale = dict[str, int](), dict[str, int]()
        for row in page:
            note, lock_id = notes.get(row.video_id), lock_of(copy_of(row))
            if not lock_id or note is None or note.lock_id != lock_id:
                unlocked[row.video_id] = row.id
            elif self._is_stale(note, now):
                stale[row.video_id] = row.id
        return unlocked | stale

    def _is_stale(self, note: Locked, now: datetime) -> bool:
        """Also when it was seen after now: then a clock was wrong."""
        age = timedelta(seconds=self.look_again_seconds)
        return note.seen_at is None or not now - age < note.seen_at <= now

    def _patient(self, name: str, video_ids: Iterable[str]) -> list[str]:
        now = time.monotonic()
        ready = [v for v in video_ids if self._failures.get(f"{name} {v}", (0, 0.0))[1] <= now]
        return ready[:_MOST_AT_ONCE]

    def _lock(self, name: str, target: Holding, video_id: str, delivery_id: int, at: datetime) -> bool:
        taken = self.hands.take(delivery_id)
        if taken is None:
            return False
        with self.database.write() as session:
            holds = of_videos(session, [video_id], at).get(video_id, ())
            before = locked.known(session, name, [video_id]).get(video_id)
            if before is None:
                # Whatever becomes of this call, the end of the hold asks the target to let go.
                locked.remember(session, name, video_id, taken.copy, None)
        reason, copy = "; ".join(hold.reason for hold in holds), taken.copy
        if before is not None and before.lock_id:
            # It was sent again since: the lock that was made then may still be there.
            copy = replace(copy, proof={**copy.proof, LOCK: before.lock_id})
        try:
            now_locked = self.hands.ask(taken, lambda: target.hold(copy, reason))
        except TargetError as error:
            self._failed(name, video_id, error)
            self.hands.put_back(taken, error=self._not_locked(name, taken, error), error_code=NOT_LOCKED)
            raise
        if not lock_of(now_locked):
            return self._never_locked(name, video_id, taken, before)
        return self._keep_lock(name, video_id, taken, now_locked, lock_of(copy), reason)

    def _keep_lock(
        self, name: str, video_id: str, taken: Taken, now_locked: RemoteCopy, before: str, reason: str
    ) -> bool:
        """`before`: the lock that was known when it was asked for, "" for none."""
        lock_id = lock_of(now_locked)
        with self.database.write() as session:
            ours = put_back(session, taken, **_proven(now_locked))
            noted = locked.known(session, name, [video_id]).get(video_id)
            # Who took the copy meanwhile knows better what it has; but what nobody knows of nobody would release.
            if ours or noted is None or not noted.lock_id:
                locked.remember(session, name, video_id, now_locked, instant(session) if ours else None)
            # Also when the copy is another's now: that the lock was made stays true, and nobody else tells it.
            if lock_id not in (before, noted.lock_id if noted else ""):
                lock_lines.tell_locked(session, name, video_id, lock_id, reason, before)
        if not ours:
            return False
        if lock_id == lock_of(taken.copy):
            self._failures.pop(f"{name} {video_id}", None)
            return False
        self._done(name, video_id, "locked")
        return True

    def _never_locked(self, name: str, video_id: str, taken: Taken, before: Locked | None) -> bool:
        """The target makes no locks."""
        with self.database.write() as session:
            if before is None:
                locked.forget(session, name, video_id)
            put_back(session, taken)
        self._failures[f"{name} {video_id}"] = (0, time.monotonic() + _NEVER_LOCKED_SECONDS)
        return False

    def _not_locked(self, name: str, taken: Taken, error: TargetError) -> str:
        label = self._label(name)
        if lock_of(taken.copy):
            return f"It is held here, and whether its lock in {label} is still there could not be seen: {error.message}"
        return f"It is held here, and could not be locked in {label}: {error.message}"

    def _release(self, name: str, target: Holding, video_id: str, noted: Locked) -> bool:
        with self.database.read() as session:
            delivery = _row(session, name, video_id)
        is_copy = delivery is not None and delivery.state == DeliveryState.DELIVERED
        taken = self.hands.take(delivery.id) if delivery is not None and is_copy else None
        if is_copy and taken is None:
            return False
        asked = _each_lock(noted.copy, taken)
        try:
            for copy in asked:
                self.hands.ask(taken, partial(target.let_go, copy))
        except TargetError as error:
            self._failed(name, video_id, error)
            if taken is not None:
                left = "its lock in {} is still there" if noted.lock_id else "a lock may be left in {}"
                words = f"Nothing holds it here any more, and {left.format(self._label(name))}: {error.message}"
                self.hands.put_back(taken, error=words, error_code=NOT_LOCKED)
            raise
        with self.database.write() as session:
            if taken is not None and not put_back(session, taken, **_proven(_without_lock(taken.copy))):
                # Somebody took the copy meanwhile, and its proof still names the lock: the next turn sees to that.
                locked.remember(session, name, video_id, _without_lock(noted.copy), None)
                lock_lines.tell_unlocked(session, name, video_id, asked)
                return False
            locked.forget(session, name, video_id)
            if delivery is not None and taken is None:
                _name_no_lock(session, delivery)
            lock_lines.tell_unlocked(session, name, video_id, asked)
        self._done(name, video_id, "unlocked")
        return True

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
            found += self._note(name, {row.video_id: copy_of(row) for row in rows if lock_of(copy_of(row))})
            if len(rows) < _PAGE:
                return found
            last = rows[-1].id

    def _note(self, name: str, copies: dict[str, RemoteCopy]) -> int:
        """Those that no note tells of."""
        with self.database.write() as session:
            unknown = copies.keys() - locked.known(session, name, copies).keys()
            for video_id in unknown:
                locked.remember(session, name, video_id, copies[video_id], None)
        return len(unknown)


def _held(session: Session, name: str, at: datetime, after: int) -> Sequence[Delivery]:
    # The few that are held lead; the copies of a target are all there are.
    held = select(Hold.video_id).where(counting(at))
    query = select(Delivery).where(Delivery.target == name, Delivery.state == DeliveryState.DELIVERED)
    page = query.where(Delivery.id > after, Delivery.video_id.in_(held)).order_by(Delivery.id).limit(_PAGE)
    return session.scalars(page.options(raiseload("*"))).all()


def _row(session: Session, name: str, video_id: str) -> Delivery | None:
    query = select(Delivery).where(Delivery.video_id == video_id, Delivery.target == name)
    return session.scalar(query.options(raiseload("*")))


def _name_no_lock(session: Session, delivery: Delivery) -> None:
    """By the proof of what is no copy now, a lock that is released would be found again each hour."""
    row = session.get(Delivery, delivery.id, options=[raiseload("*")], with_for_update=True)
    if row is not None and row.state != DeliveryState.DELIVERED and row.proof == delivery.proof:
        row.proof = dict(_without_lock(copy_of(row)).proof)


def _each_lock(noted: RemoteCopy, taken: Taken | None) -> list[RemoteCopy]:
    """What is to be released: what was noted, and what the copy's own proof names beside it."""
    if taken is None or not lock_of(taken.copy):
        return [noted]
    return [taken.copy] if lock_of(taken.copy) == lock_of(noted) else [noted, taken.copy]


def _without_lock(copy: RemoteCopy) -> RemoteCopy:
    return replace(copy, proof={**copy.proof, LOCK: ""}) if LOCK in copy.proof else copy


def _proven(copy: RemoteCopy) -> dict[str, Any]:
    return {"proof": dict(copy.proof), "error": "", "error_code": ""}
