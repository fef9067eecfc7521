"""The ledger of one worker's deliveries: what ended is settled and what is next is claimed, in one transaction.

With many small files the commit costs more than their sending, so those that end together share one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from backend.catalog.database import Database
from backend.catalog.models import DeliveryState
from backend.disk.layout import Layout
from backend.errors import HoldfastError, StorageError, TransferCancelled
from backend.log import Level, UploadLog
from backend.outbox.circuit import lock_target
from backend.outbox.claim import Claim, claim
from backend.outbox.clock import instant
from backend.outbox.deliver import Outcome
from backend.outbox.places import Place
from backend.outbox.record import record_delivery
from backend.outbox.settle import Ended, settle

_SIDECAR_THREADS = 4
# Only these are worth a sidecar's rewriting: what waits is sent again after a rebuild anyway.
_FINAL = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.SKIPPED, DeliveryState.DELETED)


@dataclass
class Books:
    database: Database
    layout: Layout
    log: UploadLog
    worker: str
    _sidecars: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_SIDECAR_THREADS, thread_name_prefix="sidecar")
    )

    def turn(self, place: Place, outcomes: Sequence[Outcome], wanted: int) -> list[Claim]:
        """Settle `outcomes`, all of this target, then claim up to `wanted`.

        Raises `StorageError` when the database is away: nothing was settled, and it is to be tried again.
        """
        try:
            ended, claims = self._write(place, outcomes, wanted)
        except StorageError:
            raise
        except Exception as error:
            if len(outcomes) == 1:
                # It can never be written. Its lease runs out and the delivery is taken up again.
                claim = outcomes[0].claim
                self.log.broke("not_settled", error, upload=claim.video_id, target=claim.target)
                return []
            if not outcomes:
                raise
            for outcome in outcomes:
                self.turn(place, [outcome], 0)
            return []
        for one in ended:
            self._tell(one)
        return claims

    def close(self) -> None:
        """Wait until the sidecars know what the ledger knows."""
        self._sidecars.shutdown()

    def _write(self, place: Place, outcomes: Sequence[Outcome], wanted: int) -> tuple[list[Ended], list[Claim]]:
        config = place.config
        with self.database.write() as session:
            row, now = lock_target(session, config.name), instant(session)
            ended = [settle(session, row, outcome, now) for outcome in outcomes]
            claims = claim(session, row, self.worker, config.max_concurrent, now, wanted) if wanted else []
        return ended, claims

    def _tell(self, ended: Ended) -> None:
        outcome, error = ended.outcome, ended.outcome.error
        if ended.state is None:
            self._say("info", "lease_lost", outcome)
        elif outcome.copy is not None:
            seconds = round(time.monotonic() - outcome.started, 3)
            size_bytes = outcome.claim.size_bytes
            self._say("info", "verified", outcome, key=outcome.copy.key, bytes=size_bytes, seconds=seconds)
        elif isinstance(error, TransferCancelled):
            self._say("info", "given_back", outcome, why=error.message)
        elif error is not None:
            if ended.state is DeliveryState.DELETED:
                self._say("info", "ended", outcome, error=error.message)
            else:
                self._say("warning", ended.state, outcome, error=error.message, code=error.code)
            if ended.paused_target:
                self.log.write("warning", "target_paused", target=outcome.claim.target, error=error.message)
        if ended.state in _FINAL:
            self._sidecars.submit(self._tell_sidecar, outcome.claim)

    def _tell_sidecar(self, claim: Claim) -> None:
        """The catalog has it already; a sidecar that lags only means one more look at the remote after a rebuild."""
        try:
            record_delivery(self.database, self.layout, claim.relative_path, claim.video_id, claim.target)
        except FileNotFoundError:
            self.log.write("error", "sidecar_missing", upload=claim.video_id, target=claim.target)
        except HoldfastError as error:
            self.log.write("error", "sidecar_late", upload=claim.video_id, target=claim.target, error=error.message)
        except Exception as error:
            self.log.broke("sidecar_late", error, upload=claim.video_id, target=claim.target)

    def _say(self, level: Level, step: str, outcome: Outcome, **more: object) -> None:
        claim = outcome.claim
        self.log.write(level, step, upload=claim.video_id, name=claim.original_filename, target=claim.target, **more)
