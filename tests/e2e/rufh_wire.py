"""The IETF draft over a raw socket: interim answers are seen as they come, and any end of a connection can be tried."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.services.cutting import Wire

PART = "application/partial-upload"


@dataclass(frozen=True)
class Message:
    """One answer, interim or final; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def offset(self) -> int:
        return int(self.headers["upload-offset"])


class RufhWire(Wire):
    """One connection of a client that announces `version` (None: of none)."""

    def __init__(self, port: int, token: str, version: int | None = 8) -> None:
        super().__init__(port)
        self._token = token
        self._version = version
        self._incoming = self._socket.makefile("rb")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        # First: the socket stays open as long as somebody reads from it.
        self._incoming.close()
        super().close()

    def reset(self) -> None:
        self._incoming.close()
        super().reset()

    def ask(
        self, method: str, path: str, *, body: bytes = b"", length: int | None = None, http: str = "1.1", **headers: str
    ) -> bool:
        """Send a request's head, and `body`, which may be less than `length`. `upload_offset="3"` is a header."""
        told = {
            "Host": "127.0.0.1",
            "Authorization": f"Bearer {self._token}",
            "Content-Length": str(len(body) if length is None else length),
            **({} if self._version is None else {"Upload-Draft-Interop-Version": str(self._version)}),
            **{name.replace("_", "-").title(): value for name, value in headers.items()},
        }
        lines = [f"{method} {path} HTTP/{http}", *(f"{name}: {value}" for name, value in told.items() if value)]
        return self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def create(self, content: bytes, *, complete: bool = True, length: int | None = None, **headers: str) -> bool:
        path = headers.pop("path", "/uploads?filename=a.mp4")
        return self.ask("POST", path, body=content, length=length, upload_complete=_flag(complete), **headers)

    def append(
        self, path: str, offset: int, content: bytes, *, complete: bool = True, length: int | None = None
    ) -> bool:
        return self.ask(
            "PATCH", path, body=content, length=length,
            upload_complete=_flag(complete), upload_offset=str(offset), content_type=PART,
        )  # fmt: skip

    def hear(self) -> Message:
        """The next answer; an AssertionError when the connection ends before it, or says anything else."""
        line = self._incoming.readline().decode("latin-1")
        version, _, rest = line.partition(" ")
        assert version in ("HTTP/1.1", "HTTP/1.0"), f"no answer but {line!r}"
        status, headers = int(rest.split()[0]), {}
        while (line := self._incoming.readline().decode("latin-1").rstrip("\r\n")) != "":
            name, _, value = line.partition(":")
            assert name.lower() not in headers
            headers[name.lower()] = value.strip()
        length = 0 if status < 200 or status == 204 else int(headers["content-length"])
        body = self._incoming.read(length)
        assert len(body) == length
        return Message(status, headers, body)

    def final(self) -> tuple[Message, list[Message]]:
        """The final answer, and the interim ones before it."""
        interim = []
        while (message := self.hear()).status < 200:
            interim.append(message)
        return message, interim

    def ended(self) -> bool:
        """Whether the server closed the connection without another word."""
        try:
            return self._incoming.read(1) == b""
        except OSError:
            return True


def _flag(complete: bool) -> str:
    return "?1" if complete else "?0"
