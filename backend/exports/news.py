"""What is told of an export: in the audit, in the stream of events, to webhooks."""

from __future__ import annotations

from typing import Any

from backend.catalog.models import Export
from backend.catalog.types import iso


def about(export: Export) -> dict[str, Any]:
    """Which one it is. `project_id`: the one that its requester is limited to; "" for everybody else's.

    So who is limited to projects hears of no export that it may not see.
    """
    return {
        "project_id": export.projects[0] if export.projects is not None and len(export.projects) == 1 else "",
        "export_id": export.id,
        "camera_ids": list(export.camera_ids),
        "start_time": iso(export.start_time),
        "end_time": iso(export.end_time),
    }


def ended(export: Export) -> dict[str, Any]:
    """How it ended, for those who listen."""
    return about(export) | {
        "status": str(export.status),
        "partial": export.is_partial,
        "format": export.format,
        "filename": export.findings.get("filename"),
        "file_size": export.file_size,
        "sha256": export.checksum or None,
        "created_by": export.created_by,
        "error": export.error or None,
        "error_code": export.error_code or None,
    }
