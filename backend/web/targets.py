"""The configured targets over HTTP: health, check, pause, resume."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import Check, TargetList

blueprint = APIBlueprint("targets", __name__, tag="Targets")


@blueprint.get("/api/targets")
@blueprint.doc(
    summary="Every target: health, backlog, last success, last error",
    responses={200: "Targets"},
    extensions=shaped({200: TargetList}),
)
@needs(Right.READ)
def list_targets() -> Response:
    return jsonify({"success": True, "targets": services().desk.targets(person().scope)})


@blueprint.post("/api/targets/<name>/check")
@blueprint.doc(
    summary="Write, read and remove a probe",
    responses={200: "What was found"},
    extensions=shaped({200: Check}),
)
@needs(Right.OPERATE)
def check(name: str) -> Response:
    report = services().desk.check(name)
    return jsonify({"success": report.ok, "ok": report.ok, "message": report.message, "details": dict(report.details)})


@blueprint.post("/api/targets/<name>/pause")
@blueprint.doc(
    summary="Start nothing new there",
    responses={200: "Targets", 403: "A token for some projects does not pause what all share"},
    extensions=shaped({200: TargetList}),
)
@needs(Right.OPERATE)
def pause(name: str) -> Response:
    person().check_shared(f"The target {name}")
    services().desk.pause(name)
    return list_targets()


@blueprint.post("/api/targets/<name>/resume")
@blueprint.doc(
    summary="Go on, and forget old failures",
    responses={200: "Targets", 403: "As for pausing"},
    extensions=shaped({200: TargetList}),
)
@needs(Right.OPERATE)
def resume(name: str) -> Response:
    person().check_shared(f"The target {name}")
    services().desk.resume(name)
    return list_targets()
