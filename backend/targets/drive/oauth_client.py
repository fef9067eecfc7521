"""What a sign-in starts from: the OAuth client, and what lies already where the sign-in shall be kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from backend.errors import TargetParked

_AUTH_URI = "https://accounts.google.com/o/oauth2/auth"
_TOKEN_URI = "https://oauth2.googleapis.com/token"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MAKE_ONE = (
    "In the Google Cloud console, under “Clients” of the Google Auth Platform, make a client of the type "
    "“Desktop app” and download its JSON"
)


@dataclass(frozen=True)
class OAuthClient:
    """The program as Google knows it. Without a person it opens nothing, yet its secret is not for others to read."""

    client_id: str
    client_secret: str = field(repr=False)
    auth_uri: str
    token_uri: str

    @property
    def config(self) -> dict[str, Any]:
        """As Google's own library wants it."""
        return {
            "installed": {
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "auth_uri": self.auth_uri,
                "token_uri": self.token_uri,
            }
        }


class Kind(StrEnum):
    NOTHING = "nothing"
    SIGN_IN = "a sign-in"
    CLIENT = "an OAuth client"
    KEY = "a service account's key"
    OTHER = "something that is no sign-in"


@dataclass(frozen=True)
class Held:
    """What lies in the credentials file. `client` is None where it holds none that can be used."""

    kind: Kind
    client: OAuthClient | None = None
    account: str = ""


def read_client(content: bytes, shown: str) -> OAuthClient:
    """The client in a file of Google's console, or in an earlier sign-in. TargetParked says what is wrong with it."""
    found = _object(content)
    if found is None:
        raise TargetParked(f"{shown} is no JSON object. {_MAKE_ONE}.")
    if "web" in found:
        raise TargetParked(
            f"{shown} is an OAuth client of the type “Web application”, which may not sign in from a command line. "
            f"{_MAKE_ONE}."
        )
    if found.get("type") == "service_account":
        raise TargetParked(
            f"{shown} is a service account's key, which needs no sign-in: name it as the target's credentials. To sign "
            f"in as a person: {_MAKE_ONE}."
        )
    inside = found if found.get("type") == "authorized_user" else found.get("installed")
    if not isinstance(inside, dict):
        raise TargetParked(f"{shown} is no OAuth client. {_MAKE_ONE}.")
    client = _client(inside)
    if client is None:
        raise TargetParked(f"{shown} is not a complete OAuth client. {_MAKE_ONE}.")
    return client


def look_at(content: bytes | None) -> Held:
    """What a credentials file holds; None for one that is not there. Never raises."""
    if content is None or not content.strip():
        return Held(Kind.NOTHING)
    found = _object(content) or {}
    if found.get("type") == "service_account":
        return Held(Kind.KEY)
    if found.get("type") == "authorized_user":
        account = found.get("account")
        return Held(Kind.SIGN_IN, _client(found), account if isinstance(account, str) else "")
    if isinstance(inside := found.get("installed"), dict):
        return Held(Kind.CLIENT, _client(inside))
    return Held(Kind.CLIENT if "web" in found else Kind.OTHER)


def _object(content: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _client(found: Mapping[str, Any]) -> OAuthClient | None:
    names = {"client_id": "", "client_secret": "", "auth_uri": _AUTH_URI, "token_uri": _TOKEN_URI}
    values = {name: found.get(name) or default for name, default in names.items()}
    if not all(isinstance(value, str) and value for value in values.values()):
        return None
    # The secret and the code go to these addresses.
    if not all(_is_safe(values[name]) for name in ("auth_uri", "token_uri")):
        return None
    return OAuthClient(**values)


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
