"""Whether everything is still what was saved, here and at the targets, as the scrub last saw it."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.integrity.figures import figures
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import Scrub

blueprint = APIBlueprint("scrub", __name__, tag="Integrity")


@blueprint.get("/api/scrub")
@blueprint.doc(
    summary="How far the looking again is, here and at each target, and what is damaged here",
    responses={200: "Figures, and up to 200 damages"},
    extensions=shaped({200: Scrub}),
)
@needs(Right.READ)
def scrub() -> Response:
    parts = services()
    found = figures(parts.database, parts.places, parts.settings.scrub_days, person().scope)
    return jsonify({"success": True, **found})
