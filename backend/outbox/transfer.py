"""A running delivery as the target sees it: resume state, progress, bandwidth, and the word to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.disk.layout import Layout
from backend.errors import TransferCancelled
from backend.outbox.claim import Claim, holds, write_held
from backend.outbox.clock import LEASE_SECONDS, instant, lease_end
from backend.outbox.record import record_resume

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
    """The `Transfer` of one claim. Numbers stay in memory; the heartbeat writes them and renews the lease.

    `held_until` is when the lease ends by our own monotonic clock: a worker that was frozen, or that could not
    reach the database, stops by itself before another one goes on with its delivery.
    """

    claim: Claim
    database: Database
    layout: Layout
    throttle: Throttle
    held_until: float
    done_bytes: int | None = None
    rate: float | None = None
    stopped: str = ""
    _moved_bytes: int = 0
    _wake: threading.Event = field(default_factory=threading.Event)
    _seen: tuple[float, int] | None = None

    @property
    def is_first(self) -> bool:
        return self.claim.attempt == 1 and not self.claim.resume and not self.claim.was_damaged

    @property
    def resume(self) -> Mapping[str, Any]:
        return self.claim.resume

    def save_resume(self, state: Mapping[str, Any]) -> None:
        """Store it beside the video first: it must outlive the catalog too, or a rebuild makes a second object."""
        with self.database.read() as session:
            ours = holds(session, self.claim)
        if ours:
            record_resume(self.layout, self.claim, state)
            with self.database.write() as session:
                ours = write_held(session, self.claim, resume=dict(state))
        if not ours:
            self.lose()
        self._raise_if_stopped()

    def advance(self, done_bytes: int) -> None:
        # The first figure, and a smaller one, say where sending begins: those bytes did not move now.
        step = 0 if self.done_bytes is None else max(0, done_bytes - self.done_bytes)
        self.done_bytes = done_bytes
        self._moved_bytes += step
        self._wake.wait(self.throttle.turn(step))
        self._raise_if_stopped()

    def stop(self, reason: str) -> None:
        """Make the next `advance` raise; wakes one that waits for bandwidth."""
        self.stopped = self.stopped or reason
        self._wake.set()

    def lose(self) -> None:
        self.stop("another worker has this delivery now")

    def measure(self) -> None:
        """Take the speed since the last look; called once a second."""
        now, moved = time.monotonic(), self._moved_bytes
        if self._seen is not None and now > self._seen[0]:
            latest = (moved - self._seen[1]) / (now - self._seen[0])
            self.rate = latest if self.rate is None else self.rate + _SMOOTHING * (latest - self.rate)
        self._seen = (now, moved)

    def _raise_if_stopped(self) -> None:
        if time.monotonic() > self.held_until:
            self.stop("the lease could not be renewed in time")
        if self.stopped:
            raise TransferCancelled(self.stopped)


def held_from_now() -> float:
    """The end of a lease that is being taken; to be asked before the database is."""
    return time.monotonic() + LEASE_SECONDS


def renew(database: Database, transfers: Sequence[LedgerTransfer]) -> None:
    """Renew the leases and write the progress of all that moves, in one transaction."""
    until = held_from_now()
    with database.write() as session:
        now = instant(session)
        held = [_renew_one(session, transfer, now) for transfer in transfers]
    for transfer, ours in zip(transfers, held, strict=True):
        if ours:
            transfer.held_until = until
        else:
            transfer.lose()


def _renew_one(session: Session, transfer: LedgerTransfer, now: datetime) -> bool:
    transfer.measure()
    return write_held(
        session,
        transfer.claim,
        lease_until=lease_end(now),
        bytes_sent=transfer.done_bytes or 0,
        bytes_per_second=transfer.rate,
        updated_at=now,
    )
