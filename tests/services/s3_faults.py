"""What can be done to a request on its way to an S3 server; lying_s3.py does it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["FIN", "RST"]


@dataclass
class Request:
    """One request as it came, and what became of it. `body_bytes` reached the real server, `reply_bytes` the client."""

    method: str
    target: str
    headers: dict[str, str]
    body_bytes: int = 0
    status: int | None = None
    reply_bytes: int = 0

    @property
    def length_bytes(self) -> int:
        return int(self.headers.get("content-length", "0"))


@dataclass
class Fault:
    """What to do to the next `times` requests that match: `method` ("" for any) and a text in the target.

    `times` 0 means all of them. The subclasses say what is done.
    """

    method: str = ""
    has: str = ""
    times: int = 1
    used: int = field(default=0, init=False)

    def takes(self, request: Request) -> bool:
        if self.times and self.used >= self.times:
            return False
        return (not self.method or self.method == request.method) and self.has in request.target


@dataclass
class Answer(Fault):
    """Answer by itself and forward nothing: an error, or a lie."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class CutRequest(Fault):
    """Forward so many bytes of the body, then end both connections."""

    at_bytes: int = 0
    by: Ending = "FIN"


@dataclass
class Stall(Fault):
    """Forward so many bytes of the body, then nothing more until `let_go` is set. `stalled` tells that it is so."""

    at_bytes: int = 0
    stalled: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


@dataclass
class Corrupt(Fault):
    """Flip one bit of the body on its way."""

    at_bytes: int = 0


@dataclass
class LoseReply(Fault):
    """Forward all, await the real answer, and end the client's connection without a word of it."""

    by: Ending = "RST"


@dataclass
class CutReply(Fault):
    """Pass on so many bytes of the answer's body, then end the connection."""

    at_bytes: int = 0
    by: Ending = "FIN"


@dataclass
class StallReply(Fault):
    """Pass on so many bytes of the answer's body, then nothing more until `let_go` is set."""

    at_bytes: int = 0
    stalled: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


@dataclass
class EditReply(Fault):
    """Pass the answer on with one header replaced."""

    header: str = ""
    value: str = ""


def s3_error(code: str, message: str = "") -> bytes:
    """The XML body of an S3 error."""
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
