"""How an S3 service is reached: connections with timeouts and without retries, and what to call their failures."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from typing import Any

import certifi
import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection

from backend.targets.s3_failures import Answer

# Megabytes waiting in the kernel would be shown as sent, and on a slow line outlast the wait for the answer.
_LITTLE_UNSENT = (socket.IPPROTO_TCP, 25, 256 * 1024)  # TCP_NOTSENT_LOWAT, which Python 3.11 has no name for


@dataclass(frozen=True)
class Connection:
    """Where the service is and who we are to it. `endpoint` is host or host:port."""

    endpoint: str
    secure: bool
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str | None
    ca_file: str | None
    sign_payload: bool
    connect_timeout_seconds: float
    read_timeout_seconds: float
    connections: int


class Http(urllib3.PoolManager):
    """No retries, no redirects. Remembers each thread's last answer, whose headers minio-py throws away."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(
            timeout=urllib3.Timeout(connect=connection.connect_timeout_seconds, read=connection.read_timeout_seconds),
            maxsize=connection.connections,
            socket_options=[*HTTPConnection.default_socket_options, _LITTLE_UNSENT],
            cert_reqs="CERT_REQUIRED",
            ca_certs=connection.ca_file or certifi.where(),
        )
        self._last = threading.local()
        wait = connection.read_timeout_seconds
        # urllib3 takes the time to connect for the sending too, where a slow line needs more.
        self._sending = urllib3.Timeout(connect=wait, read=wait)
        # Putting ten thousand parts together may take the service minutes.
        self._assembling = urllib3.Timeout(connect=connection.connect_timeout_seconds, read=wait * 5)

    def urlopen(  # type: ignore[override] # urllib3's own PoolManager differs from its base in the same way
        self, method: str, url: str, redirect: bool = True, **kw: Any
    ) -> urllib3.BaseHTTPResponse:
        self._last.answer = None
        if method == "PUT":
            kw["timeout"] = self._sending
        if method == "POST":
            kw["timeout"] = self._assembling
        response = super().urlopen(method, url, redirect=False, **{**kw, "retries": False})
        self._last.answer = (response.status, response.headers.get("retry-after"))
        return response

    def last_answer(self) -> tuple[int | None, str | None]:
        """Status and Retry-After of this thread's last request; (None, None) if nothing came."""
        return getattr(self._last, "answer", None) or (None, None)


def unanswered(error: exceptions.HTTPError) -> Answer:
    """What to call a request that got no answer. The error's own text holds URLs, so it is not passed on."""
    wrapped = isinstance(error, exceptions.ProtocolError) and len(error.args) > 1
    cause = error.args[1] if wrapped else error.__cause__
    if isinstance(error, exceptions.NameResolutionError):
        return Answer("unknown-host")
    if isinstance(cause, ConnectionRefusedError):
        return Answer("refused")
    if isinstance(error, exceptions.TimeoutError) or isinstance(cause, TimeoutError):
        return Answer("timeout")
    if isinstance(error, exceptions.SSLError):
        return Answer("tls", message=str(error.args[0])[:200])
    reason = (isinstance(cause, OSError) and cause.strerror) or type(cause or error).__name__
    return Answer("connection", message=reason)
