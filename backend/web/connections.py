"""gunicorn's gthread worker, with the slow and the stubborn kept from harming others.

Measured with gunicorn 27.0.1: a client that stops in the middle of its headers holds a thread for ever; one that
opens a connection and says nothing holds one for five seconds; and whoever does not close its side after the last
answer stops the accepting thread for two seconds. Uploads that are refused while they are still being sent make
such clients every day.
"""

from __future__ import annotations

import errno
import select
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from gunicorn.http.errors import ParseException as BadFraming
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from backend.settings import load_settings

__all__ = ["BadFraming", "Worker", "deadline", "has_gone", "is_stopping", "limit_silence", "linger"]

_FIRST_BYTE_SECONDS = 0.1
_LINGER_SECONDS = 10.0
_SILENCE_SECONDS = 1.0
_LINGER_BYTES = 64 * 1024 * 1024
_STEP_BYTES = 256 * 1024
_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_SCARCE_SECONDS = 0.05


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn ships no types
    """One web process. Threads serve requests; the main thread accepts and must never wait for a client."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._headers_seconds = load_settings().body_timeout_seconds
        self._reading_headers: dict[Any, float] = {}
        self._pause = threading.Event()  # never set: the way to wait without a busy loop

    def run(self) -> None:
        _RUNNING.append(self)
        super().run()

    def accept(self, listener: Any) -> None:
        """Take a new connection. Without a file descriptor for it, it waits in the kernel; what is served goes on.

        gunicorn's own worker ends there, and every upload that it was receiving with it.
        """
        try:
            super().accept(listener)
        except OSError as error:
            if error.errno not in _SCARCE:
                raise
            self._pause.wait(_SCARCE_SECONDS)

    def handle(self, conn: Any) -> Any:
        """Serve one request of a connection, in a thread. False: the connection is to be closed."""
        if not conn.initialized and not conn.data_ready and not conn.wait_for_data(_FIRST_BYTE_SECONDS):
            return _DEFER  # the main thread's poller waits for its first byte, without a thread
        self._reading_headers[conn] = time.monotonic() + self._headers_seconds
        try:
            kept = super().handle(conn)
        finally:
            self._reading_headers.pop(conn, None)
        if kept is False:
            linger(conn.sock)
        return kept

    def handle_request(self, req: Any, conn: Any) -> Any:
        self._reading_headers.pop(conn, None)
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            # A reader that takes nothing any more (see `limit_silence`), such as a player that was paused: no mistake
            # of ours to be written to the log, and nobody who would read the end of an answer.
            with suppress(OSError):
                conn.sock.shutdown(socket.SHUT_RDWR)
            return False

    def is_parent_alive(self) -> bool:
        """Without its parent a worker ends; whoever listens without end must see that as at any other stop."""
        if super().is_parent_alive():
            return True
        self.alive = False
        return False

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Whether the connection serves another request: not when its body is still being sent, or never comes."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + _SILENCE_SECONDS))

    def murder_pending(self) -> None:
        """Called about once a second by the main thread, to end what has waited too long."""
        super().murder_pending()
        _BODIES.end_late()
        now = time.monotonic()
        for conn, until in list(self._reading_headers.items()):
            if now > until:
                # Its thread's recv ends as if the client had closed.
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)


# The one of this process; none in tests without a server.
_RUNNING: list[Worker] = []


def is_stopping() -> bool:
    """Whether this process takes no new requests: an answer without end must end now, or the stop waits for it."""
    return any(not worker.alive for worker in _RUNNING)


def has_gone(connection: object) -> bool:
    """Whether the client closed its side: nobody reads what is still being sent."""
    if not isinstance(connection, socket.socket):
        return False
    asked = select.poll()
    try:
        # With a time limit on the socket, any recv would wait for it.
        asked.register(connection, select.POLLRDHUP)
        return bool(asked.poll(0))
    except (OSError, ValueError):
        return True


class Deadlines:
    """Sockets whose sender must be through by an instant, for this process. The main thread ends the late ones."""

    def __init__(self) -> None:
        self._until: dict[socket.socket, float] = {}

    def set(self, connection: socket.socket, seconds: float) -> None:
        self._until[connection] = time.monotonic() + seconds

    def clear(self, connection: socket.socket) -> None:
        self._until.pop(connection, None)

    def end_late(self) -> None:
        now = time.monotonic()
        for connection, until in list(self._until.items()):
            if now > until:
                # Its thread's recv ends as if the client had closed.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


# One for each process, as its connections are; the worker and the request's thread meet here.
_BODIES = Deadlines()


def limit_silence(environ: Mapping[str, Any], seconds: float) -> None:
    """A client that neither sends nor takes for so long loses its connection, and its thread is free again.

    gunicorn's own timeout does not reach it (measured).
    """
    connection = environ.get("gunicorn.socket")
    if isinstance(connection, socket.socket):
        connection.settimeout(seconds)


@contextmanager
def deadline(environ: Mapping[str, Any], seconds: float) -> Iterator[None]:
    """A small body must come within `seconds` in all, however its bytes trickle."""
    connection = environ.get("gunicorn.socket")
    if not isinstance(connection, socket.socket):
        yield
        return
    _BODIES.set(connection, seconds)
    try:
        yield
    finally:
        _BODIES.clear(connection)


def linger(connection: socket.socket) -> None:
    """End our side, then throw away what the client still sends, so that it comes to read the answer.

    Closing while bytes are on their way resets the connection, and many clients lose the answer with it. Bounded
    in time and bytes; afterwards closing waits for nothing.
    """
    end, left = time.monotonic() + _LINGER_SECONDS, _LINGER_BYTES
    buffer = bytearray(_STEP_BYTES)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while left > 0 and (seconds := end - time.monotonic()) > 0:
            connection.settimeout(min(seconds, _SILENCE_SECONDS))
            got = connection.recv_into(buffer)
            if got == 0:
                break
            left -= got
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
