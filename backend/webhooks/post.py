"""One message to one address: bounded in time and in what is read, no redirects, and words for what went wrong."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.util import parse_url

from backend.targets.retry_after import retry_after_seconds
from backend.webhooks import signature

CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
# From the first byte to the last, however slowly the other side sends.
WHOLE_SECONDS = 20.0
_MOST_READ_BYTES = 4096
_AGENT = "Holdfast-Webhooks/1"


@dataclass(frozen=True)
class Answer:
    """What came of it. `error`: words, "" when it was taken. What the other side wrote is not kept: it is not ours."""

    status_code: int | None = None
    seconds: float = 0.0
    error: str = ""
    retry_after_seconds: float | None = None

    @property
    def taken(self) -> bool:
        return not self.error

    @property
    def gone(self) -> bool:
        return self.status_code == HTTPStatus.GONE


def send(url: str, secret: str, message_id: str, payload: Mapping[str, Any], old: str | None = None) -> Answer:
    """Post `payload`, signed, with the `old` secret too if there is one. The other side cannot make it raise."""
    body = json.dumps(payload, separators=(",", ":")).encode()
    fields = {
        "Content-Type": "application/json",
        "User-Agent": _AGENT,
        **signature.headers(secret, message_id, datetime.now(UTC), body, old),
    }
    began = time.monotonic()
    connection = _connection(url)
    late = threading.Event()
    watch = threading.Timer(WHOLE_SECONDS, _cut, (connection, late))
    watch.daemon = True
    watch.start()
    try:
        status, wish = _exchange(connection, parse_url(url).request_uri, body, fields)
    except (OSError, http.client.HTTPException, HTTPError, ValueError) as error:
        words = f"It did not answer in full within {WHOLE_SECONDS:g} s." if late.is_set() else _words_of(error)
        return Answer(seconds=_since(began), error=words)
    finally:
        watch.cancel()
        connection.close()
    return Answer(status, _since(began), _words(status), retry_after_seconds(wish))


def _exchange(connection: HTTPConnection, path: str, body: bytes, fields: Mapping[str, str]) -> tuple[int, str | None]:
    """The status and its Retry-After; the answer's body is drained a little, so that a small one is not cut off."""
    connection.connect()
    connection.timeout = READ_SECONDS
    if connection.sock is not None:
        connection.sock.settimeout(READ_SECONDS)
    connection.request("POST", path, body=body, headers=fields, preload_content=False, decode_content=False)
    answer = connection.getresponse()
    # The status says it all: a body that does not end changes nothing.
    with suppress(OSError, http.client.HTTPException, HTTPError, ValueError):
        answer.read(_MOST_READ_BYTES)
    return answer.status, answer.headers.get("Retry-After")


def _connection(url: str) -> HTTPConnection:
    place = parse_url(url)
    host = (place.host or "").strip("[]")
    if place.scheme == "https":
        context = ssl.create_default_context()
        return HTTPSConnection(host, place.port or 443, timeout=CONNECT_SECONDS, ssl_context=context)
    return HTTPConnection(host, place.port or 80, timeout=CONNECT_SECONDS)


def _cut(connection: HTTPConnection, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def _words(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if status == HTTPStatus.GONE:
        return "It answered 410 Gone: nobody listens there any more."
    if 300 <= status < 400:
        return f"It answered with a redirect ({status}), which is not followed. Give the address that it leads to."
    # The phrase is the standard's own, not what came.
    return f"It answered {status} {http.client.responses.get(status, '(a status that HTTP does not know)')}."


def _words_of(error: Exception) -> str:
    if isinstance(error, NameResolutionError):
        return "Its name is not known (DNS)."
    # Also what urllib3 counts among those that waited in vain: refused, no route.
    if isinstance(error, NewConnectionError):
        return "It could not be reached: nothing takes connections there."
    if isinstance(error, ConnectTimeoutError):
        return f"Nobody took the connection within {CONNECT_SECONDS:g} s."
    if isinstance(error, TimeoutError):
        return f"It did not answer within {READ_SECONDS:g} s."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate is not good: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return "No secure connection could be made (TLS)."
    if isinstance(error, http.client.HTTPException | ConnectionResetError | BrokenPipeError):
        return "It closed the connection without an answer."
    return "The connection to it broke."


def _since(began: float) -> float:
    return round(time.monotonic() - began, 3)
