"""The worker's loop for exports: claims what is due, renews leases, settles, clears away what the dead left, stops."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any

from backend.catalog import audit, events, export_claims, exports
from backend.catalog.database import Database
from backend.catalog.models import Export, ExportStatus
from backend.catalog.types import iso
from backend.confine.leftovers import end_leftovers
from backend.disk.layout import Layout
from backend.disk.made import discard_abandoned
from backend.errors import DiskFull, ToolsMissing
from backend.events import EXPORT_FAILED
from backend.exports import news
from backend.exports.expire import remove_folder
from backend.exports.workshop import HASHING, Completed, GivenUp, NotMade, Outcome, Running, Workshop
from backend.log import UploadLog
from backend.outbox.clock import instant

_IDLE_SECONDS = 0.5
# While the database or the disk are in trouble; less than a lease, which must not run out for that.
_LONGEST_IDLE_SECONDS = 10.0
_BEAT_SECONDS = 1.0
_ONLY_WAITS = (DiskFull.code, ToolsMissing.code, HASHING)
# What a killed ffmpeg and its clean-up need at a stop.
_STOP_SECONDS = 3.0


@dataclass
class ExportRunner:
    """One per worker process, in a thread of its own. `finish` gives back what is under way."""

    database: Database
    workshop: Workshop
    log: UploadLog
    node: str
    at_once: int
    _running: dict[str, Running] = field(default_factory=dict)  # by token, until its outcome is written
    _outcomes: SimpleQueue[tuple[Running, Outcome]] = field(default_factory=SimpleQueue)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _next_beat: float = 0.0
    _told: str = ""  # the trouble of the turn before
    _idle_seconds: float = _IDLE_SECONDS

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(max(1, self.at_once), thread_name_prefix="export")
        self._thread = threading.Thread(target=self._run, name="exports", daemon=True)
        self._worker = f"{self.node}:{os.getpid()}"

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Every ffmpeg of this worker ends within a moment; what they had in hand is given back."""
        self._stopping = True
        for running in list(self._running.values()):
            running.stop()
        self._wake.set()

    def finish(self) -> None:
        """Wait until everything is given back, for a few seconds at most; leases take care of the rest."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self._pool.shutdown(wait=False)

    def turn(self) -> None:
        self._settle()
        # First of all: after a time without the database, our own exports must not look left behind.
        self._beat()
        if not self._stopping:
            self._claim_all()

    @property
    def is_idle(self) -> bool:
        return not self._running

    def _run(self) -> None:
        self._safely(lambda: clear_away(self.database, self.workshop.layout, self.log))
        while not self._stopping or self._running:
            self._wake.clear()
            self._safely(self.turn)
            self._wake.wait(self._idle_seconds)

    def _safely(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:
            # The database may be away for a while; whatever else it is must not end the worker either. Told once: a
            # full disk must not be filled by the log of it.
            if str(error) != self._told:
                self.log.broke("export_turn_failed", error)
            self._told = str(error)
            self._idle_seconds = min(_LONGEST_IDLE_SECONDS, 2 * self._idle_seconds)
        else:
            self._told, self._idle_seconds = "", _IDLE_SECONDS

    def _claim_all(self) -> None:
        free = self.at_once - len(self._running)
        with self.database.read() as session:
            now = instant(session)
            suspects = export_claims.any_to_bury(session, now)
            is_due = free > 0 and export_claims.any_due(session, now)
        if suspects:
            self._bury()
        if is_due:
            self._claim(free)

    def _bury(self) -> None:
        clear_away(self.database, self.workshop.layout, self.log)
        with self.database.write() as session:
            buried = export_claims.bury(session, instant(session))
            for export in buried:
                events.append(session, EXPORT_FAILED, None, **news.ended(export))
                audit.append(session, "export.failed", **news.about(export), code=export.error_code)
        for export in buried:
            self._log_end("error", "export_failed", export, code=export.error_code, reason=export.error)

    def _claim(self, free: int) -> None:
        with self.database.write() as session:
            claims = export_claims.claim(session, self._worker, self.node, free, instant(session))
        if any(claim.was_left for claim in claims):
            clear_away(self.database, self.workshop.layout, self.log)
        for claim in claims:
            self.log.write(
                "info", "export_started", export=claim.id, status="PROCESSING", attempt=claim.attempt,
                cameras=len(claim.camera_ids), format=claim.format, cut=claim.cut,
            )  # fmt: skip
            running = Running(claim)
            self._running[claim.token] = running
            self._pool.submit(self._make, running)

    def _make(self, running: Running) -> None:
        self._outcomes.put((running, self.workshop.make(running)))
        self._wake.set()

    def _beat(self) -> None:
        if time.monotonic() < self._next_beat or not self._running:
            return
        self._next_beat = time.monotonic() + _BEAT_SECONDS
        progress = {token: (running.progress, running.phase) for token, running in self._running.items()}
        with self.database.write() as session:
            lost = export_claims.renew(session, progress, instant(session))
        for token in lost & self._running.keys():
            self._running[token].stop()

    def _settle(self) -> None:
        """Write what ended. What cannot be written now is kept for the next turn."""
        with suppress(Empty):
            while True:
                ended = self._outcomes.get_nowait()
                try:
                    self._write(*ended)
                except Exception:
                    self._outcomes.put(ended)
                    raise
                self._running.pop(ended[0].claim.token, None)

    def _write(self, running: Running, outcome: Outcome) -> None:
        claim = running.claim
        with self.database.write() as session:
            export = export_claims.held(session, claim)
            now = instant(session)
            is_ours = export is not None and export.status == ExportStatus.PROCESSING
            if export is not None and is_ours and isinstance(outcome, GivenUp):
                export_claims.give_back(export, now)
            elif export is not None and is_ours and isinstance(outcome, NotMade):
                _enter(export, outcome, now)
                if outcome.again_seconds is None:
                    events.append(session, EXPORT_FAILED, None, **news.ended(export))
                    audit.append(session, "export.failed", **news.about(export), code=export.error_code)
            if export is None:
                export = exports.find(session, claim.id)
        self._tell(export, outcome, is_ours, claim.id)

    def _tell(self, export: Export | None, outcome: Outcome, is_ours: bool, export_id: str) -> None:
        match outcome:
            case Completed(size_bytes, partial) if export is not None:
                self._log_end("info", "export_completed", export, bytes=size_bytes, partial=partial or None)
            case NotMade(code, words, None) if is_ours and export is not None:
                self._log_end("error", "export_failed", export, code=code, reason=words)
            case NotMade(code, words, again) if is_ours:
                told = {"code": code, "reason": words, "again_seconds": again}
                self.log.write("warning", "export_put_off", export=export_id, **told)
            case _:
                self.log.write("info", "export_given_back", export=export_id)

    def _log_end(self, level: str, step: str, export: Export, **more: object) -> None:
        began, ended = export.started_at or export.created_at, export.completed_at or export.updated_at
        seconds = round((ended - began).total_seconds(), 3)
        status = "COMPLETED" if step == "export_completed" else str(export.status)
        self.log.write(
            "error" if level == "error" else "info", step, export=export.id, status=status, seconds=seconds, **more
        )  # fmt: skip


def clear_away(database: Database, layout: Layout, log: UploadLog) -> None:
    """What killed workers left: their ffmpeg, their workspaces, and results whose row was never written."""
    end_leftovers()
    if count := discard_abandoned(layout):
        log.write("info", "export_cleared", workspaces=count)
    ids = [path.name for path in layout.exports.iterdir() if path.is_dir() and len(path.name) == 36]
    for start in range(0, len(ids), 200):
        with database.read() as session:
            states = exports.states_of(session, ids[start : start + 200])
        for export_id, (status, file_path) in states.items():
            # One that is being made has its result put in its place with its row: what lies there is of a dead one.
            if file_path is None and status != ExportStatus.COMPLETED:
                _clear(database, layout, export_id)


def _clear(database: Database, layout: Layout, export_id: str) -> None:
    # Looked at again under its lock: it may have been completed since.
    with database.write() as session:
        export = exports.find(session, export_id, lock=True)
        if export is not None and export.file_path is None and export.status != ExportStatus.COMPLETED:
            remove_folder(layout, export_id)


def _enter(export: Export, outcome: NotMade, now: datetime) -> None:
    if outcome.again_seconds is not None:
        until = now + timedelta(seconds=outcome.again_seconds)
        # What only waits was never tried.
        export.attempts -= outcome.code in _ONLY_WAITS
        export_claims.put_off(export, outcome.code, outcome.words, until, now)
        return
    export_claims.end(export, ExportStatus.FAILED, outcome.code, outcome.words, now)
    export.findings = {"problems": [_as_told(one) for one in outcome.problems]}


def _as_told(problem: dict[str, Any]) -> dict[str, Any]:
    """With times as they are told everywhere."""
    times = {name: iso(datetime.fromisoformat(problem[name]).astimezone(UTC)) for name in ("start", "end")}
    return {"covered": False} | problem | times
