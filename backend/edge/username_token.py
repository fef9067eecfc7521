"""WS-Security UsernameToken with a password digest: within minutes of our clock, and never twice."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from xml.etree.ElementTree import Element

from backend.edge.digest_auth import Credentials
from backend.edge.soap_xml import instant, text

# ONVIF's clients ask for our time first and reckon with it.
_APART = timedelta(minutes=5)
_MOST_KEPT = 50_000


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class UsernameTokens:
    """One per device; thread-safe. Nonces are kept as long as their time would pass."""

    credentials: Credentials
    now: Callable[[], datetime] = _now
    _seen: OrderedDict[tuple[bytes, str], datetime] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passes(self, token: Element) -> bool:
        """Plain passwords never do."""
        created = text(token, "wsu:Created")
        try:
            nonce = base64.b64decode(text(token, "wsse:Nonce"), validate=True)
        except ValueError:  # also binascii.Error
            return False
        kind = token.find("wsse:Password", {"wsse": token.tag[1:].partition("}")[0]})
        if not nonce or kind is None or not kind.get("Type", "").endswith("#PasswordDigest"):
            return False
        expected = hashlib.sha1(nonce + created.encode() + self.credentials.password.encode()).digest()
        shown = (kind.text or "").strip()
        user = text(token, "wsse:Username")
        right = hmac.compare_digest(base64.b64encode(expected), shown.encode())
        if not right or not hmac.compare_digest(user.encode(), self.credentials.user.encode()):
            return False
        at = instant(created)
        return at is not None and self._is_new(nonce, created, at)

    def _is_new(self, nonce: bytes, created: str, at: datetime) -> bool:
        now = self.now()
        if abs(now - at) > _APART:
            return False
        with self._lock:
            # Also what was seen while the clock was far ahead: until then nothing behind it would ever go.
            while self._seen and abs(now - next(iter(self._seen.values()))) > 2 * _APART:
                self._seen.popitem(last=False)
            if (nonce, created) in self._seen or len(self._seen) >= _MOST_KEPT:
                return False
            self._seen[nonce, created] = now
        return True
