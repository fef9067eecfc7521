"""Cameras over HTTP: which there are, what they are called, and what each recorded when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify

from backend.catalog import audit, cameras, coverage
from backend.catalog.cameras import Known
from backend.catalog.coverage import MOST_STRETCHES, Lane
from backend.catalog.gaps import Stretch
from backend.catalog.lines import camera_of
from backend.catalog.segment_list import iso_exact, stretch_as_json
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BadField
from backend.intake.checks import camera_name
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import CameraList, Coverage, OneCamera

blueprint = APIBlueprint("cameras", __name__, tag="Cameras")

_MANY, _KEPT_SECONDS = 50_000, 60.0
_BINS, _MOST_BINS, _MOST_CAMERAS = 600, 4000, 64


@blueprint.get("/api/cameras")
@blueprint.doc(
    summary="Cameras that recorded anything, by name",
    description="Figures of very many segments may be a minute old.",
    responses={200: "Of each, its listed segments: how many, their bytes, the first and the last instant"},
    extensions=shaped({200: CameraList}),
)
@needs(Right.READ)
def all_cameras() -> Response:
    found = _every(person().scope)
    return jsonify({"success": True, "count": len(found), "cameras": [_shown(one) for one in found]})


@blueprint.patch("/api/cameras/<camera_id>")
@blueprint.doc(
    summary="Say what people call a camera",
    responses={200: "The camera"},
    extensions=shaped({200: OneCamera}, body={"name": "Gate, north"}),
)
@needs(Right.OPERATE)
def rename(camera_id: str) -> Response:
    body = queries.json_body()
    if not isinstance(body, dict) or set(body) != {"name"} or not isinstance(body["name"], str):
        raise BadField('Send the name as JSON, such as {"name": "Gate, north"}.', detail={"field": "name"})
    name = camera_name(body["name"])
    with services().database.write() as session:
        found = cameras.one(session, camera_id, person().scope)
        if cameras.one(session, camera_id, EVERYTHING).segments > found.segments:
            person().check_shared("The name of a camera that records into other projects as well")
        if found.name != name:
            cameras.rename(session, found.camera_id, name)
            audit.append(session, "camera.renamed", camera=found.camera_id, before_that=found.name, name=name)
    return jsonify({"success": True, "camera": _shown(replace(found, name=name))})


@blueprint.get("/api/cameras/coverage")
@blueprint.doc(
    summary="What cameras recorded between two instants, and what not",
    description=f"`camera_id`: a comma list, at most {_MOST_CAMERAS}. A lane tells its exact `stretches` while there "
    f"are at most {MOST_STRETCHES:,} of them, else the recorded share of each of `bins` equal parts: 0 and 1 only "
    "where nothing, or all of it, was recorded.",
    responses={200: "A lane for each camera, in the order in which they were asked for"},
    extensions=shaped({200: Coverage}, query=["camera_id", "start", "end", "bins"]),
)
@needs(Right.READ)
def covered() -> Response:
    bounds = bounds_asked()
    bins = queries.whole_number("bins", _BINS, _MOST_BINS)
    ids = [_camera(text) for text in queries.several("camera_id", _MOST_CAMERAS)]
    if not ids:
        raise BadField("camera_id is missing: one camera, or several with commas.", detail={"field": "camera_id"})
    with services().database.read() as session:
        lanes = [coverage.lane(session, camera_id, bounds, person().scope) for camera_id in dict.fromkeys(ids)]
    return jsonify(
        {
            "success": True,
            **stretch_as_json(bounds),
            "bin_seconds": (bounds.end - bounds.start).total_seconds() / bins,
            "lanes": [_lane(lane, bounds, bins) for lane in lanes],
        }
    )


def _every(scope: Scope) -> Sequence[Known]:
    """Counting a million segments takes a database a second: then the figures, not the names, are kept a minute."""
    kept: dict[object, tuple[float, Sequence[Known]]] = current_app.extensions.setdefault("holdfast_cameras", {})
    key = (services().database.engine, scope.projects)
    until, found = kept.get(key, (0.0, ()))
    with services().database.read() as session:
        if monotonic() < until:
            names = cameras.names(session)
            return sorted((replace(one, name=names[one.camera_id]) for one in found), key=lambda one: one.order)
        found = cameras.every(session, scope)
    kept.pop(key, None)
    if sum(one.segments for one in found) > _MANY:
        for old in [k for k, (its_end, _) in kept.items() if its_end < monotonic()]:
            kept.pop(old, None)
        kept[key] = monotonic() + _KEPT_SECONDS, found
    return found


def bounds_asked() -> Stretch:
    """`start` and `end` of the address, both needed."""
    start, end = queries.instant("start"), queries.instant("end")
    for name, at in (("start", start), ("end", end)):
        if at is None:
            raise BadField(f"{name} is missing: an ISO 8601 time with a zone.", detail={"field": name})
    assert start is not None
    assert end is not None
    if end <= start:
        raise BadField("end must be later than start.", detail={"field": "end"})
    return Stretch(start, end)


def _camera(text: str) -> str:
    found = camera_of(text)
    if found is None:
        raise BadField(f"camera_id: '{text[:100]}' is no UUID.", detail={"field": "camera_id"})
    return found


def _shown(camera: Known) -> dict[str, Any]:
    return {
        "camera_id": camera.camera_id,
        "name": camera.name,
        "segments": camera.segments,
        "bytes": camera.bytes,
        "first_at": iso_exact(camera.first_at),
        "last_at": iso_exact(camera.last_at),
    }


def _lane(lane: Lane, bounds: Stretch, bins: int) -> dict[str, Any]:
    exact = len(lane.stretches) <= MOST_STRETCHES
    return {
        "camera_id": lane.camera_id,
        "segments": lane.segments,
        "stretches": [stretch_as_json(one) for one in lane.stretches] if exact else None,
        "bins": None if exact else coverage.shares(lane.stretches, bounds, bins),
    }
