"""HTTP to the VMS: one connection for each request, bounded in time and in what is read, no redirects, no retries."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.retry_after import retry_after_seconds

# A page of a hundred cameras has some 200 KiB.
MOST_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 64 * 1024
_AGENT = "Holdfast/1"


@dataclass(frozen=True)
class Reply:
    """What came, whatever its status. `date`: what time the other side has, "" if it does not say."""

    status: int
    body: bytes = field(repr=False)
    retry_after_seconds: float | None = None
    date: str = ""


@dataclass(frozen=True)
class Wire:
    """Used by several threads at once. Nothing comes for `timeout_seconds`, or not all in twice that: given up."""

    timeout_seconds: float
    verify_tls: bool = True
    ca_file: str = ""

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """Any answer but a redirect. Raises VmsProblem."""
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        late = threading.Event()
        watch = threading.Timer(2 * self.timeout_seconds, _cut, (connection, late))
        watch.daemon = True
        watch.start()
        try:
            reply = self._exchange(connection, method, path, {"User-Agent": _AGENT, **(headers or {})}, body)
        except (OSError, http.client.HTTPException, HTTPError, ValueError) as error:
            raise VmsProblem(Answer("timeout") if late.is_set() else unanswered(error)) from None
        finally:
            watch.cancel()
            connection.close()
        if 300 <= reply.status < 400:
            raise VmsProblem(Answer("redirect", reply.status))
        return reply

    def _exchange(
        self, connection: HTTPConnection, method: str, path: str, headers: Mapping[str, str], body: bytes | None
    ) -> Reply:
        connection.request(method, path, body=body, headers=headers, preload_content=False, decode_content=False)
        answer = connection.getresponse()
        wait = retry_after_seconds(answer.headers.get("Retry-After"))
        return Reply(answer.status, _read(answer), wait, answer.headers.get("Date", ""))

    def _connection(self, scheme: str, host: str, port: int | None) -> HTTPConnection:
        if scheme != "https":
            return HTTPConnection(host, port or 80, timeout=self.timeout_seconds)
        return HTTPSConnection(host, port or 443, timeout=self.timeout_seconds, ssl_context=self._trust)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except (OSError, ssl.SSLError):
            raise VmsProblem(Answer("ca-file")) from None
        if not self.verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _read(answer: BaseHTTPResponse) -> bytes:
    found = bytearray()
    while piece := answer.read(_PIECE_BYTES):
        found += piece
        if len(found) > MOST_BYTES:
            raise VmsProblem(Answer("too-large"))
    return bytes(found)


def _cut(connection: HTTPConnection, late: threading.Event) -> None:
    late.set()
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)


def unanswered(error: Exception) -> Answer:
    """What to call a request that got no answer. The error's own text may hold addresses, so it is not passed on."""
    if isinstance(error, NameResolutionError | socket.gaierror):
        return Answer("unknown-host")
    cause = error.__cause__ if isinstance(error, NewConnectionError) else error
    if isinstance(cause, TimeoutError | ConnectTimeoutError | ReadTimeoutError):
        return Answer("timeout")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Answer("tls", message=error.verify_message)
    if isinstance(error, ssl.SSLError):
        wrong = getattr(error, "reason", "") in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_EOF_WHILE_READING")
        return Answer("no-tls") if wrong else Answer("connection", message="TLS failed")
    if isinstance(cause, ConnectionRefusedError):
        return Answer("refused")
    return Answer("connection", message=getattr(cause, "strerror", None) or type(cause or error).__name__)
