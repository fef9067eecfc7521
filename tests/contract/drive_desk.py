"""Google's own client, and bare requests, before the emulator of Drive: what its tests work with."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import googleapiclient.discovery_cache
from google.auth.credentials import Credentials
from google.auth.transport.requests import Request
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload, build_http

from tests.services.drive.model import FOLDER, SCOPE
from tests.services.drive.server import DriveServer

BOT = "bot@project.iam.gserviceaccount.com"
ANN = "ann@example.org"
BLOCK = 256 * 1024


class Media(MediaIoBaseUpload):  # type: ignore[misc] # Google's client has no types
    """The upload whose chunks survive being sent twice."""

    def __init__(self, content: bytes, chunk_bytes: int = BLOCK, *, resumable: bool = True) -> None:
        super().__init__(BytesIO(content), "video/mp4", chunksize=chunk_bytes, resumable=resumable)

    def has_stream(self) -> bool:
        return False


@dataclass(frozen=True)
class Raw:
    """A bare answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Desk:
    """An emulator where a bot manages the shared drive `team` and Ann has a My Drive."""

    def __init__(self, drive: DriveServer) -> None:
        self.drive = drive
        self._document = json.loads(str(googleapiclient.discovery_cache.get_static_doc("drive", "v3")))
        self._document["rootUrl"] = drive.root_url
        self._document.pop("mtlsRootUrl", None)
        self._services: list[Any] = []
        self.bot_key = drive.service_account(BOT)
        drive.person(ANN)
        self.team = drive.shared_drive("Team", {BOT: "organizer"})
        self.bot_credentials = self.key_credentials(self.bot_key)
        self.bot = self.service(self.bot_credentials)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for service in self._services:
            service.close()

    def service(self, credentials: Credentials) -> Any:
        service = build_from_document(self._document, http=AuthorizedHttp(credentials, http=build_http()))
        self._services.append(service)
        return service

    def key_credentials(self, key: dict[str, str], *, subject: str | None = None) -> Any:
        return service_account.Credentials.from_service_account_info(key, scopes=[SCOPE], subject=subject)

    def bot_named(self, name: str) -> Any:
        """Another service account, before Drive."""
        return self.service(self.key_credentials(self.drive.service_account(name)))

    def user_credentials(self, email: str = ANN, scopes: Sequence[str] = (SCOPE,)) -> Any:
        # Not from_authorized_user_info: that asks Google's own token endpoint, whatever token_uri says.
        info = self.drive.authorised_user(email, scopes)
        info.pop("type")
        return user_credentials.Credentials(None, **info)

    def user(self, email: str = ANN, scopes: Sequence[str] = (SCOPE,)) -> Any:
        return self.service(self.user_credentials(email, scopes))

    def bearer(self, credentials: Any = None) -> dict[str, str]:
        """A header with a token that is good now."""
        credentials = credentials or self.bot_credentials
        credentials.refresh(Request())
        return {"Authorization": f"Bearer {credentials.token}"}

    def new_id(self) -> str:
        return str(self.bot.files().generateIds(count=1).execute()["ids"][0])

    def upload(self, content: bytes, service: Any = None, **metadata: Any) -> Any:
        """One file to the shared drive, or to where `parents` says."""
        body = {"name": "film.mp4", "parents": [self.team], **metadata}
        request = (service or self.bot).files().create(body=body, media_body=Media(content), supportsAllDrives=True)
        return finish(request)

    def make_folder(self, name: str, service: Any = None, **metadata: Any) -> str:
        body = {"name": name, "mimeType": FOLDER, "parents": [self.team], **metadata}
        return str((service or self.bot).files().create(body=body, supportsAllDrives=True).execute()["id"])

    def raw(self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Raw:
        """A request that no client would send; `url` may be a path."""
        parts = urlsplit(url)
        connection = http.client.HTTPConnection("127.0.0.1", self.drive.port, timeout=30)
        try:
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body, headers or {})
            reply = connection.getresponse()
            return Raw(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def start(self, total_bytes: int | None, query: str = "supportsAllDrives=true", **metadata: Any) -> Raw:
        """Begin a resumable upload by hand."""
        body = json.dumps({"name": "film.mp4", "parents": [self.team], **metadata}).encode()
        headers = {"Content-Type": "application/json", **self.bearer()}
        if total_bytes is not None:
            headers["X-Upload-Content-Length"] = str(total_bytes)
        return self.raw("POST", f"/upload/drive/v3/files?uploadType=resumable&{query}", body, headers)

    def session(self, total_bytes: int | None, **metadata: Any) -> str:
        """The address of a new upload session."""
        return self.start(total_bytes, **metadata).headers["location"]

    def put(self, session: str, body: bytes, content_range: str, **headers: str) -> Raw:
        return self.raw("PUT", session, body, {"Content-Range": f"bytes {content_range}", **headers})


def finish(request: Any) -> Any:
    """Drive a resumable upload of Google's client to its end; errors come out."""
    answer = None
    while answer is None:
        _, answer = request.next_chunk()
    return answer


def refusal(error: HttpError) -> tuple[int, str, str]:
    """Status, reason and message of an error."""
    told = json.loads(error.content)["error"]
    return error.resp.status, told["errors"][0]["reason"], told["message"]


def upload_id(session: str) -> str:
    return parse_qs(urlsplit(session).query)["upload_id"][0]
