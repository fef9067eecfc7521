"""Pages of other sites reach the two resumable doors with a token of their own, and nothing else of this server."""

from __future__ import annotations

from itertools import product

import pytest
from werkzeug.test import TestResponse

from tests.unit.web.conftest import Open, Site
from tests.unit.web.tus_client import Door

ORIGIN = {"Origin": "https://elsewhere.example"}
DOORS = ["/files", "/files/", "/files/any", "/uploads", "/uploads/any"]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


def _listed(value: str) -> set[str]:
    return {name.strip().lower() for name in value.split(",")}


@pytest.mark.parametrize("method", ["POST", "PATCH", "HEAD", "DELETE", "PUT"])
def test_preflight_is_answered_before_anybody_signs_in(site: Site, method: str) -> None:
    for path in DOORS:
        _check_preflight(site, path, method)


def _check_preflight(site: Site, path: str, method: str) -> None:
    asked = {**ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"}
    answer = site.call("OPTIONS", path, None, headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert {
        "authorization", "content-type", "content-disposition", "idempotency-key", "x-holdfast-csrf", "tus-resumable",
        "upload-length", "upload-defer-length", "upload-metadata", "upload-offset", "upload-checksum", "upload-concat",
        "upload-complete", "upload-draft-interop-version", "repr-digest", "content-digest", "x-http-method-override",
    } <= _listed(answer.headers["Access-Control-Allow-Headers"])  # fmt: skip


@pytest.mark.parametrize("role", [None, "viewer", "admin"])
def test_every_answer_may_be_read_there_refusals_too(site: Site, role: str | None) -> None:
    for path, method in product(DOORS, ("POST", "HEAD", "PATCH", "DELETE", "GET")):
        answer = site.call(method, path, role, headers=ORIGIN)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert {
            "location", "upload-offset", "upload-length", "upload-expires", "upload-metadata", "upload-concat",
            "tus-version", "tus-resumable", "tus-extension", "tus-max-size", "upload-complete", "upload-limit",
            "upload-draft-interop-version", "retry-after",
        } <= _listed(answer.headers["Access-Control-Expose-Headers"])  # fmt: skip


def test_cookies_never_go_along(site: Site) -> None:
    for method in ("OPTIONS", "POST"):
        answer = Door(site).ask(method, headers=ORIGIN)
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_the_rest_of_the_server_stays_closed(site: Site) -> None:
    others = ("/healthz", "/api/videos/list", "/api/session", "/filesystem", "/uploadsx", "/api/files/x")
    for path, method in product(others, ("GET", "OPTIONS")):
        answer = site.call(method, path, headers=ORIGIN)
        assert not _cors(answer)


def test_where_nobody_signs_in_no_other_site_is_let_in(open_site: Open) -> None:
    """Every page the person opens could upload otherwise."""
    site = open_site(AUTH_MODE="open")
    for path, method in product(DOORS, ("OPTIONS", "POST", "HEAD")):
        answer = site.call(method, path, None, headers=ORIGIN)
        assert not _cors(answer)
        assert method != "POST" or answer.status_code == 403


def _cors(answer: TestResponse) -> list[str]:
    return [name for name, _ in answer.headers.items() if name.startswith("Access-Control")]
