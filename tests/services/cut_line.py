"""A line between a client and a server that breaks once, after so many bytes of requests, and is well afterwards."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

_STEP_BYTES = 64 * 1024


class CutLine:
    """Listens on 127.0.0.1:`port`, passes everything to `upstream_port`. `passed_bytes`: of all requests so far."""

    def __init__(self, upstream_port: int, cut_at_bytes: int) -> None:
        self.passed_bytes = 0
        self._upstream_port = upstream_port
        self._cut_at_bytes = cut_at_bytes
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def was_cut(self) -> bool:
        return self.passed_bytes >= self._cut_at_bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # close alone would leave a thread in accept, and with it the port.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._upstream_port))
                for source, sink, is_request in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass_on, args=(source, sink, is_request), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_request: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_STEP_BYTES):
                sink.sendall(piece)
                if is_request and self._breaks(len(piece)):
                    break
        for line in (sink, source):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _breaks(self, count: int) -> bool:
        was_cut = self.was_cut
        self.passed_bytes += count
        return self.was_cut and not was_cut
