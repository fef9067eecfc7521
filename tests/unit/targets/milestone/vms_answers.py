"""A server that gives the answers a test wrote down, one after the other, and keeps what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from backend.targets.milestone.idp import Kept, Token
from backend.targets.milestone.rest import Rest
from backend.targets.milestone.wire import Wire

TOKEN = {"access_token": "tok-1", "expires_in": 3600, "token_type": "Bearer", "scope": "managementserver"}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """One answer. `drop`: the connection ends without one."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


def told(content: Any, status: int = 200, **headers: str) -> Said:
    return Said(status, json.dumps(content).encode(), {"Content-Type": "application/json", **headers})


Answer = Said | Callable[[Request], Said]


@dataclass
class Site:
    """`answers`: by “METHOD /path?query”; the last one of each stays. What is not there is 404."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, asked: str, *answers: Answer) -> Site:
        self.answers[asked] = list(answers)
        return self

    def asked(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.requests]

    def answer(self, request: Request) -> Said:
        with self._lock:
            self.requests.append(request)
            planned = self.answers.get(f"{request.method} {request.path}", [told({"error": {}}, 404)])
            found = planned.pop(0) if len(planned) > 1 else planned[0]
        return found if isinstance(found, Said) else found(request)


@contextmanager
def answering(tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            said = site.answer(Request(self.command, self.path, dict(self.headers), body))
            self.close_connection = True
            if said.drop:
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(said.body)

        do_GET = do_POST = do_PATCH = do_DELETE = _take  # noqa: N815 # as http.server wants it

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # as above
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    site.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def wire(timeout_seconds: float = 10) -> Wire:
    return Wire(timeout_seconds)


def rest(site: Site) -> Rest:
    """With a token that is there already."""
    return Rest(wire(), site.url, Kept(lambda: Token("tok-1", float("inf"))))
