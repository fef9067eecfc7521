"""Totals and the report of the storage as plain JSON."""

from __future__ import annotations

from typing import Any

from backend.catalog.report import Report
from backend.catalog.stats import Amount, Totals
from backend.catalog.types import iso


def describe_totals(totals: Totals, disk_free_bytes: int) -> dict[str, Any]:
    """The figures of `/api/videos/storage-stats`."""
    return {
        "total_videos": totals.videos.count,
        "total_size_bytes": totals.videos.bytes,
        "total_size_mb": round(totals.videos.bytes / 1024 / 1024, 2),
        "physical_bytes": totals.physical_bytes,
        "disk_free_bytes": disk_free_bytes,
        "oldest": iso(totals.oldest_at),
        "newest": iso(totals.newest_at),
        "by_project": _amounts(totals.by_project),
        "by_content_type": _amounts(totals.by_content_type),
        "deliveries": {target: _amounts(states) for target, states in totals.deliveries.items()},
    }


def describe_report(report: Report, disk_free_bytes: int, disk_total_bytes: int) -> dict[str, Any]:
    """The figures of `/api/storage/report`."""
    return {
        "total": {
            "videos": report.videos.count,
            "bytes": report.videos.bytes,
            "physical_bytes": report.physical_bytes,
            "disk_free_bytes": disk_free_bytes,
            "disk_total_bytes": disk_total_bytes,
        },
        "by_project": _listed("name", report.by_project),
        "by_label": _listed("name", report.by_label),
        "by_state": _listed("name", report.by_state),
        "by_target": [
            {"target": target} | row for target, states in report.by_target.items() for row in _listed("state", states)
        ],
        "over_time": _listed("day", report.over_time),
        "safe": {
            "videos": report.safe.videos,
            "verified": report.safe.verified,
            "waiting": report.safe.waiting,
            "needs_person": report.safe.needs_person,
            "exempt": report.safe.exempt,
        },
    }


def _amounts(by_name: dict[str, Amount]) -> dict[str, Any]:
    return {name: {"count": amount.count, "bytes": amount.bytes} for name, amount in by_name.items()}


def _listed(key: str, by_name: dict[str, Amount]) -> list[dict[str, Any]]:
    return [{key: name, "count": amount.count, "bytes": amount.bytes} for name, amount in by_name.items()]
