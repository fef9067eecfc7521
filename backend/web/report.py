"""Totals: what is kept, where, since when, and how much of it is safe."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import report, stats
from backend.catalog.describe_totals import describe_report, describe_totals
from backend.disk.atomic import free_bytes, total_bytes
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import StorageReport, StorageStats

blueprint = APIBlueprint("report", __name__, tag="Videos")


@blueprint.get("/api/videos/storage-stats")
@blueprint.doc(
    summary="Totals: videos, bytes, disk, deliveries",
    responses={200: "Totals"},
    extensions=shaped({200: StorageStats}),
)
@needs(Right.READ)
def storage_stats() -> Response:
    with services().database.read() as session:
        totals = stats.totals(session, person().scope)
    return jsonify({"success": True} | describe_totals(totals, free_bytes(services().layout.root)))


@blueprint.get("/api/storage/report")
@blueprint.doc(
    summary="What is kept by project, label, state, target and day, and how much of it is safe",
    responses={200: "The report"},
    extensions=shaped({200: StorageReport}),
)
@needs(Right.READ)
def storage_report() -> Response:
    """Of the projects that the caller may read. Videos in the trash are in `by_state` and `physical_bytes` only.

    `over_time`: what is kept now, by the day (UTC) on which it was saved. `safe`: verified at every target required of
    them (where none is, at any); a VMS is required of recordings and of what is named for it. Of the others, those that
    wait for that, and those that need a person first; for the rest nothing is under way.
    """
    root = services().layout.root
    places = services().places
    demanded = places.required, places.passing, places.required_of_recordings
    with services().database.read() as session:
        found = report.report(session, person().scope, *demanded)
    return jsonify({"success": True} | describe_report(found, free_bytes(root), total_bytes(root)))
