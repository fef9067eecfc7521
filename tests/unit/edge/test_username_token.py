"""WS-Security's password digest."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element, SubElement

import pytest

import backend.edge.username_token
from backend.edge.digest_auth import Credentials
from backend.edge.soap_xml import moment, named
from backend.edge.username_token import UsernameTokens

NOW = datetime(2024, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def tokens() -> UsernameTokens:
    return UsernameTokens(Credentials("who", "sécret"), lambda: NOW)


def token(
    nonce: bytes = b"12345678", *, at: datetime = NOW, password: str = "sécret", user: str = "who", kind: str = "Digest"
) -> Element:
    created = moment(at)
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    made = Element(named("wsse", "UsernameToken"))
    SubElement(made, named("wsse", "Username")).text = user
    shown = SubElement(made, named("wsse", "Password"), Type=f"https://example.org/profile#Password{kind}")
    shown.text = digest if kind == "Digest" else password
    SubElement(made, named("wsse", "Nonce")).text = base64.b64encode(nonce).decode()
    SubElement(made, named("wsu", "Created")).text = created
    return made


def test_the_right_digest_passes_once(tokens: UsernameTokens) -> None:
    assert tokens.passes(token())
    assert not tokens.passes(token())
    assert tokens.passes(token(b"another"))


def test_another_password_user_or_time_does_not_pass(tokens: UsernameTokens) -> None:
    assert not tokens.passes(token(password="other"))
    assert not tokens.passes(token(user="other"))
    assert not tokens.passes(token(at=NOW - timedelta(minutes=6)))
    assert not tokens.passes(token(at=NOW + timedelta(minutes=6)))


def test_a_plain_password_and_an_empty_token_do_not_pass(tokens: UsernameTokens) -> None:
    assert not tokens.passes(token(kind="Text"))
    assert not tokens.passes(Element(named("wsse", "UsernameToken")))
    assert not tokens.passes(token(b""))


@pytest.mark.parametrize("nonce", ["é", "\N{FULLWIDTH DIGIT ONE}===", "a", "?"])
def test_a_nonce_that_is_no_base64_does_not_pass(tokens: UsernameTokens, nonce: str) -> None:
    made = token()
    shown = made.find(named("wsse", "Nonce"))
    assert shown is not None
    shown.text = nonce
    assert not tokens.passes(made)


def test_a_time_out_of_the_calendar_does_not_pass(tokens: UsernameTokens) -> None:
    made, created = token(), "0001-01-01T00:00:00+01:00"
    for name in ("Created", "Password"):
        shown = made.find(named("wsu" if name == "Created" else "wsse", name))
        assert shown is not None
        digest = hashlib.sha1(b"12345678" + created.encode() + "sécret".encode()).digest()
        shown.text = created if name == "Created" else base64.b64encode(digest).decode()
    assert not tokens.passes(made)


def test_a_clock_that_was_far_ahead_for_a_while_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend.edge.username_token, "_MOST_KEPT", 10)
    clock = [NOW + timedelta(days=4000)]
    tokens = UsernameTokens(Credentials("who", "sécret"), lambda: clock[0])
    assert tokens.passes(token(at=clock[0]))
    for minutes in range(0, 300, 2):
        clock[0] = NOW + timedelta(minutes=minutes)
        assert tokens.passes(token(at=clock[0])), f"locked out {minutes} minutes later"
