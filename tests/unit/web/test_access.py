"""Deny by default: every route, every kind of caller."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from backend.app import create_app
from backend.errors import SettingsError
from backend.settings import load_settings
from backend.web import access
from backend.web.access import CSRF_HEADER, Right, right_of, roles_with
from tests.unit.web.conftest import Open, Site


def _routes(app: Flask) -> Iterator[tuple[str, str, Right]]:
    for rule in app.url_map.iter_rules():
        right = right_of(app.view_functions[rule.endpoint])
        assert right is not None
        path = rule.rule
        for argument in rule.arguments:
            for written, example in ((argument, "x"), (f"path:{argument}", "x.js"), (f"int:{argument}", "1")):
                path = path.replace(f"<{written}>", example)
        for method in sorted((rule.methods or set()) - {"OPTIONS"}):
            yield method, path, right


def test_every_route_denies_strangers_and_wrong_roles(site: Site) -> None:
    checked = 0
    for method, path, right in _routes(site.client.application):
        for role in (None, *site.tokens.of_every_role()):
            # Not all of it: the stream of events has no end.
            answer = site.call(method, path, role, buffered=False)
            answer.close()
            status = answer.status_code
            if right is Right.PUBLIC or (role and role in roles_with(right)):
                expected_denial = path == "/api/session" and role is None
                assert expected_denial or status not in (401, 403), (method, path, role, status)
            else:
                assert status == (403 if role else 401), (method, path, role, status)
            checked += 1
    assert checked > 100


def test_public_routes_are_exactly_these(site: Site) -> None:
    public = {path for _, path, right in _routes(site.client.application) if right is Right.PUBLIC}
    pages = {"/", "/library", "/cameras", "/operations", "/docs", "/static/x.js", "/static/edition-x/x.js"}
    # Behind a share link's address, which is signed: shared_page asks for that.
    shared = {"/s/x", "/s/x/content", "/s/x/download", "/s/x/thumbnail"}
    assert public == pages | shared | {"/healthz", "/readyz", "/api/session", "/api/receipt-key"}


def test_route_that_names_no_right_stops_the_start(site: Site) -> None:
    app = create_app(site.services)
    app.add_url_rule("/forgotten", "forgotten", lambda: "open")
    with pytest.raises(RuntimeError, match="forgotten"):
        access.install(app)


@pytest.mark.parametrize("path", ["/api/videos/%00", "/api/videos/list?ids=%00", "/api/deliveries?target=%00"])
def test_nul_in_an_address_is_nothing_anybody_has(site: Site, path: str) -> None:
    assert site.call("GET", path).status_code == 404


def test_unknown_paths_tell_strangers_nothing(site: Site) -> None:
    assert site.call("GET", "/nothing", None).status_code == 401
    assert site.call("GET", "/nothing").status_code == 404
    assert site.call("GET", "/static/../app.py", None).status_code in (401, 404)
    for name in ("package.json", "node_modules/preact/dist/preact.mjs", ".npmrc"):
        assert site.call("GET", f"/static/{name}", None).status_code == 404


def test_session_reads_but_changes_only_with_our_header(site: Site) -> None:
    signed_in = site.call("POST", "/api/session", None, json={"token": site.tokens["operator"]})
    assert signed_in.status_code == 200
    assert signed_in.get_json()["user"]["role"] == "operator"
    cookie = signed_in.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert site.tokens["operator"] not in cookie
    assert site.call("GET", "/api/videos/list", None).status_code == 200
    assert site.call("POST", "/api/deliveries/retry", None).status_code == 403
    assert site.call("POST", "/api/deliveries/retry", None, headers={CSRF_HEADER: "1"}).status_code == 200
    assert site.call("DELETE", "/api/session", None, headers={CSRF_HEADER: "1"}).status_code == 200
    assert site.call("GET", "/api/videos/list", None).status_code == 401


def test_revoked_token_ends_its_sessions_at_once(site: Site) -> None:
    from backend.catalog import tokens

    site.call("POST", "/api/session", None, json={"token": site.tokens["viewer"]})
    with site.services.database.write() as session:
        tokens.revoke(session, "viewer")
    assert site.call("GET", "/api/videos/list", None).status_code == 401
    assert site.call("GET", "/api/videos/list", "viewer").status_code == 401


def test_tokens_are_kept_only_as_hashes(site: Site) -> None:
    secrets = site.tokens.of_every_role().values()
    from sqlalchemy import select

    from backend.catalog.models import Token

    with site.services.database.read() as session:
        rows = session.scalars(select(Token)).all()
    kept = " ".join(str(value) for row in rows for value in vars(row).values())
    assert rows
    assert all(secret not in kept for secret in secrets)


def test_guessing_tokens_is_braked(site: Site) -> None:
    answers = [site.call("POST", "/api/session", None, json={"token": "hf_guess"}).status_code for _ in range(20)]
    answers += [
        site.call("GET", "/api/targets", None, headers={"Authorization": "Bearer hf_no"}).status_code for _ in range(12)
    ]
    assert answers == [401] * 30 + [429] * 2


def test_project_limited_token_sees_only_its_projects(site: Site) -> None:
    from backend.catalog import tokens

    hidden, shown = site.upload(project_id="other").get_json(), site.upload(project_id="mine").get_json()
    with site.services.database.write() as session:
        _, site.tokens["limited"] = tokens.create(session, "limited", "viewer", ["mine"])
    listed = site.call("GET", "/api/videos/list", "limited").get_json()["videos"]
    assert [v["id"] for v in listed] == [shown["video_id"]]
    for path in ("", "/content", "/download", "/receipt", "/deliveries"):
        assert site.call("GET", f"/api/videos/{hidden['video_id']}{path}", "limited").status_code == 404
    assert site.call("GET", f"/api/video-info/{hidden['stored_filename']}", "limited").status_code == 404
    assert site.call("GET", "/api/videos/storage-stats", "limited").get_json()["total_videos"] == 1
    assert site.call("GET", "/api/deliveries", "limited").get_json()["count"] == 1


@pytest.mark.parametrize(
    "headers",
    [{"X-Forwarded-For": "1.2.3.4"}, {"Forwarded": "for=1.2.3.4"}, {"Host": "evil.example"}, {"Host": "10.0.0.1:80"}],
)
def test_open_mode_refuses_what_a_proxy_or_a_rebound_name_brings(open_site: Open, headers: dict[str, str]) -> None:
    site = open_site(AUTH_MODE="open")
    assert site.call("GET", "/api/videos/list", None).status_code == 200
    assert site.call("GET", "/api/videos/list", None, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_open_mode_takes_no_changes_from_pages_of_other_sites(open_site: Open, headers: dict[str, str]) -> None:
    site = open_site(AUTH_MODE="open")
    assert site.call("POST", "/api/targets/nas/pause", None, headers=headers).status_code == 403
    assert site.upload(role=None, headers=headers).status_code == 403
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert site.upload(role=None, headers=own).status_code == 201
    assert site.upload(role=None).status_code == 201


def test_open_mode_is_for_loopback_only() -> None:
    with pytest.raises(SettingsError, match="AUTH_MODE=open"):
        load_settings({"AUTH_MODE": "open", "HOST": "0.0.0.0"}, None)
    assert load_settings({"AUTH_MODE": "open", "HOST": "::1"}, None).auth_mode == "open"


def test_address_behind_a_trusted_proxy_is_the_clients(open_site: Open) -> None:
    site = open_site(TRUSTED_PROXIES="127.0.0.1")
    for _ in range(31):
        site.call("POST", "/api/session", None, json={"token": "hf_no"}, headers={"X-Forwarded-For": "9.9.9.9"})
    other = site.call("POST", "/api/session", None, json={"token": "hf_no"}, headers={"X-Forwarded-For": "8.8.8.8"})
    assert other.status_code == 401
