"""Looking again at copies that were verified once: what is gone or changed at the remote is found, told and repaired.

Each copy comes up again `verify_every_days` after its last look. Many that come up together, because they were
delivered together, are spread over half that time, so no remote is asked about all of them at once. A bad answer is
believed when the target passes its check and a second look gives it too; a remote that does not answer has said
nothing.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from itertools import islice

from backend.catalog import scrubs
from backend.catalog.database import Database
from backend.disk.layout import Layout
from backend.errors import TargetError, TransferCancelled, TransientFailure
from backend.log import UploadLog
from backend.outbox import circuit
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import LEASE_SECONDS, instant
from backend.outbox.damage import note_damage
from backend.outbox.deliver import is_about_target
from backend.outbox.ended import WHILE_HELD, note_end
from backend.outbox.look import (
    Look,
    Round,
    copies_of,
    count_verified,
    found_right,
    keep,
    let_go,
    put_off,
    take,
    why_left_alone,
)
from backend.outbox.places import Place, Places
from backend.outbox.read_back import read_back
from backend.outbox.transfer import Throttle
from backend.outbox.twice import Twice
from backend.targets.base import Proof, Readable, Verdict

RUN_SECONDS = 60.0
_BEAT_SECONDS = LEASE_SECONDS / 3
# As an attempt that failed often: a quarter of an hour, part of it chance.
_PATIENT = 16
_DAY = 24 * 3600.0


class Found(StrEnum):
    RIGHT = "right"
    DAMAGED = "damaged"
    ENDED = "ended"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Looked:
    """What a look at one copy found. `ENDED`: the target let it go when its time was over. `error` is the target's,
    when it could not be asked; see `Noted` for `lost`."""

    found: Found
    look: Look
    reason: str = ""
    error: TargetError | None = None
    lost: bool = False


@dataclass(frozen=True)
class Reverifier:
    """Any number may run at once, in any number of processes.

    `reread`: every byte is read back too, where the target can give it; else its own figures do, as the target says.
    """

    database: Database
    layout: Layout
    places: Places
    log: UploadLog
    reread: bool = False
    twice: Twice = field(default_factory=Twice)
    _throttles: dict[str, Throttle] = field(default_factory=dict)

    def run_due(self, name: str, run_seconds: float = RUN_SECONDS) -> list[Looked]:
        """Look at what is due at a target, for so long at most, and at no more than this stretch's share."""
        every_seconds = self.places.get(name).config.verify_every_days * _DAY
        if not every_seconds or self.left_alone(name):
            return []
        meant = self.meant(name)
        if not self.copies(meant, 1):
            self.note_run(name, [])
            return []
        with self.database.read() as session:
            share = share_of(count_verified(session, name), every_seconds, run_seconds)
        looked = list(self.look_at(meant, self.copies(meant, share), run_seconds))
        counts = {str(found): sum(one.found is found for one in looked) for found in Found}
        self.note_run(name, looked)
        self.log.write("info", "looked_again", target=name, **counts)
        return looked

    def note_run(self, name: str, looked: Sequence[Looked]) -> None:
        damaged = sum(one.found is Found.DAMAGED for one in looked)
        with self.database.write() as session:
            scrubs.note_run(session, f"remote:{name}", instant(session), len(looked), damaged, "")

    def left_alone(self, name: str) -> str:
        """Why the target is not asked at the moment, in words; "" when it may be."""
        if self.places.get(name).config.ephemeral:
            return "what it keeps ends by itself, so none of it is looked at again."
        with self.database.read() as session:
            return why_left_alone(session, name)

    def meant(self, name: str, *, everything: bool = False) -> Round:
        """What is due at a target, or all that is verified there."""
        every = timedelta(days=self.places.get(name).config.verify_every_days)
        with self.database.read() as session:
            now = instant(session)
        return Round(name, now, due=False) if everything else Round(name, now - every)

    def copies(self, meant: Round, most: int | None = None) -> Sequence[int]:
        """For `look_at`: those first that were not looked at for longest."""
        with self.database.read() as session:
            return copies_of(session, meant, instant(session), most)

    def look_at(self, meant: Round, ids: Iterable[int], run_seconds: float = math.inf) -> Iterator[Looked]:
        """Look at these copies, `max_concurrent` at once; tells each as it is done. None is begun after the time."""
        place, over, running = self.places.get(meant.target), threading.Event(), dict[Future[Looked | None], Look]()
        claimed = self._claimed(meant, ids, time.monotonic() + run_seconds)
        with ThreadPoolExecutor(place.config.max_concurrent, thread_name_prefix="look") as pool:
            try:
                while True:
                    for look in islice(claimed, place.config.max_concurrent - len(running)):
                        running[pool.submit(self._look, place, look, over)] = look
                    if not running:
                        return
                    done, _ = wait(running, timeout=_BEAT_SECONDS, return_when=FIRST_COMPLETED)
                    for future in done:
                        del running[future]
                    self._keep(running.values())
                    yield from filter(None, (future.result() for future in done))
            finally:
                over.set()

    def _claimed(self, meant: Round, ids: Iterable[int], end: float) -> Iterator[Look]:
        """Claims as it is asked for more, so that nothing is held that nobody looks at."""
        who = f"look:{os.getpid()}"
        for delivery_id in ids:
            if time.monotonic() >= end:
                return
            with self.database.write() as session:
                if why_left_alone(session, meant.target):
                    return
                look = take(session, delivery_id, meant, who, instant(session))
            if look is not None:
                yield look

    def _keep(self, looks: Iterable[Look]) -> None:
        if held := list(looks):
            with self.database.write() as session:
                keep(session, held, instant(session))

    def _look(self, place: Place, look: Look, over: threading.Event) -> Looked | None:
        """None when somebody else had the last word on this copy meanwhile."""
        try:
            proof = self.twice.ask(place, lambda: self._ask(place, look, over), over.wait)
        except TransferCancelled:
            with self.database.write() as session:
                let_go(session, look.token, look.delivery_id)
            return None
        except TargetError as error:
            return self._not_reached(look, error, is_about_target(error))
        except Exception as error:
            self.log.broke("look_broke", error, upload=look.video.id, target=look.target)
            return self._not_reached(look, TransientFailure(f"Unexpected {type(error).__name__}; see the log."), True)
        looked = self._judged(look, proof)
        # What the target read by itself was not held to the limit; the next one waits for its share instead.
        over.wait(self._throttle(place).turn(proof.read_bytes))
        return looked

    def _ask(self, place: Place, look: Look, over: threading.Event) -> Proof:
        proof, target = place.target.verify(look.expected, look.copy), place.target
        read_already = proof.read_bytes >= look.expected.size_bytes
        if not self.reread or proof.verdict is not Verdict.MATCHES or read_already or not isinstance(target, Readable):
            return proof

        def pace(read_bytes: int) -> None:
            over.wait(self._throttle(place).turn(read_bytes))
            if over.is_set():
                raise TransferCancelled("nobody waits for the answer any more")

        return read_back(target, look.expected, look.copy, pace)

    def _throttle(self, place: Place) -> Throttle:
        return self._throttles.setdefault(place.config.name, Throttle(place.config.max_mib_per_second))

    def _judged(self, look: Look, proof: Proof) -> Looked | None:
        match proof.verdict:
            case Verdict.MATCHES:
                return self._right(look)
            case Verdict.ENDED:
                return self._ended(look, proof)
        return self._damaged(look, proof)

    def _right(self, look: Look) -> Looked | None:
        with self.database.write() as session:
            ours = found_right(session, look, instant(session))
        return Looked(Found.RIGHT, look) if ours else None

    def _ended(self, look: Look, proof: Proof) -> Looked | None:
        if note_end(self.database, self.layout, self.log, look.delivery_id, look.video, proof, token=look.token):
            return Looked(Found.ENDED, look, proof.reason)
        return self._damaged(look, replace(proof, reason=WHILE_HELD + proof.reason))

    def _damaged(self, look: Look, proof: Proof) -> Looked | None:
        gone = "It is not there any more." if proof.verdict is Verdict.MISSING else "It holds other bytes."
        reason = proof.reason or gone
        noted = note_damage(self.database, self.layout, self.log, look.video, look.target, reason, look.token)
        return Looked(Found.DAMAGED, look, noted.reason, lost=noted.lost) if noted else None

    def _not_reached(self, look: Look, error: TargetError, blame_target: bool) -> Looked | None:
        """No verdict. The target hears of it as of a failed attempt: one that is away is paused, and asked slowly."""
        with self.database.write() as session:
            row, now = circuit.lock_target(session, look.target), instant(session)
            wait_seconds = delay_seconds(_PATIENT, error.retry_after_seconds)
            ours = put_off(session, look, now + timedelta(seconds=wait_seconds))
            paused = blame_target and circuit.note_failure(session, row, error, now)
        told = {"target": look.target, "error": error.message}
        self.log.write("warning", "not_looked_at", upload=look.video.id, name=look.video.original_filename, **told)
        if paused:
            self.log.write("warning", "target_paused", **told)
        return Looked(Found.UNREACHABLE, look, error.message, error) if ours else None


def share_of(copies: int, every_seconds: float, run_seconds: float) -> int:
    """How many of a target's copies one run looks at, so that all of them together take half their time at most."""
    return max(1, math.ceil(copies * run_seconds / (every_seconds / 2)))
