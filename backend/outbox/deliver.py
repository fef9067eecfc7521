"""One attempt from claim to proof: put, read the remote's figures back, and say how it went. No ledger here."""

from __future__ import annotations

import errno
import time
from dataclasses import dataclass, field
from typing import Any

from backend.catalog.models import LOCAL_DAMAGE, LOCAL_MISSING
from backend.disk.layout import Layout
from backend.disk.sidecar import read_sidecar
from backend.errors import (
    DiskFault,
    LocalDamage,
    PermanentFailure,
    StorageError,
    TargetError,
    TransientFailure,
    Unsupported,
)
from backend.log import UploadLog
from backend.outbox.claim import Claim
from backend.outbox.places import Place
from backend.outbox.transfer import LedgerTransfer
from backend.targets.base import Expected, RemoteCopy, Source, Verdict

# What a `Source` has of a sidecar's facts, by the same names.
_TOLD = ("title", "tags", "project_id", "uploaded_by", "camera_id", "start_at", "end_at")


@dataclass(frozen=True)
class Outcome:
    """How an attempt went: `copy` was read back and is right, or `error` says why there is none.

    `blame_target`: the failure says something about the target as a whole, not only about this file or about us.
    """

    place: Place
    claim: Claim
    copy: RemoteCopy | None = None
    error: TargetError | None = None
    blame_target: bool = False
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Deliverer:
    """Runs claims, in many threads at once."""

    layout: Layout
    log: UploadLog

    def run(self, place: Place, transfer: LedgerTransfer) -> Outcome:
        """Make one attempt. Never raises: whatever goes wrong is an outcome."""
        claim, started = transfer.claim, time.monotonic()
        self._tell("attempt", claim, attempt=claim.attempt, resumed=bool(claim.resume) or None)
        try:
            return Outcome(place, claim, copy=self._put_and_verify(place, transfer), started=started)
        except TargetError as error:
            return Outcome(place, claim, error=error, blame_target=is_about_target(error), started=started)
        except StorageError as error:
            return Outcome(place, claim, error=_in_ledger_words(error), started=started)
        except Exception as error:
            self.log.broke("attempt_broke", error, upload=claim.video_id, target=claim.target)
            words = TransientFailure(f"Unexpected {type(error).__name__}; see the log.")
            return Outcome(place, claim, error=words, blame_target=True, started=started)

    def _put_and_verify(self, place: Place, transfer: LedgerTransfer) -> RemoteCopy:
        claim = transfer.claim
        source = Source(
            path=self.layout.absolute(claim.relative_path),
            size_bytes=claim.size_bytes,
            sha256=claim.sha256,
            mime_type=claim.mime_type,
            original_filename=claim.original_filename,
            video_id=claim.video_id,
            **self._told(claim),
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

    def _told(self, claim: Claim) -> dict[str, Any]:
        """What else its sidecar says. Where that cannot be read, a copy without it is better than none."""
        try:
            facts = read_sidecar(self.layout.sidecar_of(claim.relative_path)).video
        except (FileNotFoundError, StorageError):
            return {}
        return {name: getattr(facts, name) for name in _TOLD}

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
                "The local file is missing, so there is nothing to send. Send the same file again, or restore it.",
                detail={"reason": LOCAL_MISSING},
            ) from None
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "unknown error")
            raise DiskFault(f"The server's own disk could not be read ({name}). It is tried again.") from error
        if size_bytes != source.size_bytes:
            raise LocalDamage(
                f"The local file has {size_bytes} bytes instead of {source.size_bytes}: it was damaged here and is "
                "not sent. Send the same file again, or restore it."
            )

    def _tell(self, step: str, claim: Claim, **more: object) -> None:
        self.log.write("info", step, upload=claim.video_id, name=claim.original_filename, target=claim.target, **more)


def is_about_target(error: TargetError) -> bool:
    """False when the target says that it was our own file or disk that failed, or that it cannot take this file."""
    local = str(error.detail.get("reason", "")).startswith("local-")
    return not local and not isinstance(error, PermanentFailure | Unsupported)


def _in_ledger_words(error: StorageError) -> TargetError:
    """Our own disk or database failed, not the target: a damaged file stays here, other trouble passes."""
    if isinstance(error, LocalDamage):
        return PermanentFailure(error.message, detail={"reason": LOCAL_DAMAGE} | error.detail)
    return TransientFailure(error.message)
