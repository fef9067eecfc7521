"""A proxy before a real S3 server: passes everything on and counts it, and breaks what it is told to break."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from tests.services.s3_faults import (
    Answer,
    Corrupt,
    CutReply,
    CutRequest,
    EditReply,
    Ending,
    Fault,
    LoseReply,
    Request,
    Stall,
    StallReply,
)

_CHUNK_BYTES = 64 * 1024


class _Ended(Exception):
    """This client connection is over."""


class LyingS3:
    """Listens on a free port of 127.0.0.1 and forwards to `upstream_port` there. With `tls` it speaks https."""

    def __init__(self, upstream_port: int, tls: ssl.SSLContext | None = None) -> None:
        self._upstream_port = upstream_port
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._faults: list[Fault] = []
        self._under_way = 0
        self.requests: list[Request] = []
        threading.Thread(target=self._accept, daemon=True, name="lying-s3").start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def sent_bytes(self) -> int:
        """Bytes of objects and parts that reached the real server so far."""
        return sum(request.body_bytes for request in self.requests if request.method == "PUT")

    @contextmanager
    def broken(self, *faults: Fault) -> Iterator[None]:
        """The faults hold inside the block; earlier ones in the list go first."""
        self._faults = [*faults]
        try:
            yield
        finally:
            self._faults = []
            for fault in faults:
                if isinstance(fault, Stall | StallReply):
                    fault.let_go.set()

    def pause(self) -> None:
        """Refuse connections, and break those that are open, until `resume`."""
        self.close()

    def resume(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True, name="lying-s3").start()

    def close(self) -> None:
        self._end(self._listener, "FIN")
        for connection in list(self._open):
            self._end(connection, "FIN")

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True, name="lying-s3").start()

    def _serve(self, client: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError, _Ended, ValueError):
            self._watch(client, stack)
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
                self._watch(client, stack)
            upstream = socket.create_connection(("127.0.0.1", self._upstream_port))
            self._watch(upstream, stack)
            from_client = stack.enter_context(client.makefile("rb"))
            from_upstream = stack.enter_context(upstream.makefile("rb"))
            while True:
                _Exchange(self, client, upstream, from_client, from_upstream).run()

    @contextmanager
    def counted(self) -> Iterator[None]:
        """An exchange is under way inside the block."""
        with self._lock:
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    def idle(self) -> bool:
        """Nothing is under way: what a killed client left in the pipes has arrived or is lost."""
        return self._under_way == 0

    def _watch(self, connection: socket.socket, stack: ExitStack) -> None:
        stack.callback(self._end, connection, "FIN")
        self._open.add(connection)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def take_fault(self, request: Request) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            for fault in self._faults:
                if fault.takes(request):
                    fault.used += 1
                    return fault
        return None

    def end_both(self, client: socket.socket, upstream: socket.socket, by: Ending) -> None:
        self._end(client, by)
        self._end(upstream, "RST")
        raise _Ended

    def _end(self, connection: socket.socket, by: Ending) -> None:
        self._open.discard(connection)
        with suppress(OSError):
            if by == "RST":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@dataclass
class _Exchange:
    """One request and its answer."""

    proxy: LyingS3
    client: socket.socket
    upstream: socket.socket
    from_client: BinaryIO
    from_upstream: BinaryIO

    def run(self) -> None:
        head = self._read_head(self.from_client)
        with self.proxy.counted():
            self._serve(head)

    def _serve(self, head: list[bytes]) -> None:
        method, target, _ = head[0].decode().split(" ", 2)
        request = Request(method, target, _headers(head))
        fault = self.proxy.take_fault(request)
        if isinstance(fault, Answer):
            self._answer(request, fault)
            return
        self.upstream.sendall(b"".join(head) + b"\r\n")
        self._pass_body(request, fault)
        if isinstance(fault, LoseReply):
            reply = self._read_head(self.from_upstream)
            request.status = int(reply[0].split()[1])
            self._drain(_body_bytes(reply, request) or 0)
            self.proxy.end_both(self.client, self.upstream, fault.by)
        self._pass_reply(request, fault)

    def _answer(self, request: Request, fault: Answer) -> None:
        for _ in _chunks(self.from_client, request.length_bytes):
            pass
        headers = {"Content-Length": str(len(fault.body)), "Content-Type": "application/xml", **fault.headers}
        lines = [f"HTTP/1.1 {fault.status} Told", *(f"{name}: {value}" for name, value in headers.items())]
        body = b"" if request.method == "HEAD" else fault.body
        request.status = fault.status
        self.client.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def _pass_body(self, request: Request, fault: Fault | None) -> None:
        stop_at = fault.at_bytes if isinstance(fault, CutRequest | Stall | Corrupt) else None
        for chunk in _chunks(self.from_client, request.length_bytes, stop_at):
            broken = fault is not None and request.body_bytes == stop_at
            self.upstream.sendall(self._break(chunk, fault) if broken else chunk)
            request.body_bytes += len(chunk)
        if isinstance(fault, CutRequest | Stall) and request.body_bytes == fault.at_bytes:
            self._break(b"", fault)

    def _break(self, chunk: bytes, fault: Fault | None) -> bytes:
        if isinstance(fault, CutRequest):
            self.proxy.end_both(self.client, self.upstream, fault.by)
        if isinstance(fault, Stall):
            fault.stalled.set()
            fault.let_go.wait()
        if isinstance(fault, Corrupt):
            return bytes([chunk[0] ^ 1]) + chunk[1:]
        return chunk

    def _pass_reply(self, request: Request, fault: Fault | None) -> None:
        head = self._read_head(self.from_upstream)
        request.status = int(head[0].split()[1])
        length = _body_bytes(head, request)
        if isinstance(fault, EditReply):
            kept = [line for line in head if not line.lower().startswith(fault.header.lower().encode() + b":")]
            head = [*kept, f"{fault.header}: {fault.value}\r\n".encode()]
        self.client.sendall(b"".join(head) + b"\r\n")
        if length is None:
            self._pass_chunked()
            return
        cut_at = fault.at_bytes if isinstance(fault, CutReply | StallReply) else None
        passed = 0
        for chunk in _chunks(self.from_upstream, length, cut_at):
            if passed == cut_at and isinstance(fault, CutReply):
                self.proxy.end_both(self.client, self.upstream, fault.by)
            if passed == cut_at and isinstance(fault, StallReply):
                fault.stalled.set()
                fault.let_go.wait()
            self.client.sendall(chunk)
            passed += len(chunk)
            request.reply_bytes = passed

    def _pass_chunked(self) -> None:
        while True:
            line = self.from_upstream.readline()
            size = int(line.split(b";")[0], 16)
            self.client.sendall(line + _exactly(self.from_upstream, size + 2))
            if size == 0:
                return

    def _drain(self, length: int) -> None:
        for _ in _chunks(self.from_upstream, length):
            pass

    def _read_head(self, stream: BinaryIO) -> list[bytes]:
        lines: list[bytes] = []
        while (line := stream.readline()) not in (b"\r\n", b""):
            lines.append(line)
        if not lines or line == b"":
            raise _Ended
        return lines


def _headers(head: list[bytes]) -> dict[str, str]:
    pairs = (line.decode("latin-1").split(":", 1) for line in head[1:])
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _body_bytes(head: list[bytes], request: Request) -> int | None:
    """Length of an answer's body; None if it comes in chunks."""
    headers = _headers(head)
    if request.method == "HEAD" or request.status in (204, 304):
        return 0
    return None if headers.get("transfer-encoding") == "chunked" else int(headers.get("content-length", "0"))


def _chunks(stream: BinaryIO, length: int, edge: int | None = None) -> Iterator[bytes]:
    """So many bytes of a stream, with a boundary between chunks at `edge`."""
    done = 0
    while done < length:
        until = edge if edge is not None and done < edge <= length else length
        chunk = stream.read1(min(_CHUNK_BYTES, until - done))  # type: ignore[attr-defined] # of BufferedReader
        if not chunk:
            raise _Ended
        done += len(chunk)
        yield chunk


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise _Ended
    return data
