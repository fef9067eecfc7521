"""Signing in and out. The token is exchanged once for a session cookie that no script can read."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify, request, session

from backend.errors import BadField
from backend.web.access import CSRF_HEADER, Person, Right, by_secret, client_address, identify, needs, services
from backend.web.openapi import UNAVAILABLE, shaped
from backend.web.queries import json_body
from backend.web.schemas import Done, Session

blueprint = APIBlueprint("auth", __name__, tag="Sign-in")


@blueprint.post("/api/session")
@blueprint.doc(
    summary="Sign in with a token",
    responses={
        200: "Who you are, and a session cookie",
        401: "No living token",
        422: "No token was sent",
        429: "Tried too often",
        503: UNAVAILABLE,
    },
    extensions=shaped({200: Session}, body={"token": "hf_…"}),
)
@needs(Right.PUBLIC)
def sign_in() -> Response:
    body = json_body()
    token = body.get("token") if isinstance(body, dict) else None
    if not isinstance(token, str) or not token.strip():
        raise BadField('Send {"token": "hf_…"} as JSON.', detail={"field": "token"})
    person = by_secret(token.strip())
    session.clear()
    session.permanent = True
    session["token"] = person.id
    services().log.write("info", "signed_in", user=person.name, address=client_address())
    return jsonify(_session(person))


@blueprint.get("/api/session")
@blueprint.doc(
    summary="Who am I, and what does this server take",
    responses={200: "Session", 401: "Not signed in", 503: UNAVAILABLE},
    extensions=shaped({200: Session}),
)
@needs(Right.PUBLIC)
def who() -> Response:
    return jsonify(_session(identify()))


@blueprint.delete("/api/session")
@blueprint.doc(summary="Sign out", responses={200: "Signed out"}, extensions=shaped({200: Done}))
@needs(Right.PUBLIC)
def sign_out() -> Response:
    if CSRF_HEADER in request.headers or "Authorization" in request.headers:
        session.clear()
    return jsonify({"success": True})


def _session(person: Person) -> dict[str, Any]:
    settings, places = services().settings, services().places
    return {
        "success": True,
        "auth_mode": settings.auth_mode,
        "user": {"name": person.name, "role": person.role, "projects": list(person.projects)},
        "limits": {
            "max_bytes": settings.upload_max_size,
            "extensions": list(settings.allowed_extensions),
            "trash_days": settings.trash_days,
        },
        "targets": [
            {
                "name": name,
                "kind": p.config.kind,
                "label": p.config.label,
                "required": p.config.required,
                "required_of": places.required_of(name),
            }
            for name, p in places.by_name.items()
        ],
    }
