"""Copies of results in the bucket of exports: sent, read back, deleted when the export is over; however often killed.

One object for each export: `put` looks first, goes on where it was, and sends nothing twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backend.catalog import export_claims
from backend.catalog.database import Database
from backend.catalog.export_claims import LEASE, CopyClaim
from backend.disk.layout import Layout
from backend.errors import (
    HoldfastError,
    PermanentFailure,
    TargetError,
    TransferCancelled,
    TransientFailure,
    Unsupported,
)
from backend.exports.bucket import Bucket
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.targets.base import Deletable, Expected, RemoteCopy, Source, Verdict

_RENEW_SECONDS = 5.0
_MOST_AT_ONCE = 20


@dataclass
class ExportTransfer:
    """The `Transfer` of one copy: the lease is renewed while bytes move, by the thread that moves them."""

    claim: CopyClaim
    database: Database
    bucket: Bucket
    should_stop: Any
    _resume: dict[str, Any] = field(default_factory=dict)
    _done: int | None = None
    _renewed_at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._resume = dict(self.claim.resume)

    @property
    def is_first(self) -> bool:
        return self.claim.attempt == 1 and not self.claim.resume

    @property
    def resume(self) -> Mapping[str, Any]:
        return self._resume

    def save_resume(self, state: Mapping[str, Any]) -> None:
        self._resume = dict(state)
        self._hold(delivery_resume=self._resume)

    def advance(self, done_bytes: int) -> None:
        step = 0 if self._done is None else max(0, done_bytes - self._done)
        self._done = done_bytes
        wait = self.bucket.throttle.turn(step)
        while wait > 0 and not self.should_stop(min(wait, _RENEW_SECONDS)):
            wait -= _RENEW_SECONDS
            self._renew()
        if self.should_stop(0):
            raise TransferCancelled("the worker stops")
        self._renew()

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_at >= _RENEW_SECONDS:
            self._hold()

    def _hold(self, **values: Any) -> None:
        with self.database.write() as session:
            until = instant(session) + LEASE
            ours = export_claims.write_copy(session, self.claim, lease_until=until, **values)
        self._renewed_at = time.monotonic()
        if not ours:
            raise TransferCancelled("another worker has this copy now, or it is not wanted any more")


@dataclass(frozen=True)
class ExportDeliverer:
    """`should_stop`: told how many seconds it may wait for the word to stop."""

    database: Database
    layout: Layout
    bucket: Bucket
    log: UploadLog
    node: str
    should_stop: Any

    def run_due(self) -> int:
        """Send and delete what is due, one after the other; how many."""
        done = 0
        while done < _MOST_AT_ONCE and not self.should_stop(0) and (claim := self._claim()) is not None:
            self._run(claim)
            done += 1
        return done

    def _claim(self) -> CopyClaim | None:
        with self.database.read() as session:
            if not export_claims.any_copy_due(session, self.bucket.name, self.node, instant(session)):
                return None
        with self.database.write() as session:
            worker = f"{self.node}:{os.getpid()}"
            return export_claims.claim_copy(session, self.bucket.name, self.node, worker, instant(session))

    def _run(self, claim: CopyClaim) -> None:
        began = time.monotonic()
        try:
            if claim.is_removal:
                self._remove(claim)
                values = {"delivery_state": "deleted", "proof": {}}
            else:
                copy = self._send(claim)
                values = {"delivery_state": "verified", "proof": dict(copy.proof), "remote_key": copy.key}
        except HoldfastError as error:
            self._put_off(claim, error)
            return
        done: dict[str, Any] = {"delivery_error": "", "delivery_resume": {}, "delivery_next_at": None}
        with self.database.write() as session:
            ours = export_claims.settle_copy(session, claim, **values, **done)
        step = "export_copy_deleted" if claim.is_removal else "export_delivered"
        if ours:
            seconds = round(time.monotonic() - began, 3)
            told = {"status": "EXPIRED" if claim.is_removal else "COMPLETED", "seconds": seconds}
            self.log.write("info", step, export=claim.id, target=self.bucket.name, bytes=claim.size_bytes, **told)

    def _send(self, claim: CopyClaim) -> RemoteCopy:
        source = Source(
            path=self.layout.absolute(claim.file_path),
            size_bytes=claim.size_bytes,
            sha256=claim.sha256,
            mime_type=claim.mime_type,
            original_filename=claim.file_path.rpartition("/")[2],
            video_id=claim.id,
        )
        if not source.path.is_file():
            raise PermanentFailure("The file of this export is not on the disk any more, so there is nothing to send.")
        transfer = ExportTransfer(claim, self.database, self.bucket, self.should_stop)
        copy = self.bucket.target.put(source, claim.remote_key, transfer)
        proof = self.bucket.target.verify(Expected(claim.size_bytes, claim.sha256), copy)
        if proof.verdict is not Verdict.MATCHES:
            raise TransientFailure(
                f"{self.bucket.label} said it has the file, but reading back says otherwise: "
                f"{proof.reason or proof.verdict} It is sent again."
            )
        return copy

    def _remove(self, claim: CopyClaim) -> None:
        if isinstance(self.bucket.target, Deletable):
            self.bucket.target.delete(RemoteCopy(claim.remote_key, claim.proof))

    def _put_off(self, claim: CopyClaim, error: HoldfastError) -> None:
        if isinstance(error, TransferCancelled):
            values: dict[str, Any] = {"delivery_attempts": claim.attempt - 1}
            self._give_back(claim, values, 0.0)
            return
        over = isinstance(error, PermanentFailure | Unsupported) and not claim.is_removal
        wish = error.retry_after_seconds if isinstance(error, TargetError) else None
        wait = delay_seconds(claim.attempt, wish)
        values = {"delivery_error": error.message} | ({"delivery_state": "failed"} if over else {})
        self._give_back(claim, values, wait)
        told = {"code": error.code, "reason": error.message, "again_seconds": None if over else round(wait, 1)}
        level = "error" if over else "warning"
        self.log.write("error" if level == "error" else "warning", "export_copy_failed", export=claim.id,
                       target=self.bucket.name, **told)  # fmt: skip

    def _give_back(self, claim: CopyClaim, values: dict[str, Any], wait: float) -> None:
        with self.database.write() as session:
            now: datetime = instant(session)
            again = now + timedelta(seconds=wait)
            export_claims.settle_copy(session, claim, **values, delivery_next_at=again)
