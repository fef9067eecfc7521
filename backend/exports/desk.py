"""What people do with exports: ask for one, guess its size, look, cancel, try again, fetch, delete."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from backend.catalog import audit, exports
from backend.catalog.database import Database
from backend.catalog.describe_exports import PATH, describe_export, has_file
from backend.catalog.exports import ExportPage
from backend.catalog.gaps import Stretch, gaps, joined
from backend.catalog.models import Export, ExportStatus
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.layout import Layout
from backend.errors import Conflict, ExportGone, Forbidden, NotFound, NotReady, TargetError
from backend.exports.bucket import Bucket
from backend.exports.expire import Expirer
from backend.exports.news import about
from backend.exports.order import Order
from backend.log import UploadLog
from backend.outbox.clock import instant

# A guess: a disk that reads and writes at once, and an encoder on two small cores.
_COPIED_BYTES_PER_SECOND = 60 * 1024**2
_ENCODED_SECONDS_PER_SECOND = 4.0
_LONGEST_LINK = timedelta(days=1)
_SAME_SECONDS, _MOST_HEARD = 3600.0, 10_000


@dataclass(frozen=True)
class Requester:
    """Who asks. `any_export`: may end and delete those of others."""

    id: str
    name: str
    scope: Scope = EVERYTHING
    any_export: bool = False


@dataclass(frozen=True)
class ExportFile:
    """A result to be sent. `path` may be gone by the time it is opened."""

    path: Path
    name: str
    mime_type: str
    sha256: str
    modified_at: datetime


class Heard:
    """What this process wrote into the audit within the last hour: what is asked again each second is one line."""

    def __init__(self) -> None:
        self._at: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()

    def is_new(self, what: tuple[str, ...]) -> bool:
        now = time.monotonic()
        with self._lock:
            last = self._at.get(what)
            if last is not None and now - last < _SAME_SECONDS:
                return False
            if len(self._at) >= _MOST_HEARD:
                self._at.clear()
            self._at[what] = now
        return True


@dataclass(frozen=True)
class ExportDesk:
    """`days`: how long a result is kept when its order does not say it."""

    database: Database
    layout: Layout
    log: UploadLog
    node: str
    days: float
    bucket: Bucket | None = None
    heard: Heard = field(default_factory=Heard)

    def create(self, order: Order, who: Requester) -> Export:
        """Take an order. Raises `NotFound` for a camera that nothing was recorded with."""
        export = _row(order, who, self.days)
        with self.database.write() as session:
            if unknown := exports.unknown(session, order.camera_ids, who.scope):
                raise NotFound(
                    f"No camera {unknown[0]} recorded anything that you may see. "
                    "`GET /api/cameras` lists those that did.",
                    detail={"field": "camera_ids", "camera_ids": unknown},
                )
            now = instant(session)
            export.created_at = export.updated_at = export.next_attempt_at = now
            session.add(export)
            audit.append(session, "export.created", **about(export), reason=order.reason[:500])
        self._log("export_created", export)
        return export

    def estimate(self, order: Order, who: Requester) -> dict[str, Any]:
        """What there is for an order, and a guess at its size and how long it takes."""
        with self.database.read() as session:
            if unknown := exports.unknown(session, order.camera_ids, who.scope):
                raise NotFound(f"No camera {unknown[0]} recorded anything that you may see.")
            every = {one: exports.parts(session, one, order.bounds, who.scope) for one in order.camera_ids}
        cameras = [_estimated(camera_id, parts, order.bounds) for camera_id, parts in every.items()]
        total_bytes = sum(one["bytes"] for one in cameras)
        recorded = sum(one["recorded_seconds"] for one in cameras)
        seconds = total_bytes / _COPIED_BYTES_PER_SECOND
        if order.cut == "exact":
            seconds += recorded / _ENCODED_SECONDS_PER_SECOND
        return {"cameras": cameras, "estimate_bytes": total_bytes, "estimate_seconds": round(seconds + 1, 1)}

    def get(self, export_id: str, scope: Scope = EVERYTHING) -> Export:
        with self.database.read() as session:
            return exports.get(session, export_id, scope)

    def page(
        self, scope: Scope, limit: int, before: tuple[datetime, str] | None = None, status: str = ""
    ) -> ExportPage:
        with self.database.read() as session:
            return exports.page(session, scope, limit, before, status)

    def describe(self, export: Export) -> dict[str, Any]:
        """With the server's own address for its result, which asks who wants it."""
        return describe_export(export, f"{PATH}/{export.id}/download" if has_file(export) else None)

    def describe_with_link(self, export: Export, who: Requester) -> dict[str, Any]:
        """With a link that needs no token, where there is one. Who was given one is in the audit."""
        url = self.download_url(export)
        if url is not None and not url.startswith("/") and self.heard.is_new((who.id, export.id, "linked")):
            with self.database.write() as session:
                audit.append(session, "export.linked", **about(export))
        return describe_export(export, url)

    def download_url(self, export: Export) -> str | None:
        """A link that needs no token, of the verified copy; else the server's own address, below its root."""
        if not has_file(export):
            return None
        if self.bucket is not None and self.bucket.holds(export):
            left = (export.expires_at - datetime.now(export.expires_at.tzinfo)) if export.expires_at else _LONGEST_LINK
            seconds = max(1.0, min(left, _LONGEST_LINK).total_seconds())
            try:
                if link := self.bucket.link(export, seconds):
                    return link
            except TargetError as error:
                self.log.write("warning", "export_link_failed", export=export.id, error=error.message)
        return f"{PATH}/{export.id}/download"

    def file(self, export_id: str, scope: Scope) -> ExportFile:
        """The result, to be sent. Raises `Conflict` while there is none, `ExportGone` when there is none any more."""
        export = self.get(export_id, scope)
        if export.status == ExportStatus.EXPIRED:
            by, at = export.findings.get("removed_by"), export.findings.get("removed_at")
            why = f"by {by} at {at}" if by else f"at {iso(export.expires_at)}, as its time was over"
            raise ExportGone(
                f"This export was removed {why}. Ask for it once more.",
                detail={"export_id": export.id},
            )
        if not has_file(export) or export.file_path is None:
            raise NotReady(
                f"This export is {export.status}: there is nothing to download"
                + (" yet." if export.status in exports.OPEN else f". {export.error}"),
                detail={"export_id": export.id, "status": export.status},
            )
        path = self.layout.absolute(export.file_path)
        if not path.is_file():
            raise NotFound(
                f"The file of this export lies on the node {export.node}, not on this one ({self.node})."
                if export.node != self.node
                else "The file of this export is not on the disk any more. Ask for it once more.",
                detail={"export_id": export.id, "node": export.node},
            )
        completed = export.completed_at or export.created_at
        mime_type = str(export.findings.get("mime_type", "application/octet-stream"))
        return ExportFile(path, path.name, mime_type, export.checksum, completed)

    def note_download(self, export_id: str, who: Requester, *, part: bool = False) -> None:
        """Write down who had the bytes. `part`: only some of them, as players ask for one after the other."""
        is_new, scope = self.heard.is_new((who.id, export_id, "downloaded")), who.scope
        if part and not is_new:
            return
        with self.database.write() as session:
            audit.append(session, "export.downloaded", **about(exports.get(session, export_id, scope)))

    def manifest(self, export_id: str, scope: Scope) -> str:
        """The signed manifest: also of a result that is gone."""
        export = self.get(export_id, scope)
        if not export.manifest:
            raise NotReady(
                f"This export is {export.status}: its manifest is signed when it is made.",
                detail={"export_id": export.id, "status": export.status},
            )
        return export.manifest

    def cancel(self, export_id: str, who: Requester) -> Export:
        """End it. Its ffmpeg ends within a few seconds, whichever worker has it."""
        with self.database.write() as session:
            export = _own(exports.get(session, export_id, who.scope, lock=True), who)
            if export.status not in exports.OPEN:
                raise Conflict(f"This export is {export.status} already; there is nothing to cancel.")
            now = instant(session)
            export.status, export.lease_token, export.lease_until = ExportStatus.CANCELLED, None, None
            export.error, export.error_code = f"Cancelled by {who.name}.", "cancelled"
            export.phase, export.completed_at, export.updated_at = "", now, now
            audit.append(session, "export.cancelled", **about(export))
        self._log("export_cancelled", export)
        return export

    def retry(self, export_id: str, who: Requester) -> Export:
        """Begin a failed or cancelled one anew; of one that is made, send its copy again if that failed."""
        with self.database.write() as session:
            export = _own(exports.get(session, export_id, who.scope, lock=True), who)
            now = instant(session)
            if export.status == ExportStatus.COMPLETED and export.delivery_state == "failed":
                export.delivery_state, export.delivery_next_at, export.delivery_error = "pending", now, ""
                export.updated_at = now
            elif export.status in exports.BROKEN:
                exports.begin_anew(export, now)
            else:
                raise Conflict(f"This export is {export.status}; only a failed or cancelled one can be tried again.")
            audit.append(session, "export.retried", **about(export))
        self.log.write("info", "export_retried", export=export.id, status=export.status)
        return export

    def delete(self, export_id: str, who: Requester) -> None:
        """Remove the result now, here and in the bucket; its row stays for a while, as that of one that expired. What
        has no result is forgotten at once."""
        with self.database.write() as session:
            export = _own(exports.get(session, export_id, who.scope, lock=True), who)
            if export.status in exports.OPEN:
                raise Conflict(f"This export is {export.status}; cancel it first.")
            audit.append(session, "export.deleted", **about(export))
        Expirer(self.database, self.layout, self.log, self.node).remove(export.id, who.name)

    def _log(self, step: str, export: Export) -> None:
        seconds = round((export.updated_at - export.created_at).total_seconds(), 3)
        self.log.write(
            "info", step, export=export.id, status=export.status, seconds=seconds, user=export.created_by,
            cameras=len(export.camera_ids), format=export.format,
        )  # fmt: skip


def _own(export: Export, who: Requester) -> Export:
    if not who.any_export and export.created_by_id != who.id:
        raise Forbidden(
            f"This export was asked for by {export.created_by or 'somebody else'}; you may change only your own. "
            "Ask an operator.",
            detail={"export_id": export.id},
        )
    return export


def _row(order: Order, who: Requester, days: float) -> Export:
    return Export(
        id=str(uuid.uuid4()),
        camera_ids=list(order.camera_ids),
        start_time=order.bounds.start,
        end_time=order.bounds.end,
        format=order.format,
        reason=order.reason or None,
        status=ExportStatus.PENDING,
        created_by=who.name[:255],
        created_by_id=who.id[:64],
        projects=None if who.scope.projects is None else sorted(who.scope.projects),
        cut=order.cut,
        layout=order.layout,
        slate=order.slate,
        incomplete=order.incomplete,
        keep_hours=order.keep_hours or days * 24,
        findings={},
        delivery_resume={},
        proof={},
    )


def _estimated(camera_id: str, parts: Sequence[exports.Part], bounds: Stretch) -> dict[str, Any]:
    inside = [one.bounds.within(bounds) for one in parts]
    stretches = joined(one for one in inside if one is not None)
    size = sum(
        one.size_bytes * ((part.end - part.start) / (one.bounds.end - one.bounds.start))
        for one, part in zip(parts, inside, strict=True)
        if part is not None
    )
    return {
        "camera_id": camera_id,
        "segments": len(parts),
        "recorded_seconds": round(sum((one.end - one.start).total_seconds() for one in stretches), 3),
        "gaps": len(gaps(stretches, bounds)),
        "bytes": round(size),
    }
