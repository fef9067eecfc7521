"""What makes a share link's address unguessable: HMAC-SHA256 with a key of its own, drawn from the session secret.

An address is `{share id}.{signature}`. Who knows ids, from a backup of the catalog perhaps, still has no address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

_SIGNATURE_BYTES = 24
_VISIT = timedelta(hours=12)


@dataclass(frozen=True)
class LinkKey:
    """Signs ids of share links, and visits. `secret`: the installation's session secret."""

    secret: str = field(repr=False)

    def address_of(self, share_id: str) -> str:
        """What stands behind `/s/`."""
        return f"{share_id}.{self._sign('link', share_id)}"

    def id_in(self, address: str) -> str | None:
        """The id of a share link, if its signature is ours."""
        share_id, _, signature = address.rpartition(".")
        return share_id if _same(signature, self._sign("link", share_id)) else None

    def visit(self, share_id: str, now: datetime) -> str:
        """A word by which the requests of a visit that was counted are known: a player makes many."""
        until = str(int((now + _VISIT).timestamp()))
        return f"{until}.{self._sign('visit', share_id, until)}"

    def is_visit(self, share_id: str, word: str, now: datetime) -> bool:
        until, _, signature = word.rpartition(".")
        return _same(signature, self._sign("visit", share_id, until)) and int(until) > now.timestamp()

    def _sign(self, *words: str) -> str:
        key = hmac.digest(self.secret.encode(), b"holdfast share links 1", hashlib.sha256)
        # NUL stands in no id and in no number: no two lists of words are signed alike.
        signed = hmac.digest(key, "\0".join(words).encode("utf-8", "surrogatepass"), hashlib.sha256)
        return base64.urlsafe_b64encode(signed[:_SIGNATURE_BYTES]).decode()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), right.encode())
