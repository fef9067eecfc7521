"""What goes back over the wire: answers, and refusals in the words and shapes that Google uses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

JSON = "application/json; charset=UTF-8"
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class FilePart:
    """Bytes of a file that are sent as the body."""

    path: Path
    offset_bytes: int
    length_bytes: int


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    part: FilePart | None = None

    @property
    def length_bytes(self) -> int:
        return self.part.length_bytes if self.part else len(self.body)

    def head(self) -> bytes:
        phrases = {308: "Resume Incomplete", 499: "Client Closed Request"}
        phrase = phrases.get(self.status) or HTTPStatus(self.status).phrase
        headers = dict(self.headers)
        if self.status != HTTPStatus.NO_CONTENT:
            headers |= {"Content-Length": str(self.length_bytes)}
        if self.length_bytes:
            headers = {"Content-Type": self.content_type} | headers
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def json_reply(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(value, indent=1).encode(), headers or {})


def plain_reply(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), content_type=PLAIN)


class Refused(Exception):
    """The request ends with this answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.status} {reply.body.decode(errors='replace')}")
        self.reply = reply


def error_reply(
    status: int,
    reason: str,
    message: str,
    *,
    location: str | None = None,
    location_type: str = "parameter",
    domain: str = "global",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An error of the Drive API."""
    detail = {"message": message, "domain": domain, "reason": reason}
    if location:
        detail |= {"location": location, "locationType": location_type}
    return json_reply({"error": {"code": status, "message": message, "errors": [detail]}}, status, headers)


def refused(status: int, reason: str, message: str, *, location: str | None = None, kind: str = "parameter") -> Refused:
    return Refused(error_reply(status, reason, message, location=location, location_type=kind))


def file_not_found(file_id: str) -> Refused:
    return refused(404, "notFound", f"File not found: {file_id}.", location="fileId")


def invalid(location: str, message: str = "Invalid Value") -> Refused:
    return refused(400, "invalid", message, location=location)


def invalid_credentials() -> Refused:
    words = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    detail = {
        "message": "Invalid Credentials",
        "domain": "global",
        "reason": "authError",
        "location": "Authorization",
        "locationType": "header",
    }
    error = {"code": 401, "message": words, "errors": [detail], "status": "UNAUTHENTICATED"}
    challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return Refused(json_reply({"error": error}, 401, {"WWW-Authenticate": challenge}))


def token_refused(status: int, error: str, description: str) -> Refused:
    """An error of the token endpoint (RFC 6749, 5.2)."""
    return Refused(json_reply({"error": error, "error_description": description}, status))
