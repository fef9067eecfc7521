"""The worker's loop for media: plans, claims what is due in two lanes, renews leases, settles, stops in order."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from backend.catalog import events, media, media_claims, news
from backend.catalog.database import Database
from backend.catalog.media import LONG, SHORT
from backend.catalog.media_claims import JobClaim
from backend.catalog.models import MediaJob
from backend.catalog.segments import is_segment
from backend.catalog.videos import GONE
from backend.confine.leftovers import end_leftovers
from backend.disk.made import discard_abandoned, remove_all
from backend.errors import ToolsMissing
from backend.events import THUMBNAIL_READY
from backend.log import UploadLog
from backend.media.kinds import after_probe
from backend.media.making import GivenUp, Made, NotMade, Outcome, Running, Workshop
from backend.media.planner import Planner
from backend.outbox.clock import instant

_IDLE_SECONDS = 0.5
# While the database or the disk are in trouble; less than a lease, which must not run out for that.
_LONGEST_IDLE_SECONDS = 10.0
_BEAT_SECONDS = 1.0
# What a killed ffmpeg and its clean-up need at a stop.
_STOP_SECONDS = 3.0


@dataclass
class MediaRunner:
    """One per worker process, in a thread of its own. `finish` gives back what is under way."""

    database: Database
    planner: Planner
    workshop: Workshop
    log: UploadLog
    node: str
    jobs_per_lane: int
    look_for_tools_seconds: float = 15.0
    _running: dict[str, Running] = field(default_factory=dict)  # by token, until its outcome is written
    _outcomes: SimpleQueue[tuple[Running, Outcome]] = field(default_factory=SimpleQueue)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _missing: str | None = None  # why there is no ffmpeg, "" when there is; None before the first look
    _next_beat: float = 0.0
    _told: str = ""  # the trouble of the turn before
    _idle_seconds: float = _IDLE_SECONDS
    _next_look_for_tools: float = 0.0

    def __post_init__(self) -> None:
        lanes = (SHORT, LONG)
        self._pools = {
            lane: ThreadPoolExecutor(max(1, self.jobs_per_lane), thread_name_prefix=f"media-{lane}") for lane in lanes
        }
        self._thread = threading.Thread(target=self._run, name="media", daemon=True)
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
        for pool in self._pools.values():
            pool.shutdown(wait=False)

    def _run(self) -> None:
        self._safely(lambda: discard_abandoned(self.workshop.layout))
        self._safely(self._end_leftovers)
        while not self._stopping or self._running:
            self._wake.clear()
            self._safely(self._turn)
            self._wake.wait(self._idle_seconds)

    def _turn(self) -> None:
        self._settle()
        # First of all: after a time without the database, our own jobs must not look left behind.
        self._beat()
        if self._stopping:
            return
        # Without ffmpeg too: what lies made on disk already, as after a rebuild of the catalog, needs none.
        if self.planner.plan_some():
            self._wake.set()
        if self._tools_are_here():
            self._claim_all()

    def _safely(self, step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:
            # The database may be away for a while; whatever else it is must not end the worker either. Told in full
            # once: a full disk must not be filled by the log of it.
            if str(error) != self._told:
                self.log.broke("media_turn_failed", error)
            self._told = str(error)
            self._idle_seconds = min(_LONGEST_IDLE_SECONDS, 2 * self._idle_seconds)
        else:
            self._told, self._idle_seconds = "", _IDLE_SECONDS

    def _tools_are_here(self) -> bool:
        """Look for ffmpeg now and then. Missing, it is told once; videos are marked, and new again when it appears."""
        if time.monotonic() >= self._next_look_for_tools:
            self._next_look_for_tools = time.monotonic() + self.look_for_tools_seconds
            self._end_leftovers()
            before, self._missing = self._missing, self.workshop.tools.missing()
            if self._missing and not before:
                self.log.write("warning", "media_tools_missing", reason=self._missing)
            if not self._missing and before != "":
                self.log.write("info", "media_tools_found", confined=self.workshop.tools.describe())
        if self._missing:
            self.planner.mark_without_tools(self._missing)
        else:
            self.planner.take_up_again()
        return not self._missing

    def _end_leftovers(self) -> None:
        if ended := end_leftovers():
            self.log.write("warning", "media_leftovers_ended", processes=ended)

    def _claim_all(self) -> None:
        with self.database.read() as session:
            now = instant(session)
            due = [lane for lane in (SHORT, LONG) if media_claims.any_due(session, lane, now)]
            suspects = media_claims.any_to_bury(session, now)
        if suspects:
            self._bury()
        for lane in due:
            self._claim(lane)

    def _bury(self) -> None:
        with self.database.write() as session:
            for job in media_claims.bury(session, instant(session)):
                self.log.write("error", "media_set_aside", **_names(job), reason=job.error)

    def _claim(self, lane: str) -> None:
        free = self.jobs_per_lane - sum(running.claim.lane == lane for running in self._running.values())
        if free < 1 or self._stopping:
            return
        with self.database.write() as session:
            claims = media_claims.claim(session, lane, self._worker, free, instant(session))
        for claim in claims:
            self.log.write("info", "media_begins", **_names(claim), name=claim.original_filename, attempt=claim.attempt)
            running = Running(claim)
            self._running[claim.token] = running
            self._pools[lane].submit(self._make, running)

    def _make(self, running: Running) -> None:
        self._outcomes.put((running, self.workshop.make(running)))
        self._wake.set()

    def _beat(self) -> None:
        if time.monotonic() < self._next_beat or not self._running:
            return
        self._next_beat = time.monotonic() + _BEAT_SECONDS
        progress = {token: running.progress for token, running in self._running.items()}
        with self.database.write() as session:
            lost = media_claims.renew(session, progress, instant(session))
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
            video = media.locked(session, claim.video_id)
            job = media_claims.held(video, claim)
            if video is not None and job is not None:
                now, was = instant(session), video.media_state
                _enter(job, outcome, now)
                if claim.kind == media.PROBE and isinstance(outcome, Made):
                    wanted = after_probe(outcome.result, is_segment=is_segment(video))
                    media.plan(session, video, wanted, now)
                media.settle(video)
                if claim.kind == media.PICTURES and isinstance(outcome, Made):
                    events.append(session, THUMBNAIL_READY, video, thumbnail=outcome.result["thumbnail"])
                news.tell_media(session, was, video)
        if isinstance(outcome, NotMade) and outcome.code == ToolsMissing.code:
            self._next_look_for_tools = 0.0
        self._tell(running, outcome if job is not None else GivenUp())
        if video is None or video.local_state in GONE:
            # It was deleted for good meanwhile.
            remove_all(self.workshop.layout, claim.relative_path, claim.video_id)

    def _tell(self, running: Running, outcome: Outcome) -> None:
        claim = running.claim
        facts = _names(claim) | {"name": claim.original_filename}
        match outcome:
            case Made():
                self.log.write("info", "media_made", **facts, seconds=round(time.monotonic() - running.started, 3))
            case GivenUp():
                self.log.write("info", "media_given_back", **facts)
            case NotMade(code, words, None):
                self.log.write("error", "media_failed", **facts, attempt=claim.attempt, code=code, reason=words)
            case NotMade(code, words, again):
                told = facts | {"attempt": claim.attempt, "code": code, "reason": words, "again_seconds": again}
                self.log.write("warning", "media_put_off", **told)


def _names(job: JobClaim | MediaJob) -> dict[str, object]:
    """Which job it is, for the log."""
    number = job.job_id if isinstance(job, JobClaim) else job.id
    facts: dict[str, object] = {"upload": job.video_id, "job": number, "kind": job.kind}
    return facts | {"parameters": job.parameters} if job.parameters else facts


def _enter(job: MediaJob, outcome: Outcome, now: datetime) -> None:
    """Write an outcome into the row of its job."""
    match outcome:
        case Made(result):
            media.finish(job, result, now)
        case GivenUp():
            media.give_back(job, now)
        case NotMade(code, words, None):
            media.fail(job, code, words, now)
        case NotMade(code, words, again):
            media.put_off(job, code, words, now + timedelta(seconds=again or 0.0), now)
