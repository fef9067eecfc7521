"""HTTP/1.1 on a port of 127.0.0.1: requests with their bodies in, answers out, broken off where a fault says so."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.services.drive.replies import Reply, plain_reply

_BUFFER_BYTES = 1024 * 1024
_IDLE_SECONDS = 600


class Dropped(Exception):
    """This connection ends here, without an answer. `reset`: by RST, else by FIN."""

    def __init__(self, *, reset: bool = True) -> None:
        super().__init__("dropped")
        self.reset = reset


class ClientGone(Dropped):
    """The client ended the connection before its body was whole."""


@dataclass
class Request:
    """One request as it came, and what became of it. `body_bytes` were received, stored or not."""

    method: str
    path_without_query: str
    query: dict[str, str]
    kind: str = ""
    status: int | None = None
    body_bytes: int = 0
    authorised_as: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Body:
    """The body of a request, read once."""

    def __init__(self, stream: BufferedReader, length_bytes: int, buffer: bytearray, request: Request) -> None:
        self._stream = stream
        self.length_bytes = length_bytes
        self._buffer = memoryview(buffer)
        self._request = request
        self.drop_at_bytes: int | None = None

    def parts(self) -> Iterator[memoryview]:
        """What has not been read yet. Each part is valid only until the next is asked for."""
        while (missing := self.length_bytes - self._request.body_bytes) > 0:
            received = self._stream.readinto1(self._buffer[: min(missing, self._allowed_bytes())])
            if not received:
                raise ClientGone
            self._request.body_bytes += received
            yield self._buffer[:received]
        self._allowed_bytes()

    def _allowed_bytes(self) -> int:
        if self.drop_at_bytes is None:
            return _BUFFER_BYTES
        if self._request.body_bytes >= self.drop_at_bytes:
            raise ClientGone
        return min(_BUFFER_BYTES, self.drop_at_bytes - self._request.body_bytes)

    def read(self) -> bytes:
        return b"".join(bytes(part) for part in self.parts())

    def drain(self) -> None:
        for _ in self.parts():
            pass


@dataclass
class Call:
    """A request that waits for its answer."""

    request: Request
    headers: Message
    body: Body

    def header(self, name: str) -> str | None:
        value = self.headers.get(name)
        return None if value is None else str(value)


class HttpServer(ThreadingHTTPServer):
    """Hands each request to `answer`; knows its open connections, so that it can break them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answer: Callable[[Call], Reply], crashes: list[str]) -> None:
        self.answer = answer
        self.crashes = crashes
        self.connections: set[socket.socket] = set()
        self._closed = False
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True, name="drive")
        self._thread.start()

    def server_bind(self) -> None:
        # The inherited one looks its own name up, which asks the network.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        # The inherited one sends FIN first, where a fault wants the connection reset.
        with self._lock:
            self.connections.discard(request)
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections end in every way here; anything else is our own fault."""
        if not isinstance(sys.exception(), OSError):
            self.crashes.append(traceback.format_exc())

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self._lock:
            for connection in self.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _quiet(*_: Any, **__: Any) -> None:
    """The requests are kept by the server; nothing goes to the terminal."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.buffer = bytearray(_BUFFER_BYTES)

    def _serve(self) -> None:
        call = self._call()
        try:
            if call is None:
                self.close_connection = True
                self._send(plain_reply(411, "Length Required"))
                return
            reply = cast("HttpServer", self.server).answer(call)
            call.body.drop_at_bytes = None
            call.body.drain()
            call.request.status = reply.status
            self._send(reply)
        except Dropped as end:
            self._drop(reset=end.reset)
        except OSError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._serve()

    def do_HEAD(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _call(self) -> Call | None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, unquote(url.path), query, headers=headers)
        length = self.headers.get("Content-Length")
        if self.headers.get("Transfer-Encoding") or (length is None and self.command in ("POST", "PUT", "PATCH")):
            return None
        body = Body(cast("BufferedReader", self.rfile), int(length or 0), self.buffer, request)
        return Call(request, self.headers, body)

    def _send(self, reply: Reply) -> None:
        if reply.part is None:
            self.connection.sendall(reply.head() + reply.body)
            return
        self.connection.sendall(reply.head())
        if reply.length_bytes:
            with reply.part.path.open("rb") as file:
                self.connection.sendfile(file, reply.part.offset_bytes, reply.part.length_bytes)

    def _drop(self, *, reset: bool) -> None:
        self.close_connection = True
        with suppress(OSError):
            if reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                self.connection.shutdown(socket.SHUT_RDWR)

    log_message = _quiet
