"""Requests to Drive by Google's own client: no hidden retries, and every failure becomes a `DriveProblem`.

Its client may not be shared by threads that use it at once, so each borrows one of a pool.
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient import errors
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.http import build_http

from backend.targets.drive.credentials import CredentialsFile, Identity
from backend.targets.drive.failures import Answer, DriveProblem
from backend.targets.retry_after import retry_after_seconds

# Anything else in its place is not repeated to people, nor taken for one of our own reasons.
_REASON = re.compile(r"[A-Za-z_]{1,60}")


class Wire:
    """The transport that Google's client sends by. Judging here, before it looks, spares us its own misreadings."""

    def __init__(self, identity: Identity, timeout_seconds: float) -> None:
        plain = build_http()
        plain.timeout = timeout_seconds
        self._identity = identity
        self._plain = plain
        self._http = AuthorizedHttp(identity.credentials, http=plain)

    def request(self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **more: Any) -> Any:
        """Response and content of anything below 400; else raises `DriveProblem`."""
        try:
            response, content = self._http.request(uri, method, body=body, headers=headers, **more)
        except BaseException as error:
            # Whatever is left half sent on its connection must not meet the next request.
            self.close()
            answer = unanswered(error, self._identity)
            if answer is None:
                raise
            raise DriveProblem(answer) from error
        if response.status >= 400:
            raise DriveProblem(answered(response.status, response.get("retry-after"), content))
        return response, content

    def date(self, uri: str) -> str | None:
        """What time the remote has, from an answer that needs no credentials; None if none came."""
        try:
            response, _ = self._plain.request(uri, "HEAD")
        except (OSError, httplib2.HttpLib2Error, http.client.HTTPException):
            return None
        said: str | None = response.get("date")
        return said

    def close(self) -> None:
        self._http.close()


class Client:
    """One connection with one service object: for one thread at a time."""

    def __init__(self, root_url: str, identity: Identity, timeout_seconds: float) -> None:
        self.root_url = root_url
        self.identity = identity
        self.wire = Wire(identity, timeout_seconds)
        self.drive: Any = build_from_document(_document(root_url), http=self.wire)
        self._is_drive = False

    def run(self, request: Any) -> dict[str, Any]:
        """The answer of one call; {} where it has none, as after a deletion. Raises `DriveProblem`."""
        try:
            with reading():
                found = request.execute(num_retries=0)
        except DriveProblem as problem:
            if problem.status == 404 and not problem.answer.message:
                # Drive names what it did not find. Something else there is no proof that a copy is gone.
                self._prove_drive()
            raise
        return found if isinstance(found, dict) else {}

    def _prove_drive(self) -> None:
        """Raises when what answers at the address does not even give out ids."""
        if not self._is_drive:
            try:
                with reading():
                    self.drive.files().generateIds(count=1).execute(num_retries=0)
            except DriveProblem as problem:
                if problem.status != 404:
                    raise
                raise DriveProblem(Answer("not-drive", message="HTTP 404")) from problem
            self._is_drive = True


@contextmanager
def reading() -> Iterator[None]:
    """What cannot be read is the remote's doing, not a mistake of ours."""
    try:
        yield
    except (errors.Error, ValueError, IndexError) as error:
        # Their texts may hold addresses; the kind says enough.
        raise DriveProblem(Answer("garbled", message=type(error).__name__)) from error


class ClientPool:
    """Clients for as many threads as ask, made anew when the credentials change."""

    def __init__(self, root_url: str, credentials: CredentialsFile, timeout_seconds: float) -> None:
        self._root_url = root_url
        self._credentials = credentials
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._idle: list[Client] = []
        self._identity: Identity | None = None
        self._version: object = None

    def identity(self) -> Identity:
        """Who we are now. Raises `TargetParked` when the credentials cannot be used."""
        with self._lock:
            version = self._credentials.version()
            if self._identity is None or version != self._version:
                self._identity, self._version = self._credentials.read(), version
                while self._idle:
                    self._idle.pop().wire.close()
            return self._identity

    @contextmanager
    def borrow(self) -> Iterator[Client]:
        identity = self.identity()
        with self._lock:
            client = self._idle.pop() if self._idle else None
        client = client or Client(self._root_url, identity, self._timeout_seconds)
        try:
            yield client
        finally:
            with self._lock:
                current = client.identity is self._identity
                if current:
                    self._idle.append(client)
            if not current:
                client.wire.close()


def _document(root_url: str) -> dict[str, Any]:
    """Google's description of Drive v3, shipped with its client, for the service at `root_url`."""
    found: dict[str, Any] = json.loads(get_static_doc("drive", "v3"))
    found["rootUrl"] = root_url.rstrip("/") + "/"
    found.pop("mtlsRootUrl", None)
    return found


def answered(status: int, retry_after: str | None, content: bytes) -> Answer:
    """Read an error's body, which has many shapes, none of which may be trusted to be there."""
    wait = retry_after_seconds(retry_after)
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    error = found.get("error") if isinstance(found, dict) else None
    if isinstance(error, str):
        return Answer(_reason(error) or f"HTTP {status}", status, _text(found.get("error_description")), wait)
    if not isinstance(error, dict):
        return Answer(_by_status(status), status, "", wait)
    listed = error.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    reason = _reason(first.get("reason")) or _by_status(status)
    return Answer(reason, status, _text(error.get("message")) or _text(first.get("message")), wait)


def _by_status(status: int) -> str:
    return {401: "unauthorized", 404: "notFound", 413: "uploadTooLarge", 429: "too-many"}.get(status, f"HTTP {status}")


def _reason(value: object) -> str:
    return value if isinstance(value, str) and _REASON.fullmatch(value) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def unanswered(error: BaseException, identity: Identity) -> Answer | None:
    """What to call a request that got no answer; None for what is not the network's failure."""
    if isinstance(error, RefreshError):
        return refused_token(error, identity)
    if isinstance(error, TransportError):
        return Answer("token-busy", message=type(error.__cause__ or error).__name__)
    if isinstance(error, GoogleAuthError):
        return Answer("token-refused", message=type(error).__name__)
    if isinstance(error, httplib2.ServerNotFoundError):
        return Answer("unknown-host")
    if isinstance(error, ConnectionRefusedError):
        return Answer("refused")
    if isinstance(error, TimeoutError):
        return Answer("timeout")
    if isinstance(error, ssl.SSLError):
        return _without_tls(error)
    if isinstance(error, OSError):
        return Answer("connection", message=error.strerror or type(error).__name__)
    if isinstance(error, http.client.HTTPException | httplib2.HttpLib2Error):
        return Answer("connection", message=type(error).__name__)
    return None


def _without_tls(error: ssl.SSLError) -> Answer:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Answer("tls", message=error.verify_message)
    if getattr(error, "reason", "") in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
        return Answer("no-tls")
    return Answer("connection", message=error.strerror or type(error).__name__)


def refused_token(error: RefreshError, identity: Identity) -> Answer:
    """Why no access was given. A person must act on most of it, so that trying again would only hide it."""
    data: Mapping[str, Any] = next((part for part in error.args[1:] if isinstance(part, dict)), {})
    code, told = _text(data.get("error")), _text(data.get("error_description"))
    if error.retryable or not code:
        return Answer("token-busy", message=_reason(code) or "no readable answer")
    if code == "invalid_grant":
        return Answer(_refused_grant(told, identity), 400, told)
    if code == "unauthorized_client" and identity.acts_for:
        return Answer("token-delegation", 400, told)
    if code in ("invalid_client", "deleted_client", "unauthorized_client", "disabled_client"):
        return Answer("token-client", 400, told)
    return Answer("token-refused", 400, told or code)


def _refused_grant(told: str, identity: Identity) -> str:
    if "reasonable timeframe" in told or "short-lived token" in told:
        return "token-clock"
    if identity.acts_for and "Invalid email" in told:
        return "token-subject"
    return "token-key" if identity.is_service_account else "token-revoked"
