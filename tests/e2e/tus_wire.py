"""tus over raw sockets and plain requests: what a client library would hide, broken off in any way."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass

import urllib3

from tests.e2e.holding import House
from tests.services.cutting import Wire
from tests.services.waiting import wait_until

BYTES = "application/offset+octet-stream"
VERSION = "1.0.0"


@dataclass(frozen=True)
class Upload:
    """One upload of an installation, by its address there."""

    house: House
    path: str
    content: bytes

    @classmethod
    def begin(cls, house: House, content: bytes, **metadata: str) -> Upload:
        words = {"filename": "a.mp4", **metadata}
        answer = create(house, len(content), **words)
        assert answer.status == 201, answer.data
        return cls(house, path_of(answer), content)

    @property
    def id(self) -> str:
        return self.path.rpartition("/")[2]

    def look(self) -> urllib3.BaseHTTPResponse:
        return self.house.app.request("HEAD", self.path, headers={"Tus-Resumable": VERSION})

    def offset(self) -> int:
        """What the server tells; asked again while it says 423, never answered otherwise."""

        def told() -> int | None:
            answer = self.look()
            assert answer.status in (200, 423), answer.status
            return int(answer.headers["Upload-Offset"]) + 1 if answer.status == 200 else None

        return (wait_until(told, "an offset") or 1) - 1

    def wait_for(self, least: int) -> int:
        """The offset once it has come so far: everything that came is kept, though not at once."""
        return wait_until(lambda: (now := self.offset()) >= least and now, f"the offset to reach {least}")

    def begin_patch(self, wire: Wire, offset: int, length: int | None = None) -> None:
        """Only the head of a PATCH that announces the whole rest (or `length` bytes)."""
        size = len(self.content) - offset if length is None else length
        wire.send(patch_head(self, offset, f"Content-Length: {size}"))

    def send(self, offset: int, until: int | None = None) -> urllib3.BaseHTTPResponse:
        """A PATCH that comes whole: from `offset` to the end, or to `until`."""
        headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(offset), "Content-Type": BYTES}
        return self.house.app.request("PATCH", self.path, headers=headers, body=self.content[offset:until])

    def finish(self) -> None:
        """Send what is missing; then the stored file is the content, byte for byte, and the upload says so.

        As clients do: where a broken request has still made the offset grow meanwhile (409), it is asked again.
        """

        def last() -> urllib3.BaseHTTPResponse | None:
            answer = self.send(self.offset())
            assert answer.status in (204, 409), answer.data
            return answer if answer.status == 204 else None

        answer = wait_until(last, "the rest to be taken")
        assert answer is not None
        assert int(answer.headers["Upload-Offset"]) == len(self.content)
        self.check()

    def check(self) -> None:
        assert self.offset() == len(self.content)
        assert self.house.bytes_of(self.id) == self.content
        video = self.house.app.request("GET", f"/api/videos/{self.id}").json()["video"]
        assert video["size_bytes"] == len(self.content)


def create(house: House, length: int, **metadata: str) -> urllib3.BaseHTTPResponse:
    words = ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in metadata.items())
    headers = {"Tus-Resumable": VERSION, "Upload-Length": str(length), "Upload-Metadata": words}
    return house.app.request("POST", "/files/", headers=headers)


def path_of(answer: urllib3.BaseHTTPResponse) -> str:
    return "/files/" + answer.headers["Location"].rpartition("/")[2]


def patch_head(upload: Upload, offset: int, *more: str) -> bytes:
    lines = [
        f"PATCH {upload.path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {upload.house.app.admin_token}",
        f"Tus-Resumable: {VERSION}", f"Upload-Offset: {offset}", f"Content-Type: {BYTES}", *more, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode("latin-1")
