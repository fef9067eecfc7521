"""HTTP digest authentication (RFC 7616), for SOAP and RTSP alike: MD5 and SHA-256, a nonce that grows stale."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import urlsplit

REALM = "Holdfast"
NONCE_SECONDS = 300.0
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}
# ffmpeg obeys the last challenge and knows MD5 only; who knows better takes the first one it can.
_OFFERED = ("SHA-256", "MD5")
_PARAMETER = re.compile(r'\s*([A-Za-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)')
_COUNT = re.compile(r"[0-9a-fA-F]{1,8}")
_LONGEST = 4096
_MOST_NONCES = 10_000


class Verdict(Enum):
    PASSED = "passed"
    MISSING = "missing"  # nothing was shown: the first request of most clients
    # Right, but with a nonce of long ago, or of before a restart, or a count that was there: it may try again without
    # asking its user.
    STALE = "stale"
    WRONG = "wrong"


@dataclass(frozen=True)
class Credentials:
    """The one account that the VMS is given."""

    user: str
    password: str = field(repr=False)


@dataclass
class _Counts:
    """The highest `nc` of each nonce, of those used last: who listens in cannot send a request again. Thread-safe; only
    who knows the password gets anything kept."""

    _highest: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rises(self, nonce: str, count: int) -> bool:
        with self._lock:
            if count <= self._highest.get(nonce, 0):
                return False
            self._highest[nonce] = count
            self._highest.move_to_end(nonce)
            while len(self._highest) > _MOST_NONCES:
                self._highest.popitem(last=False)
            return True


@dataclass(frozen=True)
class DigestAuth:
    """One per device; thread-safe. Nonces are signed, not kept: any number of strangers costs nothing."""

    credentials: Credentials
    clock: Callable[[], float] = time.time
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), init=False, repr=False)
    _counts: _Counts = field(default_factory=_Counts, init=False, repr=False)

    def challenges(self, *, stale: bool = False) -> list[str]:
        """Values of WWW-Authenticate, one for each algorithm."""
        nonce = self._nonce(f"{int(self.clock()):x}.{secrets.token_hex(8)}")
        more = ", stale=true" if stale else ""
        return [f'Digest realm="{REALM}", nonce="{nonce}", algorithm={name}, qop="auth"{more}' for name in _OFFERED]

    def check(self, method: str, target: str, header: str, *, seen: str = "") -> Verdict:
        """`seen` is the nonce of a connection that has passed already: it does not grow stale as long as that lives."""
        if not header:
            return Verdict.MISSING
        shown = parameters(header)
        if not _covers(shown.get("uri", ""), target):
            return Verdict.WRONG
        expected = _response(self.credentials, shown, method)
        right = hmac.compare_digest(expected, shown.get("response", "").lower().encode())
        if not right or not hmac.compare_digest(shown.get("username", "").encode(), self.credentials.user.encode()):
            return Verdict.WRONG
        return Verdict.PASSED if self._is_new(shown, seen) else Verdict.STALE

    def _is_new(self, shown: dict[str, str], seen: str) -> bool:
        nonce = shown.get("nonce", "")
        if not self._is_ours(nonce):
            return False
        if nonce != seen and not 0 <= self.clock() - int(nonce.partition(".")[0], 16) <= NONCE_SECONDS:
            return False
        return "qop" not in shown or self._counts.rises(nonce, int(shown["nc"], 16))

    def _nonce(self, text: str) -> str:
        return f"{text}.{hmac.new(self._key, text.encode(), 'sha256').hexdigest()[:32]}"

    def _is_ours(self, nonce: str) -> bool:
        text = nonce.rpartition(".")[0]
        return bool(text) and hmac.compare_digest(self._nonce(text).encode(), nonce.encode())


def parameters(header: str) -> dict[str, str]:
    """Of an Authorization or WWW-Authenticate header of the scheme Digest; {} for anything else."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest" or len(header) > _LONGEST:
        return {}
    found: dict[str, str] = {}
    place = 0
    while place < len(rest):
        one = _PARAMETER.match(rest, place)
        if one is None:
            return {}
        name, quoted, plain = one.groups()
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
        place = one.end()
    return found


def _response(credentials: Credentials, shown: dict[str, str], method: str) -> bytes:
    """What the response must be; for what we did not offer, or what has no count, something that nothing equals.

    Without qop as in RFC 2069: RTSP's own standard is older than qop, and so are many of its clients.
    """
    algorithm = _HASHES.get(shown.get("algorithm", "MD5").upper())
    if algorithm is None or shown.get("qop", "auth") != "auth":
        return b"\0"
    if "qop" in shown and not _COUNT.fullmatch(shown.get("nc", "")):
        return b"\0"

    def hashed(text: str) -> str:
        return hashlib.new(algorithm, text.encode()).hexdigest()

    account = hashed(f"{credentials.user}:{shown.get('realm', '')}:{credentials.password}")
    request = hashed(f"{method}:{shown.get('uri', '')}")
    middle = f"{shown.get('nonce', '')}:"
    if "qop" in shown:
        middle += f"{shown['nc']}:{shown.get('cnonce', '')}:auth:"
    return hashed(f"{account}:{middle}{request}").encode()


def _covers(shown: str, target: str) -> bool:
    """Whether the address that was signed is the one asked for, or one above it: RTSP clients sign the stream's
    address for its tracks as well."""
    try:
        signed, asked = urlsplit(shown), urlsplit(target)
    except ValueError:
        return False
    return bool(shown) and f"{asked.path}/".startswith(f"{signed.path.rstrip('/')}/")
