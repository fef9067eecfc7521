"""Promises of what backend/targets/drive/client.py makes of answers and of requests that got none."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

import httplib2
import pytest
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from hypothesis import given
from hypothesis import strategies as st

from backend.targets.drive.client import answered, refused_token, unanswered
from backend.targets.drive.credentials import Identity
from backend.targets.drive.failures import Answer, Who, judge
from backend.targets.drive.files import described
from backend.targets.drive.upload import _described, _next_offset

_BOT = Identity(AnonymousCredentials(), "bot@example.org", is_service_account=True)
_FOR_ANN = Identity(AnonymousCredentials(), "bot for ann", is_service_account=True, acts_for="ann@example.org")
_ANN = Identity(AnonymousCredentials(), "ann@example.org", is_service_account=False)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "errors", "reason", "message", "code", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def _body(**error: Any) -> bytes:
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize(
    ("status", "body", "reason", "message"),
    [
        (403, _body(errors=[{"reason": "rateLimitExceeded"}], message="Slow."), "rateLimitExceeded", "Slow."),
        (403, _body(errors=[{"reason": "x", "message": "inner"}]), "x", "inner"),
        (404, _body(message="gone"), "notFound", "gone"),
        (503, _body(message={"error": "x"}), "HTTP 503", ""),
        (503, _body(errors="no list"), "HTTP 503", ""),
        (503, _body(errors=[7]), "HTTP 503", ""),
        (503, b'{"error": "x"}', "x", ""),
        (400, b'{"error": "invalid_grant", "error_description": "Bad"}', "invalid_grant", "Bad"),
        (502, b"<html>502</html>", "HTTP 502", ""),
        (502, b"", "HTTP 502", ""),
        (502, b"\xff\xfe\x00", "HTTP 502", ""),
        (502, b"[]", "HTTP 502", ""),
        (401, b"", "unauthorized", ""),
        (404, b"Not Found", "notFound", ""),
        (413, b"", "uploadTooLarge", ""),
        (429, b"", "too-many", ""),
    ],
)
def test_an_error_is_read_whatever_shape_it_has(status: int, body: bytes, reason: str, message: str) -> None:
    assert answered(status, None, body) == Answer(reason, status, message)


def test_the_wish_to_wait_is_read() -> None:
    assert answered(429, "17", b"").retry_after_seconds == 17


@pytest.mark.parametrize("reason", ["https://x/?upload_id=sEcReT", "ya29.sEcReT", "a b sEcReT", "sEcReT" * 20])
def test_a_reason_that_is_no_word_is_not_repeated(reason: str) -> None:
    for body in (_body(errors=[{"reason": reason}]), json.dumps({"error": reason}).encode()):
        error = judge(answered(503, None, body), Who("d"))
        assert "sEcReT" not in f"{error.message}{error.detail}"


@given(st.integers(400, 599), st.none() | st.text(), st.binary() | _JSON.map(lambda found: json.dumps(found).encode()))
def test_no_answer_is_too_odd_to_be_judged(status: int, retry_after: str | None, body: bytes) -> None:
    assert judge(answered(status, retry_after, body), Who("d")).message


@given(st.text() | st.integers().map(lambda n: f"bytes=0-{n}") | st.just("bytes=0-" + "9" * 5000))
def test_no_range_is_too_odd_to_be_read(header: str) -> None:
    assert _next_offset(header) >= 0


@pytest.mark.parametrize(
    ("header", "offset"),
    [(None, 0), ("", 0), ("bytes=0-0", 1), ("bytes=0-262143", 262144), ("0-9", 10), ("bytes=0-", 0), ("0-²", 0)],
)
def test_what_drive_has_is_read_from_its_range(header: str | None, offset: int) -> None:
    assert _next_offset(header) == offset


@given(st.binary() | _JSON.map(lambda found: json.dumps(found).encode()))
def test_a_final_answer_that_is_no_description_counts_as_none(content: bytes) -> None:
    assert isinstance(_described(content), dict)


@pytest.mark.parametrize(
    ("size", "bytes_"), [("12", 12), (12, 12), ("²", None), ("-1", None), (None, None), ("x", None)]
)
def test_a_size_comes_as_text_or_not_at_all(size: object, bytes_: int | None) -> None:
    assert described({"id": "1", "size": size}).size_bytes == bytes_


def _refresh(code: object, told: object = "", *, retryable: bool = False) -> RefreshError:
    return RefreshError("said", {"error": code, "error_description": told}, retryable=retryable)


@pytest.mark.parametrize(
    ("identity", "error", "reason"),
    [
        (_ANN, _refresh("invalid_grant", "Token has been expired or revoked."), "token-revoked"),
        (_BOT, _refresh("invalid_grant", "Invalid grant: account not found"), "token-key"),
        (_BOT, _refresh("invalid_grant", "Invalid JWT: Token must be a short-lived token"), "token-clock"),
        (_BOT, _refresh("invalid_grant", "… in a reasonable timeframe. Check your iat"), "token-clock"),
        (_FOR_ANN, _refresh("unauthorized_client", "Client is unauthorized"), "token-delegation"),
        (_ANN, _refresh("unauthorized_client"), "token-client"),
        (_ANN, _refresh("invalid_client"), "token-client"),
        (_ANN, _refresh("deleted_client"), "token-client"),
        (_BOT, _refresh("invalid_scope"), "token-refused"),
        (_BOT, _refresh("internal_failure", retryable=True), "token-busy"),
        (_BOT, _refresh(""), "token-busy"),
        (_BOT, _refresh({"a": 1}), "token-busy"),
        (_BOT, RefreshError("no access token in it"), "token-busy"),
    ],
)
def test_why_no_access_was_given_is_told_apart(identity: Identity, error: RefreshError, reason: str) -> None:
    assert refused_token(error, identity).reason == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection"),
        (BrokenPipeError(), "connection"),
        (httplib2.ServerNotFoundError("https://x/?upload_id=s"), "unknown-host"),
        (httplib2.RelativeURIError("https://x/?upload_id=s"), "connection"),
        (http.client.IncompleteRead(b""), "connection"),
        (http.client.BadStatusLine("x"), "connection"),
        (ssl.SSLError(1, "alert"), "connection"),
        (TransportError("https://x"), "token-busy"),
        (GoogleAuthError("https://x"), "token-refused"),
    ],
)
def test_a_request_without_an_answer_has_a_name_without_the_address(error: Exception, reason: str) -> None:
    answer = unanswered(error, _BOT)
    assert answer is not None
    assert (answer.reason, answer.status) == (reason, None)
    assert "http" not in answer.message


@pytest.mark.parametrize("error", [KeyError("x"), AssertionError(), KeyboardInterrupt(), MemoryError()])
def test_a_mistake_of_our_own_is_not_taken_for_the_network(error: BaseException) -> None:
    assert unanswered(error, _BOT) is None
