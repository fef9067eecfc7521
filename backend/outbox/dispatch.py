"""The worker's loop: claims what is due for each target, runs it in threads, renews leases, stops in order."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from backend.catalog.database import Database
from backend.catalog.models import TargetRow
from backend.disk.layout import Layout
from backend.log import UploadLog
from backend.outbox import circuit, clock
from backend.outbox.claim import claim, ready
from backend.outbox.deliver import Deliverer
from backend.outbox.places import Place, Places
from backend.outbox.transfer import LedgerTransfer, Throttle, held_from_now, renew

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
    _running: dict[Future[None], LedgerTransfer] = field(default_factory=dict)
    _throttles: dict[str, Throttle] = field(default_factory=dict)
    _wake: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False

    def __post_init__(self) -> None:
        most = sum(place.config.max_concurrent for place in self.places.by_name.values()) or 1
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="delivery")
        self._deliverer = Deliverer(self.database, self.layout, self.log)
        self._worker = f"{self.node}:{os.getpid()}"

    def run(self) -> None:
        """Deliver until told to stop."""
        self._greet()
        threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()
        while not self._stopping:
            self._wake.clear()
            self._start_due()
            self._wake.wait(_IDLE_SECONDS)

    def ask_to_stop(self) -> None:
        """Safe in a signal handler: takes no lock, which the interrupted code might hold."""
        self._stopping = True

    def finish(self) -> bool:
        """Give what moves its time, then take it back: the ledger keeps how far it came.

        False when a thread still hangs in its target: its delivery is given back all the same, and the process
        must end at once, before another worker's bytes meet ours.
        """
        self._pool.shutdown(wait=False)
        _, late = wait(self._running, timeout=self.stop_seconds)
        for future in late:
            self._running[future].stop("the worker stops")
        _, stuck = wait(late, timeout=_NOTICE_SECONDS)
        for future in stuck:
            self._deliverer.give_back(self._running[future].claim, "the worker stops, and the target kept it waiting")
        self._ended.set()
        return not stuck

    def probe(self, name: str) -> None:
        """Ask a paused target whose turn has come; a good answer ends its pause."""
        with self.database.read() as session:
            row = session.get(TargetRow, name)
            if row is None or row.circuit == "closed":
                return
        with self.database.write() as session:
            mine = circuit.claim_probe(circuit.lock_target(session, name), clock.instant(session))
        if not mine:
            return
        report = self.places.get(name).target.check()
        with self.database.write() as session:
            row = circuit.lock_target(session, name)
            circuit.note_probe(session, row, report.ok, report.message, clock.instant(session))
        self.log.write("info" if report.ok else "warning", "probed", target=name, ok=report.ok, said=report.message)
        self._wake.set()

    def mend_clock(self) -> None:
        """Bring forward what a wrong clock put off."""
        with self.database.write() as session:
            clock.mend(session, list(self.places.by_name), clock.instant(session))

    def _greet(self) -> None:
        """Make the rows of new targets; ask paused ones at once, as a restart often is what mends them."""
        with self.database.write() as session:
            for name in sorted(self.places.by_name):
                circuit.ask_soon(circuit.lock_target(session, name), clock.instant(session))

    def _start_due(self) -> None:
        """Start as many deliveries as there are due ones and free places."""
        self._running = {future: transfer for future, transfer in self._running.items() if not future.done()}
        try:
            with self.database.read() as session:
                names = ready(session, clock.instant(session))
            for name in sorted(names & self.places.by_name.keys()):
                self._start(self.places.get(name))
        except Exception as error:
            # The database may be away for a while; whatever else it is must not end the worker either.
            self.log.broke("claim_failed", error)

    def _start(self, place: Place) -> None:
        name, most = place.config.name, place.config.max_concurrent
        mine = sum(transfer.claim.target == name for transfer in self._running.values())
        if mine >= most:
            return
        held_until = held_from_now()
        with self.database.write() as session:
            claims = claim(session, name, self._worker, most, clock.instant(session), wanted=most - mine)
        for taken in claims:
            throttle = self._throttles.setdefault(name, Throttle(place.config.max_mib_per_second))
            transfer = LedgerTransfer(taken, self.database, self.layout, throttle, held_until)
            future = self._pool.submit(self._deliver, place, transfer)
            self._running[future] = transfer
            future.add_done_callback(lambda _: self._wake.set())

    def _deliver(self, place: Place, transfer: LedgerTransfer) -> None:
        try:
            self._deliverer.run(place, transfer)
        except Exception as error:
            # The ledger itself could not be written. The lease runs out and the delivery is taken up again.
            self.log.broke("not_settled", error, upload=transfer.claim.video_id, target=transfer.claim.target)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            moving = [transfer for future, transfer in self._running.items() if not future.done()]
            if not moving:
                continue
            try:
                renew(self.database, moving)
            except Exception as error:
                self.log.broke("beat_failed", error)
