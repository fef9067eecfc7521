"""One delivery from claim to verified: put, read the remote's figures back, settle, tell the sidecar."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass

from backend.catalog.database import Database
from backend.catalog.models import DeliveryState
from backend.disk.layout import Layout
from backend.errors import (
    DiskFault,
    HoldfastError,
    LocalDamage,
    PermanentFailure,
    StorageError,
    TargetError,
    TransferCancelled,
    TransientFailure,
)
from backend.log import Level, UploadLog
from backend.outbox import settle
from backend.outbox.claim import Claim
from backend.outbox.places import Place
from backend.outbox.record import record_delivery
from backend.outbox.transfer import LedgerTransfer
from backend.targets.base import Expected, RemoteCopy, Source, Verdict


@dataclass(frozen=True)
class Deliverer:
    """Runs claims. One per process; its methods run in many threads."""

    database: Database
    layout: Layout
    log: UploadLog

    def run(self, place: Place, transfer: LedgerTransfer) -> None:
        """Carry one claim to its end. Raises only when the ledger itself cannot be written."""
        claim, started = transfer.claim, time.monotonic()
        self._tell("attempt", claim, attempt=claim.attempt, resumed=bool(claim.resume))
        try:
            copy = self._put_and_verify(place, transfer)
        except TransferCancelled as error:
            self.give_back(claim, error.message)
        except TargetError as error:
            self._settle_badly(place, claim, error, blame_target=not _is_local(error))
        except StorageError as error:
            self._settle_badly(place, claim, _in_ledger_words(error), blame_target=False)
        except Exception as error:
            self.log.broke("attempt_broke", error, upload=claim.video_id, target=claim.target)
            words = TransientFailure(f"Unexpected {type(error).__name__}; see the log.")
            self._settle_badly(place, claim, words, blame_target=True)
        else:
            self._settle_well(claim, copy, started)

    def give_back(self, claim: Claim, why: str) -> None:
        """Leave the delivery to whoever claims it next; the target's resume state says where to go on."""
        with self.database.write() as session:
            held = settle.given_back(session, claim)
        self._tell("given_back" if held else "lease_lost", claim, why=why)

    def _put_and_verify(self, place: Place, transfer: LedgerTransfer) -> RemoteCopy:
        claim = transfer.claim
        source = Source(
            path=self.layout.absolute(claim.relative_path),
            size_bytes=claim.size_bytes,
            sha256=claim.sha256,
            mime_type=claim.mime_type,
            original_filename=claim.original_filename,
            video_id=claim.video_id,
        )
        self._refuse_if_missing(source, claim)
        copy = place.target.put(source, claim.remote_key, transfer)
        self._tell("sent", claim, bytes=claim.size_bytes)
        proof = place.target.verify(Expected(claim.size_bytes, claim.sha256), copy)
        if proof.verdict is not Verdict.MATCHES:
            raise TransientFailure(
                f"{place.config.label} said it has the file, but reading back says otherwise: "
                f"{proof.reason or proof.verdict} It is sent again."
            )
        return copy

    def _refuse_if_missing(self, source: Source, claim: Claim) -> None:
        try:
            size_bytes = source.path.stat().st_size
        except FileNotFoundError:
            if not self.layout.sidecar_of(claim.relative_path).exists():
                # More likely the whole disk is away than this one video.
                raise DiskFault(
                    "Neither the video's file nor its sidecar is there: is the disk of the uploads mounted? "
                    "It is tried again."
                ) from None
            raise LocalDamage(
                "The local file is missing, so there is nothing to send. See `video_manager doctor`."
            ) from None
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "unknown error")
            raise DiskFault(f"The server's own disk could not be read ({name}). It is tried again.") from error
        if size_bytes != source.size_bytes:
            raise LocalDamage(
                f"The local file has {size_bytes} bytes instead of {source.size_bytes}: it was damaged here and is "
                "not sent."
            )

    def _settle_well(self, claim: Claim, copy: RemoteCopy, started: float) -> None:
        with self.database.write() as session:
            held = settle.delivered(session, claim, copy)
        if not held:
            self._tell("lease_lost", claim)
            return
        self._tell("verified", claim, key=copy.key, seconds=round(time.monotonic() - started, 3))
        self._tell_sidecar(claim)

    def _settle_badly(self, place: Place, claim: Claim, error: TargetError, *, blame_target: bool) -> None:
        with self.database.write() as session:
            ended = settle.ended_badly(session, claim, error, place.config.required, blame_target=blame_target)
        self._tell(ended.state if ended else "lease_lost", claim, error=error.message, code=error.code)
        if ended is None:
            return
        if ended.paused_target:
            self.log.write("warning", "target_paused", target=claim.target, error=error.message)
        if ended.state in (DeliveryState.FAILED, DeliveryState.SKIPPED):
            self._tell_sidecar(claim)

    def _tell_sidecar(self, claim: Claim) -> None:
        """The catalog has it already; a sidecar that lags only means one more look at the remote after a rebuild."""
        try:
            record_delivery(self.database, self.layout, claim.relative_path, claim.video_id, claim.target)
        except HoldfastError as error:
            self.log.write("error", "sidecar_late", upload=claim.video_id, target=claim.target, error=error.message)
        except FileNotFoundError:
            self.log.write("error", "sidecar_missing", upload=claim.video_id, target=claim.target)

    def _tell(self, step: str, claim: Claim, **more: object) -> None:
        level: Level = "info" if "error" not in more else "warning"
        self.log.write(level, step, upload=claim.video_id, name=claim.original_filename, target=claim.target, **more)


def _is_local(error: TargetError) -> bool:
    """True when the target says that it was our own file or disk that failed."""
    return str(error.detail.get("reason", "")).startswith("local-")


def _in_ledger_words(error: StorageError) -> TargetError:
    """Our own disk or database failed, not the target: a damaged file stays here, other trouble passes."""
    return PermanentFailure(error.message) if isinstance(error, LocalDamage) else TransientFailure(error.message)
