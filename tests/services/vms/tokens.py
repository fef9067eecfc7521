"""The identity provider: a basic user's password for a bearer token that runs out; and the recorders' own tokens."""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from tests.services.drive.replies import Reply, json_reply
from tests.services.drive.wire import Call
from tests.services.vms.model import World
from tests.services.vms.refusal import Refused

CLIENT_ID = "GrantValidatorClient"
_FORM = "application/x-www-form-urlencoded"


@dataclass
class Idp:
    world: World
    username: str
    password: str = field(repr=False)
    token_seconds: float = 3600
    scope: str = "managementserver"
    _valid_until: dict[str, float] = field(default_factory=dict, repr=False)

    def token(self, call: Call) -> Reply:
        """Errors are in the shape of RFC 6749 section 5.2, not in that of the REST interface."""
        body = call.body.read()
        if call.request.method != "POST":
            return Reply(405, headers={"Allow": "POST"})
        if (call.header("Content-Type") or "").partition(";")[0].strip().lower() != _FORM:
            return _refused("invalid_request", "The body is no form.")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if form.get("client_id") != CLIENT_ID:
            return _refused("invalid_client", "")
        if form.get("grant_type") != "password":
            return _refused("unsupported_grant_type", "")
        known = hmac.compare_digest(form.get("username", "").encode(), self.username.encode())
        right = hmac.compare_digest(form.get("password", "").encode(), self.password.encode())
        if not (known and right):
            return _refused("invalid_grant", "invalid_username_or_password")
        made = f"eyJ.{secrets.token_urlsafe(48)}.{secrets.token_urlsafe(16)}"
        self._valid_until[made] = self.world.clock() + self.token_seconds
        told = {"access_token": made, "expires_in": int(self.token_seconds), "token_type": "Bearer"}
        return json_reply(told | {"scope": self.scope})

    def is_valid(self, authorization: str | None) -> bool:
        scheme, _, token = (authorization or "").partition(" ")
        return scheme.lower() == "bearer" and self._valid_until.get(token.strip(), 0) > self.world.clock()

    def check(self, authorization: str | None) -> None:
        if not self.is_valid(authorization):
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"' if authorization else "Bearer"}
            raise Refused(401, "Unauthorized", text_id="VMO61401", headers=challenge)

    def expire(self) -> None:
        self._valid_until.clear()

    @property
    def given(self) -> int:
        """How many tokens are good now."""
        return sum(until > self.world.clock() for until in self._valid_until.values())


def _refused(error: str, description: str) -> Reply:
    return json_reply({"error": error} | ({"error_description": description} if description else {}), 400)


@dataclass
class RecorderTokens:
    """What `Login` gives, and the recorders ask for."""

    world: World
    token_seconds: float = 4 * 3600
    _valid_until: dict[str, float] = field(default_factory=dict, repr=False)

    def new(self) -> str:
        made = f"TOKEN#{uuid.uuid4()}#vms.example//ServerConnector#"
        self._valid_until[made] = self.world.clock() + self.token_seconds
        return made

    def is_valid(self, token: str) -> bool:
        return self._valid_until.get(token, 0) > self.world.clock()

    def expire(self) -> None:
        self._valid_until.clear()
