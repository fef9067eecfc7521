"""The worker's loop: claims what is due for each target, runs it in threads, renews leases, stops in order."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.catalog.database import Database
from backend.errors import HoldfastError
from backend.log import UploadLog
from backend.outbox import circuit
from backend.outbox.claim import Claim, claim, make_rows
from backend.outbox.deliver import Deliverer
from backend.outbox.places import Place, Places
from backend.outbox.transfer import LedgerTransfer, Throttle

_IDLE_SECONDS = 0.5
_BEAT_SECONDS = 1.0


@dataclass
class Dispatcher:
    """One per worker process. `run` returns when `stop` was set and what moved has ended or was given back."""

    database: Database
    places: Places
    deliverer: Deliverer
    log: UploadLog
    node: str
    stop: threading.Event
    stop_seconds: float
    _running: dict[Future[None], LedgerTransfer] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _throttles: dict[str, Throttle] = field(default_factory=dict)

    def run(self) -> None:
        with self.database.write() as session:
            make_rows(session, list(self.places.by_name))
        beats = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        beats.start()
        most = sum(p.config.max_concurrent for p in self.places.by_name.values()) or 1
        with ThreadPoolExecutor(max_workers=most, thread_name_prefix="delivery") as pool:
            while not self.stop.is_set():
                if not self._start_due(pool):
                    self.stop.wait(_IDLE_SECONDS)
            self._let_finish()
        self._ended.set()
        beats.join()

    def probe_paused(self) -> None:
        """Ask every paused target whose turn has come; a good answer ends its pause."""
        for name, place in self.places.by_name.items():
            with self.database.write() as session:
                mine = circuit.claim_probe(session, name, datetime.now(UTC))
            if mine:
                report = place.target.check()
                with self.database.write() as session:
                    circuit.note_probe(session, name, report.ok, report.message, datetime.now(UTC))
                self.log.write(
                    "info" if report.ok else "warning",
                    "probed",
                    target=name,
                    ok=report.ok,
                    said=report.message,
                )

    def _start_due(self, pool: ThreadPoolExecutor) -> bool:
        """Start one delivery for each target that has one due and a free place; True when any was started."""
        self._running = {future: transfer for future, transfer in self._running.items() if not future.done()}
        started = False
        for name, place in self.places.by_name.items():
            taken = self._claim(name, place)
            if taken is not None:
                throttle = self._throttles.setdefault(name, Throttle(place.config.max_mib_per_second))
                transfer = LedgerTransfer(taken, self.database, throttle)
                self._running[pool.submit(self._deliver, place, transfer)] = transfer
                started = True
        return started

    def _claim(self, name: str, place: Place) -> Claim | None:
        mine = sum(t.claim.target == name for t in self._running.values())
        if mine >= place.config.max_concurrent:
            return None
        try:
            with self.database.write() as session:
                worker = f"{self.node}:{os.getpid()}"
                return claim(session, name, worker, place.config.max_concurrent, datetime.now(UTC))
        except HoldfastError as error:
            self.log.write("error", "claim_failed", target=name, error=error.message)
            return None

    def _deliver(self, place: Place, transfer: LedgerTransfer) -> None:
        try:
            self.deliverer.run(place, transfer)
        except Exception as error:
            # The ledger itself could not be written. The lease runs out and the delivery is taken up again.
            self.log.broke("not_settled", error, upload=transfer.claim.video_id, target=transfer.claim.target)

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_SECONDS):
            for transfer in [t for f, t in list(self._running.items()) if not f.done()]:
                try:
                    transfer.beat()
                except HoldfastError as error:
                    self.log.write("warning", "beat_failed", upload=transfer.claim.video_id, error=error.message)

    def _let_finish(self) -> None:
        """Give what moves its time, then ask it to stop: the ledger keeps how far it came."""
        end = time.monotonic() + self.stop_seconds
        for future, transfer in self._running.items():
            try:
                future.result(timeout=max(0.0, end - time.monotonic()))
            except TimeoutError:
                transfer.stop("the worker stops; the next one goes on from here")
