"""How a message to a webhook is signed: the public convention "Standard Webhooks", so receivers find libraries for it.

`webhook-id` is the event's id, the same at each attempt: whoever has seen it may drop what comes again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken

PREFIX = "whsec_"
_SECRET_BYTES = 32
# So long a secret that was replaced signs beside its follower.
OVERLAP = timedelta(days=1)
_PURPOSE = b"holdfast webhook secret\x00"


def new_secret() -> str:
    """For a new webhook, and its receiver."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def headers(secret: str, message_id: str, at: datetime, body: bytes, old: str | None = None) -> dict[str, str]:
    """The three headers that prove who sent `body`, and when. `old`: a secret that signs it too."""
    stamp = str(int(at.timestamp()))
    told = f"{message_id}.{stamp}.".encode() + body
    signed = [hmac.digest(_key(one), told, hashlib.sha256) for one in (secret, old) if one is not None]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{base64.b64encode(one).decode()}" for one in signed),
    }


def seal(secret: str, server_secret: str) -> str:
    """For the catalog: who reads it, or a backup of it, cannot sign in our name."""
    return _fernet(server_secret).encrypt(secret.encode()).decode()


def unseal(sealed: str, server_secret: str) -> str | None:
    """The secret; None when it was sealed with another secret of the server."""
    try:
        return _fernet(server_secret).decrypt(sealed.split(" ", maxsplit=1)[0].encode()).decode()
    except (InvalidToken, ValueError):
        return None


def renewed(sealed: str, secret: str, server_secret: str, now: datetime) -> str:
    """`secret` sealed, and behind it the one before with its end: both sign for a while, so that a receiver that knows
    one of them loses nothing."""
    return f"{seal(secret, server_secret)} {sealed.split(' ', maxsplit=1)[0]} {int((now + OVERLAP).timestamp())}"


def unseal_old(sealed: str, server_secret: str, now: datetime) -> str | None:
    """The secret before this one, while it still signs too."""
    _, *old = sealed.split(" ")
    return unseal(old[0], server_secret) if old and now.timestamp() < int(old[1]) else None


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("a webhook's secret is base64 behind 'whsec_'") from error


def _fernet(server_secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + server_secret.encode()).digest()))
