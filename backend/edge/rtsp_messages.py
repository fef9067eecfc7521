"""RTSP 1.0 messages (RFC 2326 sections 6 and 7): parsed within bounds, and written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024
_REQUEST = re.compile(r"([A-Z_]{1,20}) (\S{1,2048}) RTSP/1\.\d")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64})\s*:[ \t]*(.*)")

REASONS = {
    200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    413: "Request Entity Too Large", 451: "Parameter Not Understood", 453: "Not Enough Bandwidth",
    454: "Session Not Found", 455: "Method Not Valid in This State", 456: "Header Field Not Valid for Resource",
    457: "Invalid Range", 461: "Unsupported Transport", 500: "Internal Server Error", 503: "Service Unavailable",
    505: "RTSP Version Not Supported", 551: "Option not supported",
}  # fmt: skip


class Malformed(Exception):
    """What came is no RTSP request. `status` is what it is answered with, before the connection is closed."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: dict[str, str]  # by names in small letters; what comes twice is joined by commas
    body: bytes = b""

    def header(self, name: str) -> str:
        return self.headers.get(name.lower(), "")

    @property
    def number(self) -> int:
        """CSeq; -1 when there is none."""
        found = self.header("cseq")
        return int(found) if re.fullmatch(r"[0-9]{1,9}", found) else -1


@dataclass(frozen=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)

    def with_headers(self, more: Iterable[tuple[str, str]]) -> Response:
        return Response(self.status, (*self.headers, *more), self.body)

    def as_bytes(self) -> bytes:
        lines = [f"RTSP/1.0 {self.status} {REASONS[self.status]}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def parse_head(head: bytes) -> tuple[Request, int]:
    """From a request's head, with its empty line: the request without its body, and the body's length. Raises
    Malformed."""
    lines = head.decode("latin-1").replace("\r\n", "\n").strip("\n").split("\n")
    first = _REQUEST.fullmatch(lines[0].rstrip())
    if first is None:
        raise Malformed(505 if re.search(r" RTSP/[02-9]", lines[0]) else 400)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        found = _HEADER.fullmatch(line.rstrip())
        if found is None:
            raise Malformed(400)
        name = found[1].lower()
        headers[name] = f"{headers[name]}, {found[2]}" if name in headers else found[2]
    length = headers.get("content-length", "0")
    if not re.fullmatch(r"[0-9]{1,9}", length):
        raise Malformed(400)
    if int(length) > BODY_BYTES:
        raise Malformed(413)
    return Request(first[1], first[2], headers), int(length)
