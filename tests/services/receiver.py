"""A receiver of webhooks: a real server that keeps what came, and answers, hangs or closes as a test tells it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from standardwebhooks import Webhook as Verifier


@dataclass(frozen=True)
class Message:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> dict[str, Any]:
        """The payload, when the signature is good; raises what the public package raises when it is not."""
        payload: dict[str, Any] = Verifier(secret).verify(self.body, dict(self.headers))
        return payload


@dataclass(frozen=True)
class Reply:
    """`body_bytes`: how many are announced; `body`: those that come. `release`: waited for before anything is said,
    or, with `after_status`, before the body. `close`: not a word."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    close: bool = False
    release: threading.Event | None = None
    after_status: bool = False


@dataclass
class Receiver:
    """`with Receiver() as receiver:`; `receiver.answer` says what each message gets."""

    answer: Callable[[Message], Reply] = field(default=lambda _: Reply())
    messages: list[Message] = field(default_factory=list)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._server = _server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook?of=video"

    @property
    def ids(self) -> list[str]:
        return [message.id for message in list(self.messages)]

    def take(self, message: Message) -> Reply:
        with self._lock:
            self.messages.append(message)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            return self.answer(message)

    def leave(self) -> None:
        with self._lock:
            self._at_once -= 1


def _server(receiver: Receiver) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.close_connection = True
            reply = receiver.take(Message(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            try:
                with suppress(OSError):
                    self._reply(reply)
            finally:
                receiver.leave()

        def _reply(self, reply: Reply) -> None:
            if reply.release is not None and not reply.after_status:
                reply.release.wait(60)
            if reply.close:
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.flush()
            if reply.release is not None and reply.after_status:
                reply.release.wait(60)
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            """Nothing: what came is in `messages`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server
