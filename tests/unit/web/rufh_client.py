"""A client of the IETF draft on Flask's client: one function for each request, and what an answer must be."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

from werkzeug.test import TestResponse

from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site

PART = "application/partial-upload"
TYPES = "https://iana.org/assignments/http-problem-types#"


def digest(content: bytes, algorithm: str = "sha256") -> str:
    return f":{b64encode(hashlib.new(algorithm, content).digest()).decode()}:"


def create(
    site: Site, content: bytes = b"", *, complete: str = "?0", path: str = "/uploads?filename=a.mp4", **options: Any
) -> TestResponse:
    headers = {"Upload-Complete": complete, **options.pop("headers", {})}
    return site.call(options.pop("method", "POST"), path, data=content, headers=headers, **options)


def append(
    site: Site, address: str, offset: int, content: bytes = b"", *, complete: str = "?0", **options: Any
) -> TestResponse:
    headers = {
        "Upload-Complete": complete, "Upload-Offset": str(offset), "Content-Type": PART, **options.pop("headers", {}),
    }  # fmt: skip
    headers = {name: value for name, value in headers.items() if value}
    return site.call("PATCH", address, data=content, headers=headers, **options)


def look(site: Site, address: str, **options: Any) -> TestResponse:
    return site.call("HEAD", address, **options)


def address_of(answer: TestResponse) -> str:
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.headers["Location"].startswith("http://localhost/uploads/")
    return answer.headers["Location"].removeprefix("http://localhost")


def problem(answer: TestResponse, status: int, code: str, kind: str = "") -> dict[str, Any]:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.get_json(force=True)
    schemas.UploadProblem.model_validate(told)
    assert (told["status"], told["code"], told["type"]) == (status, code, f"{TYPES}{kind}" if kind else "about:blank")
    assert told["detail"] == told["error"] != ""
    return told


def saved(answer: TestResponse, content: bytes = VIDEO) -> dict[str, Any]:
    assert answer.status_code == 201, answer.get_data(as_text=True)
    schemas.Saved.model_validate(answer.get_json())
    assert answer.get_json()["checksum"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert answer.headers["Upload-Complete"] == "?1"
    assert answer.headers["Upload-Offset"] == str(len(content))
    return dict(answer.get_json())


def limits(answer: TestResponse) -> dict[str, int]:
    members = (member.split("=") for member in answer.headers["Upload-Limit"].split(", "))
    return {name: int(value) for name, value in members}
