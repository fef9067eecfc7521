"""A running delivery as the target sees it: resume state, progress, bandwidth, and the word to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from backend.catalog.database import Database
from backend.errors import TransferCancelled
from backend.outbox.claim import LEASE_SECONDS, Claim, write_held

_SMOOTHING = 0.3
_MIB = 1024 * 1024


class Throttle:
    """Shares one target's bandwidth limit between its transfers in this process."""

    def __init__(self, max_mib_per_second: float | None) -> None:
        self._bytes_per_second = max_mib_per_second * _MIB if max_mib_per_second else None
        self._free_at = 0.0
        self._lock = threading.Lock()

    def turn(self, n_bytes: int) -> float:
        """Book `n_bytes` and return how many seconds to wait before sending more."""
        if self._bytes_per_second is None or n_bytes <= 0:
            return 0.0
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now) + n_bytes / self._bytes_per_second
            return max(0.0, self._free_at - now)


@dataclass
class LedgerTransfer:
    """The `Transfer` of one claim. Numbers stay in memory; the heartbeat writes them and renews the lease."""

    claim: Claim
    database: Database
    throttle: Throttle
    done_bytes: int = 0
    rate: float | None = None
    stopped: str = ""
    _wake: threading.Event = field(default_factory=threading.Event)
    _seen: tuple[float, int] | None = None

    @property
    def resume(self) -> Mapping[str, Any]:
        return self.claim.resume

    def save_resume(self, state: Mapping[str, Any]) -> None:
        with self.database.write() as session:
            if not write_held(session, self.claim, resume=dict(state)):
                self.stop("another worker has this delivery now")
        self._raise_if_stopped()

    def advance(self, done_bytes: int) -> None:
        wait = self.throttle.turn(done_bytes - self.done_bytes)
        self.done_bytes = done_bytes
        self._wake.wait(wait)
        self._raise_if_stopped()

    def stop(self, reason: str) -> None:
        """Make the next `advance` raise; wakes one that waits for bandwidth."""
        self.stopped = self.stopped or reason
        self._wake.set()

    def beat(self) -> None:
        """Renew the lease and write the progress; stops the transfer when the claim was lost."""
        self._measure()
        now = datetime.now(UTC)
        with self.database.write() as session:
            held = write_held(
                session,
                self.claim,
                lease_until=now + timedelta(seconds=LEASE_SECONDS),
                bytes_sent=self.done_bytes,
                bytes_per_second=self.rate,
                updated_at=now,
            )
        if not held:
            self.stop("another worker has this delivery now")

    def _measure(self) -> None:
        now, done = time.monotonic(), self.done_bytes
        if self._seen is not None and now > self._seen[0]:
            latest = (done - self._seen[1]) / (now - self._seen[0])
            self.rate = latest if self.rate is None else self.rate + _SMOOTHING * (latest - self.rate)
        self._seen = (now, done)

    def _raise_if_stopped(self) -> None:
        if self.stopped:
            raise TransferCancelled(self.stopped)
