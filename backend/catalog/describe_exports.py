"""The plain JSON of an export, as HTTP and the command line tell it."""

from __future__ import annotations

from typing import Any

from backend.catalog.models import Export, ExportStatus
from backend.catalog.types import iso

PATH = "/api/v1/storage/exports"


def describe_export(export: Export, download_url: str | None) -> dict[str, Any]:
    """`download_url`: by which its result can be had now; None when there is none."""
    found = export.findings
    return {
        "id": export.id,
        "status": export.status,
        "progress": round(export.progress * 100, 1),
        "phase": export.phase,
        "camera_ids": list(export.camera_ids),
        "start_time": iso(export.start_time),
        "end_time": iso(export.end_time),
        "format": export.format,
        "cut": export.cut,
        "layout": export.layout,
        "slate": export.slate,
        "incomplete": export.incomplete,
        "reason": export.reason,
        "created_by": export.created_by,
        "created_at": iso(export.created_at),
        "started_at": iso(export.started_at),
        "completed_at": iso(export.completed_at),
        "expires_at": iso(export.expires_at),
        "removed_at": found.get("removed_at"),
        "removed_by": found.get("removed_by"),
        "download_url": download_url,
        "file_size": export.file_size,
        "file_path": export.file_path if has_file(export) else None,
        "filename": found.get("filename"),
        "checksum": f"sha256:{export.checksum}" if export.checksum else None,
        "partial": export.is_partial,
        "bounds": found.get("bounds", []),
        "gaps": found.get("gaps", []),
        "problems": found.get("problems", []),
        "error": export.error or None,
        "error_code": export.error_code or None,
        "manifest_url": f"{PATH}/{export.id}/manifest" if export.manifest else None,
        "delivery": _delivery(export),
    }


def has_file(export: Export) -> bool:
    return export.status == ExportStatus.COMPLETED and export.file_path is not None


def _delivery(export: Export) -> dict[str, Any] | None:
    if not export.delivery_target:
        return None
    state, error = export.delivery_state, export.delivery_error or None
    return {"target": export.delivery_target, "state": state, "error": error}
