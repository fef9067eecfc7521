"""The token that the VMS's identity provider gives for a basic user's password; renewed before it runs out."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.wire import Reply, Wire

PATH = "/API/IDP/connect/token"
_CLIENT = "GrantValidatorClient"
# A token is left this long before its end, or in its last quarter if it lives shortly.
_SPARE_SECONDS = 60.0
_LONGEST_SECONDS = 24 * 3600.0
_REFUSED = ("invalid_grant", "invalid_client", "unauthorized_client", "access_denied")


@dataclass(frozen=True)
class Token:
    """`renew_at` is by the clock of whoever asked."""

    text: str = field(repr=False)
    renew_at: float


@dataclass
class Kept:
    """A token that several threads use: one of them asks for the next, the others wait for it."""

    ask: Callable[[], Token] = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _token: Token | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def current(self) -> str:
        """One that has not run out. Raises VmsProblem."""
        with self._lock:
            if self._token is None or self.clock() >= self._token.renew_at:
                self._token = self.ask()
            return self._token.text

    def instead_of(self, refused: str) -> str:
        """Another one than that which was refused; somebody else may have asked for it already."""
        with self._lock:
            if self._token is not None and self._token.text == refused:
                self._token = None
        return self.current()


def lasting(text: str, seconds: float, now: float) -> Token:
    """A token that was given just now for so long."""
    lives = min(max(seconds, 0.0), _LONGEST_SECONDS)
    return Token(text, now + lives - min(_SPARE_SECONDS, lives / 4))


@dataclass(frozen=True)
class IdentityProvider:
    """Asks for tokens by password grant (Milestone's documentation of the Configuration REST API, Authentication)."""

    wire: Wire
    url: str
    username: str
    password: str = field(repr=False)
    clock: Callable[[], float] = time.monotonic

    def token(self) -> Token:
        """Raises VmsProblem."""
        if not self.username or not self.password:
            raise VmsProblem(Answer("no-credentials"))
        told = {"grant_type": "password", "username": self.username, "password": self.password, "client_id": _CLIENT}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        asked_at = self.clock()
        reply = self.wire.request("POST", self.url + PATH, headers, urlencode(told).encode())
        found = _object(reply)
        if reply.status != 200:
            raise VmsProblem(refused(reply, found))
        text, seconds = found.get("access_token"), found.get("expires_in")
        if not isinstance(text, str) or not _can_be_sent(text) or not isinstance(seconds, int | float):
            raise VmsProblem(Answer("garbled", reply.status, "a token was expected"))
        return lasting(text, float(seconds), asked_at)


def refused(reply: Reply, found: dict[str, Any]) -> Answer:
    """Errors are in the shape of RFC 6749, section 5.2."""
    error = found.get("error")
    told = found.get("error_description") or error
    message = told if isinstance(told, str) else ""
    if error in _REFUSED or reply.status == 401:
        return Answer("credentials", reply.status, message)
    if reply.status == 403:
        return Answer("forbidden", reply.status, message)
    if reply.status in (429, 503):
        return Answer("busy", reply.status, message, reply.retry_after_seconds)
    if reply.status in (404, 405, 410):
        return Answer("not-milestone", reply.status, f"HTTP {reply.status}")
    return Answer("identity", reply.status, message, reply.retry_after_seconds)


def _object(reply: Reply) -> dict[str, Any]:
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    if reply.status == 200:
        raise VmsProblem(Answer("not-milestone", reply.status, "no token, and no JSON"))
    return {}


def _can_be_sent(token: str) -> bool:
    """In a header's line, as RFC 6750 has it."""
    return 0 < len(token) <= 16384 and token.isascii() and token.isprintable() and " " not in token
