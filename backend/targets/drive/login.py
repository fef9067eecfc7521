"""Signing in with a person's own Google account: OAuth for installed programs, with PKCE and `state` (RFC 8252).

The person consents in a browser, which brings a code back; the code is exchanged for a sign-in that lasts. Nothing of
these is ever in the words of an error.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from google_auth_oauthlib.flow import InstalledAppFlow
from oauthlib.oauth2 import OAuth2Error

from backend.errors import TargetError, TargetParked, TransientFailure
from backend.targets.drive.client import Client
from backend.targets.drive.credentials import OWN_FILES, WHOLE_DRIVE, CredentialsFile
from backend.targets.drive.failures import DriveProblem
from backend.targets.drive.oauth_client import OAuthClient

_TIMEOUT_SECONDS = 30.0
_AGAIN = "Run the command again"
_NOT_GIVEN = {
    "access_denied": "Google gave no access: it was declined in the browser, or this account may not use the program. "
    "Allow it; while the OAuth consent screen is in “Testing”, the account must be one of its test users",
    "admin_policy_enforced": "Google gave no access: the domain's administrator does not allow this program. Ask for "
    "the OAuth client to be allowed",
    "invalid_scope": "Google gave no access: the program may not ask for that. Enable the “Google Drive API” in the "
    "Google Cloud project and add its scope to the consent screen",
}
_BAD_CLIENT = (
    "Google does not know this OAuth client, or its secret was changed. Download the client's JSON again from the "
    "Google Cloud console, and give it with --client FILE"
)
_NOT_EXCHANGED = {
    "invalid_grant": "Google does not take the answer any more: a code is good once, and for some minutes. "
    f"{_AGAIN}; if that does not help, look whether this server's clock is right",
    "invalid_client": _BAD_CLIENT,
    "unauthorized_client": _BAD_CLIENT,
    "deleted_client": _BAD_CLIENT,
    "disabled_client": _BAD_CLIENT,
    "redirect_uri_mismatch": "Google does not send answers of this OAuth client to 127.0.0.1: it is not of the type "
    "“Desktop app”. Make one of that type, and give it with --client FILE",
    "insecure_transport": "The addresses in the OAuth client must begin with https://",
}


def scope_for(*, whole_drive: bool) -> str:
    """What is asked for: to see only what this program makes, unless a folder of others is to be used."""
    return WHOLE_DRIVE if whole_drive else OWN_FILES


class SignIn:
    """One sign-in: `address` is to be opened in a browser, which ends at `redirect_uri` with Google's answer."""

    def __init__(self, client: OAuthClient, scope: str, redirect_uri: str, account: str = "") -> None:
        self._client = client
        self._scope = scope
        self._flow = InstalledAppFlow.from_client_config(client.config, scopes=[scope], redirect_uri=redirect_uri)
        hint = {"login_hint": account} if account else {}
        try:
            # Without "consent" Google gives no lasting access to who signed in before.
            address, state = self._flow.authorization_url(access_type="offline", prompt="consent", **hint)
        except OAuth2Error as error:
            raise _not_exchanged(error) from None
        self.address = str(address)
        self._state = str(state)

    def finish(self, answer: str) -> dict[str, Any]:
        """The sign-in as the credentials file keeps it, from the address at which the browser ended.

        Raises `TargetParked` or `TransientFailure` with what to do.
        """
        token = self._exchange(self._code(answer))
        granted = token.get("scope") or ""
        scopes = sorted(granted.split() if isinstance(granted, str) else map(str, granted))
        if self._scope not in scopes:
            raise TargetParked(f"Access to Drive was not ticked in the browser. {_AGAIN}, and tick it.")
        refresh_token = token.get("refresh_token")
        if not isinstance(refresh_token, str) or not refresh_token:
            raise TargetParked(
                "Google gave access for an hour only (no refresh token). Remove this program at "
                f"https://myaccount.google.com/connections, then: {_AGAIN.lower()}."
            )
        client = self._client.config["installed"]
        return {"type": "authorized_user", **client, "refresh_token": refresh_token, "scopes": scopes, "account": ""}

    def _code(self, answer: str) -> str:
        found = read_answer(answer)
        if not hmac.compare_digest(found.get("state", "").encode(), self._state.encode()):
            raise TargetParked(
                "That is the answer to another sign-in (its state is not ours), so it was not used. "
                f"{_AGAIN}, and open the address that it prints."
            )
        if error := found.get("error"):
            raise TargetParked(_NOT_GIVEN.get(error, f"Google gave no access ({_word(error)})") + ".")
        return found["code"]

    def _exchange(self, code: str) -> Mapping[str, Any]:
        try:
            found = self._flow.fetch_token(code=code, include_client_id=True, timeout=_TIMEOUT_SECONDS)
        except Warning as changed:
            # So it says that other scopes were given than asked for: more is fine, fewer is looked at above.
            found = getattr(changed, "token", {})
        except OAuth2Error as error:
            raise _not_exchanged(error) from None
        except OSError as error:
            raise TransientFailure(
                f"Google could not be reached at {urlsplit(self._client.token_uri).hostname} ({type(error).__name__}). "
                f"See whether this server has a way there (HTTPS_PROXY?), then: {_AGAIN.lower()}."
            ) from None
        except ValueError:
            raise TransientFailure(f"Google's answer could not be read. {_AGAIN}.") from None
        return dict(found)


def read_answer(text: str) -> dict[str, str]:
    """What an address says that a browser ended at; {} when it is no answer of Google's to a sign-in."""
    try:
        found = dict(parse_qsl(urlsplit(text.strip().strip("\"'<>")).query))
    except ValueError:
        return {}
    return found if "state" in found and ("code" in found or "error" in found) else {}


def account_of(content: Mapping[str, Any], root_url: str, target: str) -> str:
    """Whose sign-in it is, "" when Drive does not say now: the check tells why."""
    try:
        identity = CredentialsFile(json.dumps(content), "", target).read()
        client = Client(root_url, identity, _TIMEOUT_SECONDS)
        try:
            user = client.run(client.drive.about().get(fields="user")).get("user") or {}
        finally:
            client.wire.close()
    except (DriveProblem, TargetError):
        return ""
    return str(user.get("emailAddress") or "")


def _not_exchanged(error: OAuth2Error) -> TargetError:
    name = str(error.error or "")
    words = _NOT_EXCHANGED.get(name)
    if words is None and (name in ("missing_token", "server_error", "temporarily_unavailable", "internal_failure")):
        return TransientFailure(f"Google could not give access now ({_word(name)}). {_AGAIN}.")
    return TargetParked((words or f"Google gave no access ({_word(name)})") + ".")


def _word(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]{1,60}", name) else "no reason that can be read"
