"""Who we are to Google: a service account, one that acts for a person, or a person who signed in.

The file is read again whenever it changes, so that signing in anew ends a target's trouble without a restart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.auth.credentials import Credentials
from google.oauth2.credentials import Credentials as PersonCredentials
from google.oauth2.service_account import Credentials as ServiceCredentials

from backend.errors import TargetParked

# A folder that somebody shared with a service account is no file of the app's own, so `drive.file` cannot see it.
WHOLE_DRIVE = "https://www.googleapis.com/auth/drive"
OWN_FILES = "https://www.googleapis.com/auth/drive.file"

LOGIN = "video_manager targets login {name}"


class _BadFieldError(Exception):
    """Which field, and what is wrong with it, in words; never its content."""


@dataclass(frozen=True)
class Identity:
    """Credentials that may be shared by threads. `owns`: whether files of its own have room anywhere."""

    credentials: Credentials
    who: str
    is_service_account: bool
    acts_for: str = ""
    sees_own_files_only: bool = False
    secret: bytes = field(default=b"", repr=False)

    @property
    def owns_nothing(self) -> bool:
        return self.is_service_account and not self.acts_for


@dataclass(frozen=True)
class CredentialsFile:
    """Where the credentials are. `text` is the option: a path, or the JSON itself."""

    text: str = field(repr=False)
    subject: str
    target: str

    def version(self) -> object:
        """Something that changes when the file does."""
        if self._is_inline:
            return None
        try:
            status = Path(self.text).stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

    def warning(self) -> str:
        """A sentence when others may read the file; else empty."""
        try:
            is_open = not self._is_inline and Path(self.text).stat().st_mode & 0o077
        except OSError:
            return ""
        return f"Others on this machine can read the credentials file: chmod 600 {self.text}." if is_open else ""

    @property
    def shown(self) -> str:
        return "the credentials in the configuration" if self._is_inline else f"the credentials file {self.text}"

    @property
    def _is_inline(self) -> bool:
        return self.text.lstrip().startswith("{")

    def read(self) -> Identity:
        """Raises `TargetParked` saying what is wrong with it; nothing of its content is in the words."""
        found = self._json()
        kind = found.get("type")
        try:
            if kind == "service_account":
                return _service(found, self.subject)
            if kind == "authorized_user":
                return self._person(found)
        except _BadFieldError as error:
            raise self._wrong(f"is not complete: its field {error}. {self._get_another}") from None
        if "installed" in found or "web" in found:
            raise self._wrong(
                "is an OAuth client, which alone lets nobody in. "
                f"To sign in with it, run: {LOGIN.format(name=self.target)}"
            )
        raise self._wrong(f"is neither a service account's key nor a sign-in. {self._get_another}")

    @property
    def _get_another(self) -> str:
        return f"Put a service account's key there (download a new one), or sign in: {self._sign_in}"

    def _json(self) -> Mapping[str, Any]:
        try:
            text = self.text if self._is_inline else Path(self.text).read_text(encoding="utf-8")
            found = json.loads(text) if text.strip() else None
        except FileNotFoundError:
            raise self._wrong(f"is not there. Put a service account's key there, or sign in: {self._sign_in}") from None
        except (OSError, UnicodeDecodeError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or "it is no text"
            raise self._wrong(
                f"cannot be read ({reason}). Correct its owner and rights, or the option credentials"
            ) from None
        except ValueError:
            raise self._wrong(f"is no JSON. {self._get_another}") from None
        if found is None:
            raise self._wrong(f"is empty. {self._get_another}")
        if not isinstance(found, dict):
            raise self._wrong(f"is no JSON object. {self._get_another}")
        return found

    @property
    def _sign_in(self) -> str:
        return f"{LOGIN.format(name=self.target)} --client FILE"

    def _person(self, found: Mapping[str, Any]) -> Identity:
        if self.subject:
            raise self._wrong("is a person's sign-in, which acts for nobody else. Take the option subject away")
        names = ("client_id", "client_secret", "refresh_token")
        client_id, client_secret, refresh_token = (_text(found, name) for name in names)
        scopes = found.get("scopes") or []
        if not isinstance(scopes, list | str):
            raise _BadFieldError("scopes cannot be read")
        if not isinstance(found.get("token_uri") or "", str):
            raise _BadFieldError("token_uri cannot be read")
        credentials = PersonCredentials(
            None,
            refresh_token=refresh_token,
            client_id=client_id,
            client_secret=client_secret,
            token_uri=found.get("token_uri") or "https://oauth2.googleapis.com/token",
        )
        return Identity(
            credentials,
            who=str(found.get("account") or "") or "the account that signed in",
            is_service_account=False,
            sees_own_files_only=OWN_FILES in scopes and WHOLE_DRIVE not in scopes,
            secret=f"{client_id}\x00{client_secret}".encode(),
        )

    def _wrong(self, words: str) -> TargetParked:
        shown = self.shown
        return TargetParked(f"{shown[0].upper()}{shown[1:]} {words}.", detail={"drive_reason": "credentials"})


def _service(found: Mapping[str, Any], subject: str) -> Identity:
    who, secret, _ = (_text(found, name) for name in ("client_email", "private_key", "token_uri"))
    try:
        credentials = ServiceCredentials.from_service_account_info(dict(found), scopes=[WHOLE_DRIVE])
    except (ValueError, KeyError, TypeError, AttributeError):
        # The key is the one field that is more than text.
        raise _BadFieldError("private_key cannot be read") from None
    return Identity(
        credentials.with_subject(subject) if subject else credentials,
        who=f"{who} for {subject}" if subject else who,
        is_service_account=True,
        acts_for=subject,
        secret=secret.encode(),
    )


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if value is None or value == "":
        raise _BadFieldError(f"{name} is missing")
    # JSON may hold half a character, which no key or address does.
    if not isinstance(value, str) or value.encode(errors="ignore").decode() != value:
        raise _BadFieldError(f"{name} cannot be read")
    return value
