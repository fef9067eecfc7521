"""The worker's thread for webhooks: hands over new events, claims what is due, sends it in threads, ends in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from backend.catalog import webhooks
from backend.catalog.database import Database
from backend.catalog.webhook_claims import WebhookClaim, Work, look, mend
from backend.errors import StorageError
from backend.log import UploadLog
from backend.outbox.clock import FARTHEST, instant
from backend.webhooks import signature
from backend.webhooks.books import AT_ONCE, LEASE, Books, Sent
from backend.webhooks.fan_out import FanOut
from backend.webhooks.post import Answer, send

# So many webhooks there may be: each has threads of its own, so that a slow one takes none from the others.
MOST_WEBHOOKS = 50
_IDLE_SECONDS = 0.5
# What ends within it is settled together, and whoever waits to write meanwhile, as uploads do, has its turn.
_BREATH_SECONDS = 0.1
_NOTHING = Work((), ())


@dataclass
class Courier:
    """One per worker process. `start`, then `finish`; or `turn` by turn.

    `keep`: how long events are kept. `server_secret`: what the webhooks' secrets are sealed with.
    """

    database: Database
    log: UploadLog
    server_secret: str = field(repr=False)
    keep: timedelta
    _running: dict[str, WebhookClaim] = field(default_factory=dict)  # by token, until it is settled
    _ended: SimpleQueue[Sent] = field(default_factory=SimpleQueue)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _next_look: float = 0.0

    def __post_init__(self) -> None:
        self._books = Books(self.database, self.log, self.keep)
        self._fan_out = FanOut(self.database, self.log)
        self._pool = ThreadPoolExecutor(MOST_WEBHOOKS * AT_ONCE, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Claim no more; what is under way goes on."""
        self._stopping.set()
        self._wake.set()

    def finish(self, seconds: float) -> bool:
        """Give what is under way its time. False when something still is: its lease runs out, and it is sent again
        with the same id."""
        self.ask_to_stop()
        end = time.monotonic() + seconds
        if self._thread.is_alive():
            self._thread.join(seconds)
        while self._running and (left := end - time.monotonic()) > 0:
            self._wake.clear()
            self.turn()
            if self._running:
                self._wake.wait(min(left, _IDLE_SECONDS))
        self._pool.shutdown(wait=False, cancel_futures=True)
        return not self._running

    def turn(self) -> None:
        """Settle what ended, hand over what is new and start what is due."""
        ended = self._drained()
        try:
            work = self._look()
        except Exception as error:
            # The database may be away for a while; whatever else it is must not end the thread either.
            self.log.broke("webhooks_failed", error)
            self._put_back(ended)
            return
        if self._hand_over(work.news):
            self._next_look = 0.0
            self._wake.set()
        self._turn_of([*dict.fromkeys([*(one.claim.webhook_id for one in ended), *work.due, *work.news])], ended)

    def tidy(self) -> None:
        """Forget what ended long ago, tell of what waited too long, and bring forward what a wrong clock put off."""
        with self.database.write() as session:
            webhooks.lock_all(session)
            now = instant(session)
            mend(session, now, FARTHEST, LEASE)
            failed = webhooks.give_up(session, now - self.keep, now)
            webhooks.prune(session, now - self.keep)
        if failed:
            self.log.write("warning", "webhook_deliveries_failed", count=failed, reason="older than EVENTS_DAYS")

    def _run(self) -> None:
        while not self._stopping.wait(_BREATH_SECONDS):
            self._wake.clear()
            self.turn()
            self._wake.wait(_IDLE_SECONDS)

    def _look(self) -> Work:
        """Asked twice a second: a delivery that ends asks for its own webhook."""
        if self._stopping.is_set() or time.monotonic() < self._next_look:
            return _NOTHING
        self._next_look = time.monotonic() + _IDLE_SECONDS
        with self.database.read() as session:
            return look(session, instant(session))

    def _hand_over(self, webhook_ids: Sequence[str]) -> bool:
        try:
            return self._fan_out.turn(webhook_ids)
        except Exception as error:
            if len(webhook_ids) > 1 and not isinstance(error, StorageError):
                # One that breaks keeps no other from its own.
                return sum(self._hand_over([one]) for one in webhook_ids) > 0
            self.log.broke("webhooks_failed", error, webhook=webhook_ids[0])
            return False

    def _turn_of(self, webhook_ids: Sequence[str], ended: Sequence[Sent]) -> None:
        if not webhook_ids:
            return
        try:
            claims = self._books.turn(webhook_ids, ended, 0 if self._stopping.is_set() else AT_ONCE)
        except Exception as error:
            if len(webhook_ids) > 1 and not isinstance(error, StorageError):
                # As above.
                for webhook_id in webhook_ids:
                    self._turn_of([webhook_id], [one for one in ended if one.claim.webhook_id == webhook_id])
                return
            self.log.broke("webhooks_failed", error, webhook=webhook_ids[0])
            self._put_back(ended)
            return
        for one in ended:
            self._running.pop(one.claim.token, None)
        for claim in claims:
            self._running[claim.token] = claim
            self._pool.submit(self._send, claim)

    def _put_back(self, ended: Sequence[Sent]) -> None:
        for one in ended:
            self._ended.put(one)

    def _send(self, claim: WebhookClaim) -> None:
        try:
            answer = self._answer(claim)
        except Exception as error:
            self.log.broke("webhook_broke", error, webhook=claim.webhook_id, event=claim.event_id)
            answer = Answer(error="Something here went wrong; the log says what.")
        self._ended.put(Sent(claim, answer))
        self._wake.set()

    def _answer(self, claim: WebhookClaim) -> Answer:
        secret = signature.unseal(claim.sealed, self.server_secret)
        if secret is None:
            return Answer(error="Its secret cannot be read: the server's own has changed. Make a new secret.")
        old = signature.unseal_old(claim.sealed, self.server_secret, datetime.now(UTC))
        return send(claim.url, secret, claim.event_id, claim.payload, old)

    def _drained(self) -> list[Sent]:
        found = []
        with suppress(Empty):
            while True:
                found.append(self._ended.get_nowait())
        return found
