"""One delivery from claim to verified: put, read the remote's figures back, settle, tell the sidecar."""

from __future__ import annotations

import time
from dataclasses import dataclass

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import DeliveryState
from backend.disk import sidecar
from backend.disk.layout import Layout
from backend.errors import (
    HoldfastError,
    LocalDamage,
    PermanentFailure,
    StorageError,
    TargetError,
    TransientFailure,
)
from backend.log import Level, UploadLog
from backend.outbox import settle
from backend.outbox.claim import Claim
from backend.outbox.places import Place
from backend.outbox.transfer import LedgerTransfer
from backend.targets.base import Expected, RemoteCopy, Source, Verdict


@dataclass(frozen=True)
class Deliverer:
    """Runs claims. One per process; its methods run in many threads."""

    database: Database
    layout: Layout
    log: UploadLog

    def run(self, place: Place, transfer: LedgerTransfer) -> None:
        """Carry one claim to its end. Never raises for what the ledger can record."""
        claim, started = transfer.claim, time.monotonic()
        self._tell("attempt", claim, attempt=claim.attempt, resumed=bool(claim.resume))
        try:
            copy = self._put_and_verify(place, transfer)
        except TargetError as error:
            self._settle_badly(place, claim, error)
        except StorageError as error:
            self._settle_badly(place, claim, _in_ledger_words(error), blame_target=False)
        except Exception as error:
            self.log.broke("attempt_broke", error, upload=claim.video_id, target=claim.target)
            self._settle_badly(place, claim, TransientFailure(f"Unexpected {type(error).__name__}; see the log."))
        else:
            self._settle_well(claim, copy, started)

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
        _refuse_if_missing(source)
        copy = place.target.put(source, claim.remote_key, transfer)
        self._tell("sent", claim, bytes=claim.size_bytes)
        proof = place.target.verify(Expected(claim.size_bytes, claim.sha256), copy)
        if proof.verdict is not Verdict.MATCHES:
            raise TransientFailure(
                f"{place.config.label} said it has the file, but reading back says otherwise: "
                f"{proof.reason or proof.verdict}. It is sent again."
            )
        return copy

    def _settle_well(self, claim: Claim, copy: RemoteCopy, started: float) -> None:
        with self.database.write() as session:
            held = settle.delivered(session, claim, copy)
        if not held:
            self._tell("lease_lost", claim)
            return
        self._tell("verified", claim, key=copy.key, seconds=round(time.monotonic() - started, 3))
        self._tell_sidecar(claim)

    def _settle_badly(self, place: Place, claim: Claim, error: TargetError, *, blame_target: bool = True) -> None:
        with self.database.write() as session:
            state = settle.ended_badly(session, claim, error, place.config.required, blame_target=blame_target)
        self._tell(state or "lease_lost", claim, error=error.message, code=error.code)
        if state in (DeliveryState.FAILED, DeliveryState.SKIPPED):
            self._tell_sidecar(claim)

    def _tell_sidecar(self, claim: Claim) -> None:
        """The catalog has it already; a sidecar that lags only means one more look at the remote after a rebuild."""
        try:
            record_delivery(self.database, self.layout, claim.video_id, claim.target)
        except HoldfastError as error:
            self.log.write("error", "sidecar_late", upload=claim.video_id, target=claim.target, error=error.message)
        except FileNotFoundError:
            self.log.write("error", "sidecar_missing", upload=claim.video_id, target=claim.target)

    def _tell(self, step: str, claim: Claim, **more: object) -> None:
        level: Level = "info" if "error" not in more else "warning"
        self.log.write(level, step, upload=claim.video_id, name=claim.original_filename, target=claim.target, **more)


def record_delivery(database: Database, layout: Layout, video_id: str, target: str) -> None:
    """Bring one delivery in the sidecar to what the catalog says."""
    with database.read() as session:
        video = videos.get(session, video_id)
        rows = [d for d in video.deliveries if d.target == target]
        relative_path, facts = video.relative_path, [videos.delivery_facts_of(d) for d in rows]
    sidecar.change(layout, relative_path, video_id, lambda doc: _with_deliveries(doc, facts))


def _with_deliveries(doc: sidecar.Sidecar, new: list[sidecar.DeliveryFacts]) -> sidecar.Sidecar:
    merged = {d.target: d for d in doc.deliveries} | {d.target: d for d in new}
    return doc.model_copy(update={"deliveries": tuple(merged.values())})


def _refuse_if_missing(source: Source) -> None:
    try:
        size = source.path.stat().st_size
    except FileNotFoundError:
        raise PermanentFailure(
            "The local file is missing, so there is nothing to send. See `video_manager doctor`."
        ) from None
    if size != source.size_bytes:
        raise PermanentFailure(
            f"The local file has {size} bytes instead of {source.size_bytes}: it was damaged here and is not sent."
        )


def _in_ledger_words(error: StorageError) -> TargetError:
    """Our own disk or database failed, not the target: a damaged file stays here, other trouble passes."""
    return PermanentFailure(error.message) if isinstance(error, LocalDamage) else TransientFailure(error.message)
