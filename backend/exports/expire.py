"""The end of exports: results whose time is over, or that somebody deleted; and rows that nobody asks for any more.

In the safe order: the row says that it is over, then the file goes, then the row says so. A crash between two of them
is finished by the next run.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from backend.catalog import audit, export_claims, exports
from backend.catalog.database import Database
from backend.catalog.models import Export, ExportStatus
from backend.catalog.types import iso
from backend.disk.atomic import fsync_folder, told_as
from backend.disk.layout import Layout
from backend.exports.news import about
from backend.log import UploadLog
from backend.outbox.clock import instant

# Long enough to look up what became of one; its audit stays.
_REMEMBERED = timedelta(days=30)
_AT_ONCE = 100


def folder_of(layout: Layout, export_id: str) -> Path:
    """Where the result of one export lies, alone."""
    return layout.exports / export_id


@dataclass(frozen=True)
class Expirer:
    database: Database
    layout: Layout
    log: UploadLog
    node: str

    def run_due(self, now: datetime) -> int:
        """Remove results whose time is over by `now`, finish what was begun, forget old rows; how many results."""
        with self.database.read() as session:
            due = export_claims.expired(session, now, _AT_ONCE)
            unfinished = export_claims.half_removed(session, self.node, _AT_ONCE)
        for export_id in due:
            self.remove(export_id)
        for export_id in unfinished:
            self._finish(export_id)
        with self.database.write() as session:
            export_claims.forget(session, now - _REMEMBERED)
        return len(due)

    def remove(self, export_id: str, by: str = "") -> None:
        """Remove one result, here and in the bucket; what has none is forgotten. `by`: who wants it; "": its time is
        over."""
        with self.database.write() as session:
            export = exports.get(session, export_id, lock=True)
            if export.status in exports.OPEN:
                return
            has_result = export.status == ExportStatus.COMPLETED
            if has_result:
                _mark(export, instant(session), by)
                if not by:
                    audit.append(session, "export.expired", **about(export))
            elif not export.file_path and export.delivery_state != "deleting":
                session.delete(export)
        if has_result:
            self._finish(export_id)
            seconds = round((export.updated_at - export.created_at).total_seconds(), 3)
            self.log.write("info", "export_expired", export=export_id, status=export.status, seconds=seconds)

    def _finish(self, export_id: str) -> None:
        folder = folder_of(self.layout, export_id)
        was_here = folder.is_dir()
        remove_folder(self.layout, export_id)
        with self.database.write() as session:
            export = exports.get(session, export_id, lock=True)
            if export.status == ExportStatus.EXPIRED and (was_here or export.node == self.node):
                export.file_path = None


def remove_folder(layout: Layout, export_id: str) -> None:
    folder = folder_of(layout, export_id)
    with told_as("removing an export"):
        if folder.is_dir():
            shutil.rmtree(folder)
    fsync_folder(layout.exports)


def _mark(export: Export, now: datetime, by: str) -> None:
    export.status, export.updated_at = ExportStatus.EXPIRED, now
    if by:
        export.findings = export.findings | {"removed_by": by, "removed_at": iso(now)}
    if export.delivery_target and (export.delivery_state == "verified" or export.delivery_attempts):
        export.delivery_state, export.delivery_next_at, export.delivery_attempts = "deleting", now, 0
        export.delivery_error = ""
    elif export.delivery_target:
        export.delivery_state = "deleted"
