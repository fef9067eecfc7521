"""Promises of backend/targets/milestone/idp.py: tokens renewed in time, by one at a time, and refusals understood."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from backend.errors import TargetParked, TransientFailure
from backend.targets.milestone.failures import VmsProblem, judge
from backend.targets.milestone.idp import PATH, IdentityProvider, Kept, Token, lasting
from tests.unit.targets.milestone.vms_answers import TOKEN, Said, Site, answering, told, wire

ASKED = f"POST {PATH}"
PASSWORD = "a&b=c %+ü"


@pytest.fixture
def site() -> Iterator[Site]:
    with answering() as found:
        yield found


def provider(site: Site, password: str = PASSWORD) -> IdentityProvider:
    return IdentityProvider(wire(), site.url, "holdfast", password, lambda: 1000.0)


def test_a_password_of_any_letters_arrives_whole(site: Site) -> None:
    site.on(ASKED, told(TOKEN))
    token = provider(site).token()
    form = parse_qs(site.requests[0].body.decode())
    assert form["password"] == [PASSWORD]
    assert (form["grant_type"], form["client_id"]) == (["password"], ["GrantValidatorClient"])
    assert token.text == "tok-1"
    assert token.renew_at == 1000 + 3600 - 60


@pytest.mark.parametrize(("seconds", "renew_at"), [(3600, 3540), (20, 15), (0, 0), (-5, 0), (10**9, 24 * 3600 - 60)])
def test_a_token_is_left_before_it_runs_out(seconds: float, renew_at: float) -> None:
    assert lasting("t", seconds, 0).renew_at == renew_at


def test_a_token_is_used_until_its_time_is_near_and_then_renewed() -> None:
    clock, given = [0.0], iter(range(10))
    kept = Kept(lambda: lasting(f"tok-{next(given)}", 100, clock[0]), lambda: clock[0])
    assert [kept.current(), kept.current()] == ["tok-0", "tok-0"]
    clock[0] = 75
    assert kept.current() == "tok-1"


def test_several_threads_ask_once() -> None:
    asked, go = [], threading.Event()

    def ask() -> Token:
        asked.append(1)
        go.wait(5)
        return Token(f"tok-{len(asked)}", float("inf"))

    kept, found = Kept(ask), []
    threads = [threading.Thread(target=lambda: found.append(kept.current())) for _ in range(4)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == ["tok-1"] * 4
    # All of them are refused: one asks for the next, the others find it.
    assert {kept.instead_of("tok-1") for _ in range(4)} == {"tok-2"}
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("said", "kind", "words"),
    [
        (told({"error": "invalid_grant", "error_description": "LockedOut"}, 400), TargetParked, "LockedOut"),
        (told({"error": "invalid_client"}, 400), TargetParked, "MILESTONE_USERNAME"),
        (told({}, 401), TargetParked, "name and password"),
        (Said(403), TargetParked, "role Administrators"),
        (Said(404, b"<html>"), TargetParked, "does not answer like XProtect"),
        (Said(200, b"<html>Login</html>"), TargetParked, "does not answer like XProtect"),
        (told({"error": "server_error"}, 500), TransientFailure, "server_error"),
        (told({}, 503, **{"Retry-After": "9"}), TransientFailure, "slow down"),
        (told({"access_token": "a\nb", "expires_in": 1}), TransientFailure, "could not be read"),
        (told({"access_token": "", "expires_in": 1}), TransientFailure, "could not be read"),
        (told({"access_token": "abc", "expires_in": "soon"}), TransientFailure, "could not be read"),
        (told({"access_token": 7}), TransientFailure, "could not be read"),
    ],
)
def test_what_is_no_token_is_judged_and_the_password_never_told(
    site: Site, said: Said, kind: type[Any], words: str
) -> None:
    site.on(ASKED, said)
    with pytest.raises(VmsProblem) as caught:
        provider(site, "geheim").token()
    error = judge(caught.value.answer)
    assert type(error) is kind
    assert words in error.message
    assert "geheim" not in error.message
    assert error.retry_after_seconds == (9 if "Retry-After" in said.headers else None)


def test_without_a_user_nobody_is_asked(site: Site) -> None:
    with pytest.raises(VmsProblem, match="no-credentials"):
        IdentityProvider(wire(), site.url, "", "").token()
    assert site.requests == []
