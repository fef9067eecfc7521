"""The port of this machine at which a browser ends a sign-in (RFC 8252, section 7.3)."""

from __future__ import annotations

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from backend.targets.drive.login import read_answer

_HOST = "127.0.0.1"
_PAGE = (
    b"<!DOCTYPE html><html lang=en><meta charset=utf-8><title>Holdfast</title>"
    b"<p>Holdfast has Google's answer. The terminal tells the rest; this window can be closed.</p></html>"
)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((_HOST, 0), _Handler)
        self.answers: queue.Queue[str] = queue.Queue()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up is no news, and the standard words hold the request with its code."""


class _Handler(BaseHTTPRequestHandler):
    # Browsers open connections in advance and say nothing on them.
    timeout = 30.0

    def do_GET(self) -> None:
        assert isinstance(self.server, _Server)
        is_answer = bool(read_answer(self.path))
        body = _PAGE if is_answer else b""
        self.send_response(200 if is_answer else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)
        if is_answer:
            self.server.answers.put(self.path)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the class above
        """Nothing: the line would hold the code."""


class Loopback:
    """Listens on a free port of 127.0.0.1 until the `with` block ends."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def redirect_uri(self) -> str:
        return f"http://{_HOST}:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait(self, seconds: float) -> str | None:
        """The address that a browser asked for with Google's answer in it; None when none came in time."""
        try:
            return self._server.answers.get(timeout=seconds)
        except queue.Empty:
            return None
