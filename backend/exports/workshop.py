"""One export from its claim to its outcome: recordings at hand, cut, signed, in its place; failures judged."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, cast

from backend.catalog import audit, events, export_claims
from backend.catalog.database import Database
from backend.catalog.describe_exports import PATH
from backend.catalog.export_claims import ExportClaim
from backend.catalog.models import ExportStatus
from backend.confine import Confinement
from backend.disk.atomic import free_bytes
from backend.disk.layout import Layout
from backend.disk.made import scratch
from backend.disk.sizes import in_units
from backend.errors import (
    CatalogUnavailable,
    DiskFull,
    HoldfastError,
    Incomplete,
    MediaError,
    MediaStopped,
    OverLimit,
    ToolsMissing,
    TransientFailure,
)
from backend.events import EXPORT_COMPLETED
from backend.exports import gathering, manifest, news, packing
from backend.exports.bucket import Bucket
from backend.exports.findings import Made
from backend.exports.gathering import Gatherer
from backend.exports.manifest import Origin
from backend.exports.packing import Packed
from backend.exports.wish import Cut, Format, OnIncomplete, Recording, Wish
from backend.exports.wish import Layout as Arrangement
from backend.exports.work import Allowance, ExportWork
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.outbox.restore import Restorer
from backend.signing import Signer

# As the API document says.
HOLDFAST_VERSION = "1"
# One that needed too much may have met a busy machine; one that met a fault of ours may be luckier later.
_MOST_ATTEMPTS = {OverLimit.code: 2, MediaError.code: 3, "error": 8}
HASHING = "hashing"
_WAIT_FOR_ROOM_SECONDS = 60.0
_WAIT_FOR_TOOLS_SECONDS = 15.0
_WAIT_FOR_DATABASE_SECONDS = 2.0
# Files that a recorder left are hashed by a job of their own, within seconds; after so long it is said to be missing.
_HASHED_WITHIN = timedelta(minutes=2)
_HASHING_SECONDS = 2.0
_GATHERED, _CUT = 0.15, 0.92


@dataclass
class Running:
    """An export that is under way in this worker."""

    claim: ExportClaim
    progress: float = 0.0
    phase: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """It is to end soon: the worker stops, or the export is not ours any more."""
        self._stop.set()

    def should_stop(self) -> bool:
        return self._stop.is_set()

    def wait(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def check(self) -> None:
        if self.should_stop():
            raise MediaStopped("It was stopped before it was done.")

    def tell(self, progress: float, phase: str) -> None:
        self.progress, self.phase = min(1.0, max(self.progress, progress)), phase


@dataclass(frozen=True)
class Completed:
    """Written down already, in its place and durable."""

    size_bytes: int
    partial: bool


@dataclass(frozen=True)
class NotMade:
    """`again_seconds`: when it is tried again by itself; None: never. `problems`: as they are told."""

    code: str
    words: str
    again_seconds: float | None
    problems: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class GivenUp:
    """We stopped it; nobody is to blame."""


Outcome = Completed | NotMade | GivenUp


class Maker(Protocol):
    def __call__(self, wish: Wish, recordings: Sequence[Recording], work: ExportWork) -> Made: ...


@dataclass(frozen=True)
class Workshop:
    layout: Layout
    database: Database
    restorer: Restorer
    tools: Confinement
    allowance: Allowance
    signer: Signer
    log: UploadLog
    node: str
    reserve_bytes: int
    make_files: Maker
    bucket: Bucket | None = None

    def make(self, running: Running) -> Outcome:
        """Never raises: whatever went wrong is an outcome."""
        try:
            return self._make(running)
        except MediaStopped:
            return GivenUp()
        except ToolsMissing as error:
            return NotMade(error.code, error.message, _WAIT_FOR_TOOLS_SECONDS)
        except DiskFull as error:
            return NotMade(error.code, error.message, _WAIT_FOR_ROOM_SECONDS)
        except TransientFailure as error:
            return NotMade(error.code, error.message, delay_seconds(running.claim.attempt, error.retry_after_seconds))
        except Incomplete as error:
            return NotMade(error.code, error.message, None, error.problems)
        except HoldfastError as error:
            return _again(running.claim, error)
        except Exception as error:
            self.log.broke("export_broke", error, export=running.claim.id)
            words = f"Something unexpected went wrong ({type(error).__name__}); see the log."
            return _again(running.claim, MediaError(words))

    def _make(self, running: Running) -> Outcome:
        claim, now = running.claim, self._now()
        gatherer = Gatherer(self.layout, self.database, self.restorer)
        running.tell(0.0, "looking for the recordings")
        plan = gatherer.plan(claim, now)
        if not plan.is_hashed() and now - claim.created_at < _HASHED_WITHIN:
            return NotMade(HASHING, "Recordings are just being taken in; it goes on in a moment.", _HASHING_SECONDS)
        if no_room := self._no_room(gathering.needed_bytes(plan, self.layout, claim.bounds)):
            return NotMade(DiskFull.code, no_room, _WAIT_FOR_ROOM_SECONDS)
        wish = _wish(claim, plan.names)
        with scratch(self.layout, claim.token) as folder:
            sources, workspace = folder / "sources", folder / "work"
            sources.mkdir()
            workspace.mkdir()

            def at_hand(count: int) -> None:
                running.check()
                words = f"reading the recordings, {count} of {len(plan.parts)}"
                running.tell(_GATHERED * count / max(1, len(plan.parts)), words)

            linked = gatherer.gather(claim, plan, sources, running.should_stop, at_hand)
            recordings = [one.recording for one in linked]
            made = self.make_files(wish, recordings, self._work(running, workspace))
            running.check()
            gathering.refuse_changed(linked)
            running.tell(_CUT, "signing and saving")
            return self._finish(running, wish, recordings, made, folder)

    def _finish(
        self, running: Running, wish: Wish, recordings: Sequence[Recording], made: Made, folder: Path
    ) -> Outcome:
        claim, completed_at = running.claim, self._now()
        origin = Origin(self.node, HOLDFAST_VERSION, self.tools.version(), claim.created_at, completed_at)
        files = packing.contents(made, wish)
        payload = manifest.payload(claim, wish, recordings, made.cameras, files, origin)
        packed = packing.pack(claim, wish, files, payload, self.signer, folder, running.check)
        findings = manifest.findings(made.cameras) | {"filename": packed.name, "mime_type": packed.mime_type}
        while True:
            running.check()
            try:
                is_ours = self._record(claim, packed, findings, payload["partial"], completed_at)
            except CatalogUnavailable as error:
                # Hours of work are not thrown away because the database is away for a minute.
                self.log.write("warning", "export_waits", export=claim.id, error=error.message)
                running.wait(_WAIT_FOR_DATABASE_SECONDS)
                continue
            return Completed(packed.size_bytes, payload["partial"]) if is_ours else GivenUp()

    def _record(
        self, claim: ExportClaim, packed: Packed, findings: dict[str, Any], partial: bool, completed_at: datetime
    ) -> bool:
        """Its file in its place and its row, while nobody else can have it; False when it is not ours any more."""
        with self.database.write() as session:
            export = export_claims.held(session, claim)
            if export is None or export.status != ExportStatus.PROCESSING:
                return False
            # Under the row's lock: who took it over, or removes it, waits; what a crash leaves here is cleared away.
            export.file_path = packing.put_in_place(self.layout, claim.id, packed)
            export_claims.end(export, ExportStatus.COMPLETED, "", "", completed_at)
            export.file_size, export.checksum, export.manifest = packed.size_bytes, packed.sha256, packed.manifest
            export.findings, export.is_partial, export.node = findings, partial, self.node
            export.progress, export.download_url = 1.0, f"{PATH}/{claim.id}/download"
            export.expires_at = completed_at + timedelta(hours=export.keep_hours)
            if self.bucket is not None:
                export.delivery_target, export.delivery_state = self.bucket.name, "pending"
                export.delivery_next_at, export.delivery_attempts, export.delivery_error = completed_at, 0, ""
                export.delivery_resume, export.proof = {}, {}
                export.remote_key = self.bucket.key_of(claim.id, packed.name)
            events.append(session, EXPORT_COMPLETED, None, **news.ended(export))
            audit.append(session, "export.completed", **news.about(export), sha256=packed.sha256, partial=partial)
        return True

    def _work(self, running: Running, workspace: Path) -> ExportWork:
        def tell(done: float, phase: str) -> None:
            running.tell(_GATHERED + (_CUT - _GATHERED) * done, phase)

        return ExportWork(workspace, self.tools, self.allowance, tell, running.should_stop)

    def _no_room(self, needs: int) -> str:
        """Why there is not enough space, in words; "" when there is."""
        free = free_bytes(self.layout.incoming)
        if free >= self.reserve_bytes + needs:
            return ""
        return (
            f"The disk is nearly full: this may need {in_units(needs)} beside the {in_units(self.reserve_bytes)} that"
            f" MIN_FREE_BYTES keeps free, and {in_units(free)} are free. It goes on when there is room."
        )

    def _now(self) -> datetime:
        with self.database.read() as session:
            return instant(session)


def _wish(claim: ExportClaim, names: tuple[tuple[str, str], ...]) -> Wish:
    return Wish(
        camera_ids=claim.camera_ids,
        bounds=claim.bounds,
        format=cast(Format, claim.format),
        cut=cast(Cut, claim.cut),
        layout=cast(Arrangement, claim.layout),
        slate=claim.slate,
        incomplete=cast(OnIncomplete, claim.incomplete),
        names=names,
    )


def _again(claim: ExportClaim, error: HoldfastError) -> NotMade:
    most = _MOST_ATTEMPTS.get(error.code, _MOST_ATTEMPTS["error"])
    if gathering.troubled(error):
        return NotMade(error.code, error.message, None)
    if claim.attempt >= most:
        return NotMade(error.code, f"{error.message} Tried {claim.attempt} times.", None)
    return NotMade(error.code, error.message, delay_seconds(claim.attempt))
