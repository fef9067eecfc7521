"""The address that a client can use: behind trusted proxies, and whatever others claim."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder

from backend.settings import Settings, load_settings
from backend.web.addresses import absolute, client_address

PROXY, INNER, CLIENT = "10.0.0.1", "10.0.0.2", "203.0.113.7"


def _request(headers: Mapping[str, str], peer: str = PROXY) -> Request:
    own = Headers({"Host": "inside:8000", **headers})
    return Request(EnvironBuilder(headers=own, environ_base={"REMOTE_ADDR": peer}).get_environ())


def _settings(**env: str) -> Settings:
    return load_settings({"STORAGE_PATH": str(Path("nowhere")), **env}, None)


def _address(headers: Mapping[str, str], peer: str = PROXY, trusted: str = "10.0.0.0/24", public: str = "") -> str:
    settings = _settings(TRUSTED_PROXIES=trusted, PUBLIC_URL=public)
    return absolute(_request(headers, peer), "/files/a", settings).removesuffix("/files/a")


def test_public_url_wins_over_everything() -> None:
    headers = {"X-Forwarded-Host": "other.example", "X-Forwarded-Proto": "http"}
    assert _address(headers, public="https://video.example/") == "https://video.example"


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({}, "http://inside:8000"),
        ({"Host": "video.example"}, "http://video.example"),
        ({"X-Forwarded-Proto": "https", "Host": "video.example"}, "https://video.example"),
        ({"X-Forwarded-Proto": "HTTPS", "X-Forwarded-Host": "video.example:8443"}, "https://video.example:8443"),
        ({"Forwarded": "for=203.0.113.7;proto=https;host=video.example"}, "https://video.example"),
        ({"Forwarded": 'For="[2001:db8::1]:99"; Proto=https; Host="video.example:8443"'}, "https://video.example:8443"),
        ({"X-Forwarded-Host": "[2001:db8::1]:80"}, "http://[2001:db8::1]:80"),
        # Two proxies, each adding its own: the outer one's word counts.
        (
            {"X-Forwarded-For": f"{CLIENT}, {INNER}", "X-Forwarded-Proto": "https, http",
             "X-Forwarded-Host": "video.example, inner"},
            "https://video.example",
        ),
        ({"Forwarded": f"for={CLIENT};proto=https;host=video.example, for={INNER};proto=http;host=inner"},
         "https://video.example"),
        # What the client itself wrote stands left of that, and counts nothing.
        ({"X-Forwarded-For": f"1.2.3.4, {CLIENT}", "X-Forwarded-Host": "evil.example, video.example"},
         "http://video.example"),
        ({"Forwarded": f"for=1.2.3.4;host=evil.example, for={CLIENT};host=video.example"}, "http://video.example"),
    ],
)  # fmt: skip
def test_trusted_proxy_is_believed(headers: dict[str, str], address: str) -> None:
    assert _address(headers) == address


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"},
        {"Forwarded": "proto=https;host=evil.example"},
    ],
)
def test_nobody_else_is(headers: dict[str, str]) -> None:
    assert _address(headers, peer=CLIENT) == "http://inside:8000"
    assert _address(headers, trusted="") == "http://inside:8000"


@pytest.mark.parametrize("host", ["a b", "a/b", 'a"', "a@b", "<script>", "a\tb", "", "-", "a:b", "ä.example"])
def test_a_name_that_no_host_has_is_not_told(host: str) -> None:
    assert _address({"X-Forwarded-Host": host}) == "http://inside:8000"
    assert _address({"Host": host}) == "http://127.0.0.1:8000"


@given(st.dictionaries(st.sampled_from(["Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-For"]),
                       st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=60)))  # fmt: skip
def test_no_header_breaks_it_or_the_line(headers: dict[str, str]) -> None:
    told = _address(headers)
    assert told.startswith(("http://", "https://"))
    assert not set(told) & set(' "<>@\r\n\\')


def test_client_is_the_nearest_that_is_no_trusted_proxy() -> None:
    hops = {"X-Forwarded-For": f"1.2.3.4, {CLIENT}, {INNER}"}
    assert client_address(_request(hops), ["10.0.0.0/24"]) == CLIENT
    assert client_address(_request(hops), [PROXY]) == INNER
    assert client_address(_request(hops), []) == PROXY
    assert client_address(_request({"X-Forwarded-For": INNER}), ["10.0.0.0/24"]) == INNER
