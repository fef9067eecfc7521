"""GET /api/tokens: who may sign in, never with what."""

from __future__ import annotations

from backend.catalog import tokens
from backend.web import schemas
from tests.unit.web.conftest import Site


def test_an_admin_sees_whose_tokens_there_are_and_no_secret(site: Site) -> None:
    secrets = site.tokens.of_every_role().values()
    with site.services.database.write() as session:
        tokens.create(session, "Ana", "uploader", ["films"])
        tokens.revoke(session, "viewer")
    answer = site.call("GET", "/api/tokens")
    found = schemas.TokenList.model_validate(answer.get_json(), strict=True)
    assert found.count == len(found.tokens) == len(tokens.Role) + 1
    told = {token.name: token for token in found.tokens}
    assert (told["Ana"].role, told["Ana"].projects, told["Ana"].last_used_at) == ("uploader", ["films"], None)
    assert told["viewer"].revoked_at is not None
    assert told["admin"].last_used_at is not None
    assert not [secret for secret in secrets if secret in answer.get_data(as_text=True)]


def test_nobody_else_is_told(site: Site) -> None:
    assert site.call("GET", "/api/tokens", "operator").status_code == 403
    with site.services.database.write() as session:
        site.tokens["films"] = tokens.create(session, "films", "admin", ["films"])[1]
    refused = site.call("GET", "/api/tokens", "films")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
