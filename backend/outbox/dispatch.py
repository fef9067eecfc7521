"""The worker's loop: claims what is due for each target, runs it in threads, renews leases, stops in order."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.catalog.models import Delivery, TargetRow
from backend.disk.layout import Layout
from backend.errors import TransferCancelled
from backend.log import UploadLog
from backend.outbox import circuit, clock, locked
from backend.outbox.books import Books
from backend.outbox.claim import ready
from backend.outbox.deliver import Deliverer, Outcome
from backend.outbox.places import Place, Places
from backend.outbox.transfer import LedgerTransfer, Throttle, held_from_now, renew
from backend.targets.base import Offerer

_IDLE_SECONDS = 0.5
_BEAT_SECONDS = 1.0
# What a transfer that was asked to stop gets to notice it, before its delivery is given back over its head.
_NOTICE_SECONDS = 2.0


@dataclass
class Dispatcher:
    """One per worker process. `run` works until `ask_to_stop`; then `finish` brings what moves to an end."""

    database: Database
    layout: Layout
    places: Places
    log: UploadLog
    node: str
    stop_seconds: float
    _running: dict[str, LedgerTransfer] = field(default_factory=dict)  # by token, until it is settled
    _outcomes: SimpleQueue[Outcome] = field(default_factory=SimpleQueue)
    _throttles: dict[str, Throttle] = field(default_factory=dict)
    _wake: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _halted: threading.Event = field(default_factory=threading.Event)  # as `_stopping`, for those who wait for it
    _next_look: float = 0.0

    def __post_init__(self) -> None:
        most = sum(place.config.max_concurrent for place in self.places.by_name.values()) or 1
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="delivery")
        self._deliverer = Deliverer(self.layout, self.log)
        self._books = Books(self.database, self.layout, self.log, f"{self.node}:{os.getpid()}")

    def run(self) -> None:
        """Deliver until told to stop."""
        self._greet()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        while not self._stopping:
            self._wake.clear()
            self._turn()
            self._wake.wait(_IDLE_SECONDS)

    def waits_in_vain(self, seconds: float) -> bool:
        """Wait so long; True at once when the worker is to stop."""
        return self._stopping or self._halted.wait(seconds)

    def ask_to_stop(self) -> None:
        """Safe in a signal handler: takes no lock, which the interrupted code might hold."""
        self._stopping = True

    def finish(self) -> bool:
        """Give what moves its time, then take it back: the ledger keeps how far it came.

        False when a thread still hangs in its target: its delivery is given back all the same, and the process
        must end at once, before another worker's bytes meet ours.
        """
        self._stopping = True
        self._halted.set()
        self._pool.shutdown(wait=False)
        self._settle_for(self.stop_seconds)
        for transfer in self._running.values():
            transfer.stop("the worker stops")
        self._settle_for(_NOTICE_SECONDS)
        stuck = list(self._running.values())
        for transfer in stuck:
            error = TransferCancelled("the worker stops, and the target kept it waiting")
            self._outcomes.put(Outcome(self.places.get(transfer.claim.target), transfer.claim, error=error))
        self._turn()
        self._ended.set()
        self._books.close()
        return not stuck

    def probe(self, name: str) -> None:
        """Ask a paused target whose turn has come; a good answer ends its pause."""
        with self.database.read() as session:
            row = session.get(TargetRow, name)
            if row is None or row.circuit == "closed":
                return
            is_called = self._is_called(session, name)
        with self.database.write() as session:
            row, now = circuit.lock_target(session, name), clock.instant(session)
            if not is_called:
                row.next_probe_at = None
            elif row.next_probe_at is None:
                circuit.ask_soon(row, now)
            mine = circuit.claim_probe(row, now)
        if not mine:
            return
        report = self.places.get(name).target.check()
        with self.database.write() as session:
            row = circuit.lock_target(session, name)
            circuit.note_probe(session, row, report, clock.instant(session))
        self.log.write("info" if report.ok else "warning", "probed", target=name, ok=report.ok, said=report.message)
        self._wake.set()

    def mend_clock(self) -> None:
        """Bring forward what a wrong clock put off."""
        with self.database.write() as session:
            clock.mend(session, list(self.places.by_name), clock.instant(session))

    def _is_called(self, session: Session, name: str) -> bool:
        """A VMS that STORAGE_MODE leaves out is called for what was named for it, and for nothing else."""
        if name not in self.places.apart & self.places.footage:
            return True
        named = session.scalar(select(Delivery.id).where(Delivery.target == name).limit(1))
        # A lock of a video that is gone is still to be removed there.
        return named is not None or bool(locked.over(session, name, clock.instant(session)))

    def _greet(self) -> None:
        """Make the rows of new targets; ask paused ones at once, as a restart often is what mends them."""
        with self.database.write() as session:
            for name in sorted(self.places.by_name):
                circuit.ask_soon(circuit.lock_target(session, name), clock.instant(session))

    def _settle_for(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self._running and (left := end - time.monotonic()) > 0:
            self._wake.clear()
            self._turn()
            if self._running:
                self._wake.wait(min(left, _IDLE_SECONDS))

    def _turn(self) -> None:
        """Settle what ended and start what is due, target by target."""
        ended = self._drained()
        try:
            names = {outcome.claim.target for outcome in ended} | self._look()
            for name in sorted(names & self.places.by_name.keys()):
                mine = [outcome for outcome in ended if outcome.claim.target == name]
                self._turn_at(self.places.get(name), mine)
                ended = [outcome for outcome in ended if outcome.claim.target != name]
        except Exception as error:
            # The database may be away for a while; whatever else it is must not end the worker either.
            self.log.broke("claim_failed", error)
            for outcome in ended:
                self._outcomes.put(outcome)

    def _drained(self) -> list[Outcome]:
        found = []
        with suppress(Empty):
            while True:
                found.append(self._outcomes.get_nowait())
        return found

    def _look(self) -> set[str]:
        """The targets that have something due; asked twice a second, as a delivery that ends asks for its target."""
        if self._stopping or time.monotonic() < self._next_look:
            return set()
        self._next_look = time.monotonic() + _IDLE_SECONDS
        with self.database.read() as session:
            return ready(session, clock.instant(session))

    def _turn_at(self, place: Place, ended: list[Outcome]) -> None:
        name = place.config.name
        mine = sum(transfer.claim.target == name for transfer in self._running.values())
        free = 0 if self._stopping else place.config.max_concurrent - mine + len(ended)
        if not free and not ended:
            return
        held_until = held_from_now()
        claims = self._books.turn(place, ended, free)
        for outcome in ended:
            self._running.pop(outcome.claim.token, None)
        for taken in claims:
            # What a place fetches by itself leaves from the edge device, which keeps the limit.
            limit = None if isinstance(place.target, Offerer) else place.config.max_mib_per_second
            throttle = self._throttles.setdefault(name, Throttle(limit))
            transfer = LedgerTransfer(taken, self.database, self.layout, throttle, held_until)
            self._running[taken.token] = transfer
            self._pool.submit(self._deliver, place, transfer)

    def _deliver(self, place: Place, transfer: LedgerTransfer) -> None:
        self._outcomes.put(self._deliverer.run(place, transfer))
        self._wake.set()

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            moving = list(self._running.values())
            if not moving:
                continue
            try:
                renew(self.database, moving)
            except Exception as error:
                self.log.broke("beat_failed", error)
