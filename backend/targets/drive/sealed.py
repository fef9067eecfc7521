"""Upload sessions for the ledger. A session's address lets whoever has it write the file, so it is kept encrypted.

The key comes from the credentials' own secret: who can read that needs no session, and who cannot gets none.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

_PURPOSE = b"holdfast drive session\x00"


def seal(session_uri: str, secret: bytes) -> str:
    return _fernet(secret).encrypt(session_uri.encode()).decode()


def unseal(sealed: str, secret: bytes) -> str | None:
    """The session's address; None when it was sealed with other credentials, or is nothing of ours."""
    try:
        return _fernet(secret).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError):
        return None


def _fernet(secret: bytes) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(_PURPOSE + secret).digest()))
