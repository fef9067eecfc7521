"""The client's half of HTTP digest authentication (RFC 7616), for HTTP and RTSP alike: MD5 with qop=auth."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass
class DigestClient:
    """Answers the last challenge that came, and goes on with its nonce."""

    user: str
    password: str = field(repr=False)
    _challenge: dict[str, str] = field(default_factory=dict, repr=False)
    _count: int = 0

    def take(self, challenges: list[str]) -> bool:
        """Whether one of them can be answered."""
        for one in challenges:
            scheme, _, rest = one.strip().partition(" ")
            told = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
            if scheme.lower() == "digest" and told.get("algorithm", "MD5").upper() == "MD5" and "nonce" in told:
                self._challenge, self._count = told, 0
                return True
        return False

    def header(self, method: str, uri: str) -> str | None:
        """For Authorization; None before a challenge came."""
        told = self._challenge
        if not told:
            return None
        self._count += 1
        count, own = f"{self._count:08x}", secrets.token_hex(8)
        secret = _md5(f"{self.user}:{told.get('realm', '')}:{self.password}")
        what = _md5(f"{method}:{uri}")
        qop = "auth" in told.get("qop", "")
        middle = f"{told['nonce']}:{count}:{own}:auth" if qop else told["nonce"]
        parts = {"username": self.user, "realm": told.get("realm", ""), "nonce": told["nonce"], "uri": uri}
        parts["response"] = _md5(f"{secret}:{middle}:{what}")
        if "opaque" in told:
            parts["opaque"] = told["opaque"]
        written = ", ".join(f'{name}="{_quoted(value)}"' for name, value in parts.items())
        return f"Digest {written}, algorithm=MD5" + (f', qop=auth, nc={count}, cnonce="{own}"' if qop else "")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
