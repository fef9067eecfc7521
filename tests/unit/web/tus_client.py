"""A client of the tus door who says no more than a test tells it to."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.unit.web.conftest import Site

BYTES = "application/offset+octet-stream"


@dataclass(frozen=True)
class Door:
    """Speaks to one installation."""

    site: Site

    def ask(self, method: str, path: str = "/files/", role: str | None = "admin", **options: Any) -> TestResponse:
        headers = {"Tus-Resumable": "1.0.0", **options.pop("headers", {})}
        sent = {name: value for name, value in headers.items() if value is not None}
        answer = self.site.call(method, path, role, headers=sent, **options)
        assert answer.headers["Tus-Resumable"] == "1.0.0"
        return answer

    def begin(
        self, length: int | None, content: bytes = b"", role: str = "admin", **headers: str | None
    ) -> TestResponse:
        """A creation; `Upload_Concat="partial"` is a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        size = {"Upload-Length": str(length)} if length is not None else {}
        kind = {"Content-Type": BYTES} if content else {}
        named.setdefault("Upload-Metadata", metadata(filename="a.mp4"))
        return self.ask("POST", role=role, headers={**size, **kind, **named}, data=content)

    def place(self, *arguments: Any, **options: Any) -> str:
        """The path of a new upload."""
        answer = self.begin(*arguments, **options)
        assert answer.status_code == 201, answer.get_data()
        location: str = answer.headers["Location"]
        assert location.startswith("http://localhost/files/")
        return location.removeprefix("http://localhost")

    def send(
        self, path: str, offset: int | str, content: bytes, role: str = "admin", **headers: str | None
    ) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given = {"Upload-Offset": str(offset), "Content-Type": BYTES, **named}
        return self.ask("PATCH", path, role, headers=given, data=content)

    def offset(self, path: str) -> int:
        answer = self.ask("HEAD", path)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def listed(self) -> list[dict[str, Any]]:
        videos: list[dict[str, Any]] = self.site.call("GET", "/api/videos/list").get_json()["videos"]
        return videos

    def stored(self, video: dict[str, Any]) -> bytes:
        return (self.site.services.layout.root / str(video["relative_path"])).read_bytes()


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())


def digest(algorithm: str, content: bytes) -> str:
    return f"{algorithm} {b64encode(hashlib.new(algorithm, content).digest()).decode()}"
