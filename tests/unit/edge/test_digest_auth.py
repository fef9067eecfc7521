"""Digest: what RFC 7616 computes passes, and nothing else."""

from __future__ import annotations

import hashlib

import pytest

from backend.edge.digest_auth import NONCE_SECONDS, Credentials, DigestAuth, Verdict, parameters

URL = "rtsp://host/replay/yard"


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth(clock: Clock) -> DigestAuth:
    return DigestAuth(Credentials("who", "secret"), clock)


def signed(
    challenge: str,
    *,
    password: str = "secret",
    url: str = URL,
    qop: bool = True,
    user: str = "who",
    count: str = "00000001",
) -> str:
    shown = parameters(challenge)
    name = "sha256" if shown["algorithm"] == "SHA-256" else "md5"

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    more = f"{count}:abc:auth:" if qop else ""
    a1 = hashed(f"{user}:{shown['realm']}:{password}")
    a2 = hashed(f"PLAY:{url}")
    response = hashed(f"{a1}:{shown['nonce']}:{more}{a2}")
    said = f'Digest username="{user}", realm="{shown["realm"]}", nonce="{shown["nonce"]}", uri="{url}", '
    said += f'algorithm={shown["algorithm"]}, response="{response}"'
    return said + (f', qop=auth, nc={count}, cnonce="abc"' if qop else "")


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("qop", [True, False])
def test_both_algorithms_pass_with_and_without_qop(auth: DigestAuth, which: int, qop: bool) -> None:
    challenge = auth.challenges()[which]
    assert auth.check("PLAY", URL, signed(challenge, qop=qop)) is Verdict.PASSED
    assert auth.check("PLAY", f"{URL}/track1", signed(challenge, qop=qop, count="00000002")) is Verdict.PASSED


def test_md5_is_the_last_challenge(auth: DigestAuth) -> None:
    assert [parameters(one)["algorithm"] for one in auth.challenges()] == ["SHA-256", "MD5"]


def test_another_password_user_method_or_address_is_wrong(auth: DigestAuth) -> None:
    challenge = auth.challenges()[1]
    assert auth.check("PLAY", URL, signed(challenge, password="other")) is Verdict.WRONG
    assert auth.check("PLAY", URL, signed(challenge, user="other")) is Verdict.WRONG
    assert auth.check("PAUSE", URL, signed(challenge)) is Verdict.WRONG
    assert auth.check("PLAY", "rtsp://host/replay/yard2", signed(challenge)) is Verdict.WRONG


def test_a_nonce_grows_stale_but_for_the_connection_it_was_given_to(auth: DigestAuth, clock: Clock) -> None:
    challenge = auth.challenges()[0]
    header = signed(challenge)
    nonce = parameters(challenge)["nonce"]
    clock.now += NONCE_SECONDS + 2
    assert auth.check("PLAY", URL, header) is Verdict.STALE
    assert auth.check("PLAY", URL, header, seen=nonce) is Verdict.PASSED
    assert "stale=true" in auth.challenges(stale=True)[0]


def test_the_right_password_with_a_nonce_of_before_a_restart_is_stale(auth: DigestAuth, clock: Clock) -> None:
    challenge = DigestAuth(auth.credentials, clock).challenges()[0]
    assert auth.check("PLAY", URL, signed(challenge)) is Verdict.STALE
    assert auth.check("PLAY", URL, signed(challenge, password="other")) is Verdict.WRONG


@pytest.mark.parametrize("seen", [True, False])
def test_what_was_sent_once_is_stale_the_second_time(auth: DigestAuth, seen: bool) -> None:
    challenge = auth.challenges()[0]
    nonce = parameters(challenge)["nonce"] if seen else ""
    counts = ["00000002", "00000002", "00000001", "0000000A", "00000009"]
    verdicts = [auth.check("PLAY", URL, signed(challenge, count=one), seen=nonce) for one in counts]
    assert [one is Verdict.PASSED for one in verdicts] == [True, False, False, True, False]
    assert {verdicts[1], verdicts[2], verdicts[4]} == {Verdict.STALE}


def test_each_nonce_has_its_own_count_and_a_wrong_password_takes_none(auth: DigestAuth) -> None:
    first, second = auth.challenges()[0], auth.challenges()[0]
    assert auth.check("PLAY", URL, signed(first, password="other")) is Verdict.WRONG
    assert auth.check("PLAY", URL, signed(first)) is Verdict.PASSED
    assert auth.check("PLAY", URL, signed(second)) is Verdict.PASSED


@pytest.mark.parametrize("count", ["", "g", "-1", "000000001"])
def test_a_count_that_is_none_is_wrong(auth: DigestAuth, count: str) -> None:
    assert auth.check("PLAY", URL, signed(auth.challenges()[0], count=count)) is Verdict.WRONG


@pytest.mark.parametrize(
    "header",
    ["Basic d2hvOnNlY3JldA==", "Digest", "Digest nonce=", "Digest nonce=x.y, uri", "Digest " + "a=b, " * 2000, "é"],
)
def test_what_is_no_digest_is_wrong(auth: DigestAuth, header: str) -> None:
    assert auth.check("PLAY", URL, header) is Verdict.WRONG


def test_nothing_shown_is_missing(auth: DigestAuth) -> None:
    assert auth.check("PLAY", URL, "") is Verdict.MISSING
