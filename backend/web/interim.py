"""104 (Upload Resumption Supported): interim answers, written to the connection while its request still arrives.

WSGI knows no interim answers, so they go to gunicorn's socket. Only clients that announced a version of the draft
get them (it forbids the others), and only over HTTP/1.1. One is left out rather than waited for: it is written only
while nearly nothing of what was sent before is on its way, so it fits into the kernel's buffer whole, never blocks,
and a client that reads nothing holds nobody up. None is written after `close`, so none meets the final answer.

None goes through a proxy: nginx takes the first one for the final answer, and the client waits for the rest until
it gives up (measured, nginx 1.22).
"""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Self

from backend.web.access import FORWARDED

VERSION_HEADER = "Upload-Draft-Interop-Version"
# The smallest send buffer holds several times as much.
_MOST_ON_ITS_WAY_BYTES = 1024


class Interim:
    """The interim answers to one request; a context that must be left before its final answer is written.

    `version`: what the client announced, and gets back; None: it gets none.
    """

    def __init__(self, environ: Mapping[str, Any], version: int | None) -> None:
        connection = environ.get("gunicorn.socket")
        # Not isinstance: a TLS connection must not be written by two threads, nor past its own buffers.
        able = type(connection) is socket.socket and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        proxied = any(f"HTTP_{name.upper().replace('-', '_')}" in environ for name in FORWARDED)
        self._connection = connection if able and not proxied and version is not None else None
        self._version = version
        self._writing = threading.Lock()
        self._told_offset = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._writing:
            self._connection = None

    def created(self, location: str, limits: str) -> None:
        """Tell where the upload is, before its bytes are read."""
        self._write({"Location": location, "Upload-Limit": limits})

    def reached(self, offset: int) -> None:
        """Tell an offset that is durable. Called from any thread; raises nothing.

        As often as offsets become durable, a few times a second: were one left out for being early, a client that
        waits for the last one of a pause would wait for ever.
        """
        if offset > self._told_offset and self._write({"Upload-Offset": str(offset)}):
            self._told_offset = offset

    def _write(self, headers: Mapping[str, str]) -> bool:
        lines = [f"{name}: {value}\r\n" for name, value in {VERSION_HEADER: self._version, **headers}.items()]
        message = f"HTTP/1.1 104 Upload Resumption Supported\r\n{''.join(lines)}\r\n".encode("latin1")
        # ValueError: the connection was closed under us.
        with self._writing, suppress(OSError, ValueError):
            if self._connection is None or _on_its_way_bytes(self._connection) > _MOST_ON_ITS_WAY_BYTES:
                return False
            if self._connection.send(message, socket.MSG_DONTWAIT) < len(message):
                # Half an answer would spoil the final one: the client had better ask again on a new connection.
                self._connection.shutdown(socket.SHUT_RDWR)
            return True
        return False


def _on_its_way_bytes(connection: socket.socket) -> int:
    """What was written and is not acknowledged by the other side's kernel yet (SIOCOUTQ, tcp(7))."""
    told = fcntl.ioctl(connection, termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", told)[0])
