"""Who has a token: names, roles and when each was last used. Secrets are not kept, so none is told."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from backend.catalog import tokens
from backend.catalog.models import Token
from backend.catalog.types import iso
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import TokenList

blueprint = APIBlueprint("tokens", __name__, tag="Session")


@blueprint.get("/api/tokens")
@blueprint.doc(
    summary="The tokens that were made, the oldest first; those too that were revoked",
    description="Without their secrets: these are not kept. A token for some projects only is not told about others'. "
    "Tokens are made and revoked with `video_manager token`.",
    responses={200: "All of them"},
    extensions=shaped({200: TokenList}),
)
@needs(Right.ADMIN)
def all_tokens() -> Response:
    person().check_everything("the tokens of everybody")
    with services().database.read() as session:
        shown = [_as_json(token) for token in tokens.every(session)]
    return jsonify({"success": True, "count": len(shown), "tokens": shown})


def _as_json(token: Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "projects": token.projects,
        "created_at": iso(token.created_at),
        "last_used_at": iso(token.last_used_at),
        "revoked_at": iso(token.revoked_at),
    }
