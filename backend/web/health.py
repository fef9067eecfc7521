"""Is it alive, and is it able to take a video?"""

from __future__ import annotations

import os

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.disk.atomic import free_bytes
from backend.errors import CatalogDamaged, StorageError
from backend.web.access import Right, needs, services
from backend.web.openapi import shaped
from backend.web.schemas import Done, Ready

blueprint = APIBlueprint("health", __name__, tag="Health")


@blueprint.get("/healthz")
@blueprint.doc(summary="The process answers", responses={200: "Alive"}, extensions=shaped({200: Done}))
@needs(Right.PUBLIC)
def healthz() -> Response:
    return jsonify({"success": True, "status": "alive"})


@blueprint.get("/readyz")
@blueprint.doc(
    summary="An upload would be taken: database, disk, reserve",
    responses={200: "Ready", 503: "Not ready, with the reasons"},
    extensions=shaped({200: Ready, 503: Ready}),
)
@needs(Right.PUBLIC)
def readyz() -> Response:
    problems = _problems()
    answer = jsonify(
        {"success": not problems, "status": "ready" if not problems else "not ready", "problems": problems}
    )
    answer.status_code = 503 if problems else 200
    return answer


def _problems() -> list[str]:
    """Short words without figures or paths: this answer is public."""
    found = []
    try:
        services().database.ping()
    except StorageError as error:
        found.append(_of_database(error))
    try:
        if free_bytes(services().layout.incoming) < services().settings.min_free_bytes:
            found.append("the disk reserve is reached")
        if not os.access(services().layout.incoming, os.W_OK):
            found.append("the storage folder cannot be written")
    except StorageError:
        found.append("the storage folder cannot be read")
    return found


def _of_database(error: StorageError) -> str:
    if isinstance(error, CatalogDamaged):
        return "the database is damaged"
    if error.detail.get("kind") == "replaced":
        return "the database was replaced while the server ran; it must be stopped and started"
    return "the database does not answer"
