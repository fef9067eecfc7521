"""A TCP proxy between browser and server that counts, slows down, and loses answers or the whole line on demand."""

from __future__ import annotations

import math
import socket
import struct
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.services.process import free_port

_STEP_BYTES = 64 * 1024
_RESET = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Listens on 127.0.0.1:`port` and passes everything to `upstream_port`, until told otherwise.

    `bytes_per_second` is the most that one connection carries to the server; it may be changed at any time.
    `request_bytes` is what was carried that way, heads of requests and all.
    """

    def __init__(self, upstream_port: int) -> None:
        self.port = free_port()
        self.lost_answers = 0
        self.request_bytes = 0
        self.bytes_per_second = math.inf
        self._upstream_port = upstream_port
        self._lose_answer_to: bytes = b""
        self._keep_head = False
        self._lock = threading.Lock()
        self._is_hanging = False
        self._closed = threading.Event()
        self._lines: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.mend()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lose_next_answer(self, request_start: bytes, *, keep_head: bool) -> None:
        """Let the next request that begins so reach the server whole, and lose its answer: all, or its body."""
        self._keep_head = keep_head
        self._lose_answer_to = request_start

    def cut(self) -> None:
        """The line is dead: nobody listens, and every connection is reset."""
        if self._listener is not None:
            # close alone would leave a thread in accept, and with it the port.
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._lock:
            lines = list(self._lines)
        for line in lines:
            _reset(line)

    def hang(self) -> None:
        """Everything is accepted and nothing passed on, as where the radio is gone: nobody is told of it.

        What was in use meanwhile stays mute, also after `mend`.
        """
        self._is_hanging = True

    def mend(self) -> None:
        """The line is as good as new, on the same port."""
        self._is_hanging = False
        if self._listener is not None:
            return
        listener = socket.create_server(("127.0.0.1", self.port), reuse_port=False)
        # The browser must not believe as sent what only waits here.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _STEP_BYTES)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._upstream_port))
                except ConnectionError:
                    _reset(client)
                    continue
                with self._lock:
                    self._lines |= {client, server}
                doomed = threading.Event()
                for source, sink, watch in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass_on, args=(source, sink, watch, doomed), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_request: bool, doomed: threading.Event) -> None:
        with suppress(OSError):
            while piece := source.recv(_STEP_BYTES):
                if is_request and self._lose_answer_to and piece.startswith(self._lose_answer_to):
                    self._lose_answer_to = b""
                    doomed.set()
                if not is_request and doomed.is_set():
                    self.lost_answers += 1
                    if self._keep_head:
                        sink.sendall(piece[: piece.index(b"\r\n\r\n") + 4])
                        sink.shutdown(socket.SHUT_RDWR)
                    break
                if self._is_hanging:
                    break
                sink.sendall(piece)
                if is_request:
                    with self._lock:
                        self.request_bytes += len(piece)
                    self._closed.wait(len(piece) / self.bytes_per_second)
        if self._is_hanging:
            self._closed.wait()
        for line in (sink, source):
            _reset(line)
        with self._lock:
            self._lines -= {source, sink}


def _reset(line: socket.socket) -> None:
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        line.shutdown(socket.SHUT_RDWR)
    line.close()
