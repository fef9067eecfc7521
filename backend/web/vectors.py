"""Callers' vectors over HTTP: keep one for a video, let go of it, and find the videos whose vectors are nearest."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.errors import BadField
from backend.likeness import telling
from backend.likeness.given_vector import read_limit
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.queries import json_body
from backend.web.schemas import Done, KeptVector, Nearest

blueprint = APIBlueprint("vectors", __name__, tag="Vectors")

_USUAL, _MOST = 10, 100
_WHOSE = "An uploader may do this with its own videos, an operator with all."


@blueprint.put("/api/videos/<video_id>/vectors/<namespace>")
@blueprint.doc(
    summary="Keep a vector of your own for a video, in place of the one it had in this namespace",
    description=f"{_WHOSE} 1 to 4096 finite numbers, kept in 32 bits; all vectors of a namespace have as many. A "
    "namespace is there as soon as something is in it.",
    responses={200: "Kept"},
    extensions=shaped({200: KeptVector}, body={"vector": [0.12, -0.5, 0.33]}),
)
@needs(Right.EDIT)
def keep_vector(video_id: str, namespace: str) -> Response:
    vector = _body("vector")["vector"]
    dimensions = services().vectors.put(video_id, namespace, vector, person().scope, _only_of())
    return jsonify({"success": True, "namespace": namespace, "dimensions": dimensions})


@blueprint.delete("/api/videos/<video_id>/vectors/<namespace>")
@blueprint.doc(
    summary="Let go of the vector of a video in this namespace",
    description=f"{_WHOSE} Again is fine.",
    responses={200: "There is none now"},
    extensions=shaped({200: Done}),
)
@needs(Right.EDIT)
def let_go_of_vector(video_id: str, namespace: str) -> Response:
    services().vectors.remove(video_id, namespace, person().scope, _only_of())
    return jsonify({"success": True})


@blueprint.post("/api/vectors/<namespace>/search")
@blueprint.doc(
    summary="The videos whose vectors are most like this one, the most alike first",
    description="`score` is the cosine of the angle between both, 1 to -1. `limit`: 1 to 100, usually 10. Told are "
    "only videos that you may see and that are not in the trash. `fell_back`: the index of VECTOR_INDEX could not be "
    "used, for the `reason` given, and `index` answered in its place.",
    responses={200: "The nearest"},
    extensions=shaped({200: Nearest}, body={"vector": [0.12, -0.5, 0.33], "limit": 10}, required=["vector"]),
)
@needs(Right.READ)
def search_vectors(namespace: str) -> Response:
    body = _body("vector", "limit")
    limit = body.get("limit", _USUAL)
    answer = services().vectors.search(namespace, body["vector"], read_limit(limit, _MOST), person().scope)
    found = telling.summaries(services().database, [hit.video_id for hit in answer.results], person().scope)
    return jsonify(
        {
            "success": True,
            "index": answer.index,
            "fell_back": answer.fell_back,
            "reason": answer.reason or None,
            "results": [
                {"video": found[hit.video_id], "score": round(hit.score, 6)}
                for hit in answer.results
                if hit.video_id in found
            ],
        }
    )


def _body(*known: str) -> dict[str, Any]:
    """A JSON object with a vector, and nothing that is not known."""
    body = json_body()
    if not isinstance(body, dict) or "vector" not in body:
        raise BadField('Send the vector as JSON, such as {"vector": [0.12, -0.5, 0.33]}.', detail={"field": "vector"})
    for name in body:
        if name not in known:
            raise BadField(f"'{name}' is not known here; known: {', '.join(known)}.", detail={"field": str(name)})
    return body


def _only_of() -> str | None:
    return None if person().may(Right.OPERATE) else person().id
