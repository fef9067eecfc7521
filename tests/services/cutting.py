"""Clients that break off, stall or lie: a form upload as raw bytes over a raw socket, ended in any way."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

BOUNDARY = "----cut"
_SECONDS = 30


@dataclass(frozen=True)
class Part:
    """One part of a form. `headers` go below its Content-Disposition."""

    name: str
    content: bytes
    filename: str | None = None
    headers: Sequence[str] = ()

    def encoded(self) -> tuple[bytes, bytes]:
        """Everything before the content, and the content."""
        disposition = f'Content-Disposition: form-data; name="{self.name}"'
        if self.filename is not None:
            disposition += f'; filename="{self.filename}"'
        lines = [f"--{BOUNDARY}", disposition, *self.headers, "", ""]
        return "\r\n".join(lines).encode("latin-1"), self.content


@dataclass(frozen=True)
class Body:
    """A whole form, and where each region of it begins and ends."""

    content: bytes
    regions: Mapping[str, range]


def form(*parts: Part, epilogue: bytes = b"\r\n") -> Body:
    """The bytes of a multipart form with these parts, whose regions are named after them."""
    content, regions = bytearray(), {}
    for part in parts:
        head, body = part.encoded()
        regions[f"headers of {part.name}"] = range(len(content), len(content) + len(head))
        content += head
        regions[part.name] = range(len(content), len(content) + len(body))
        content += body + b"\r\n"
    regions["closing boundary"] = range(len(content) - 2, len(content) + len(BOUNDARY) + 4)
    content += f"--{BOUNDARY}--".encode()
    regions["epilogue"] = range(len(content), len(content) + len(epilogue))
    return Body(bytes(content + epilogue), regions)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection to the server. Methods that send answer whether the other side still took it."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> bool:
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def begin(
        self, token: str, length: int | None, *, path: str = "/api/upload-video", headers: Sequence[str] = ()
    ) -> bool:
        """Send the head of an upload; `length` None: chunked."""
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: multipart/form-data; boundary={BOUNDARY}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        return self.send("\r\n".join([*lines, size, *headers, "", ""]).encode())

    def end_sending(self) -> None:
        """FIN: nothing more comes from here, the answer is waited for."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """FIN for both ways: nobody is there any more."""
        self._socket.close()

    def reset(self) -> None:
        """RST: as a crashed client, or a network that forgot the connection."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def answer(self) -> Answer | None:
        """The next answer; None when the connection ended without one."""
        response = http.client.HTTPResponse(self._socket, method="POST")
        try:
            response.begin()
            return Answer(response.status, dict(response.headers), response.read())
        except (http.client.HTTPException, OSError):
            return None
        finally:
            response.close()


def chunked(content: bytes, size: int = 65_536) -> bytes:
    """The same bytes in chunks, with the last one."""
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
