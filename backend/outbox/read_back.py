"""Reading a copy back as a whole and comparing it with what was saved: the most that can be asked of a remote."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from backend.targets.base import Expected, Proof, Readable, RemoteCopy, Verdict

_HOW = "read back as a whole and hashed"


def read_back(source: Readable, expected: Expected, copy: RemoteCopy, pace: Callable[[int], None]) -> Proof:
    """The verdict over every byte. `pace` hears of each piece and may wait; what it raises ends the reading."""
    digest, size_bytes = hashlib.sha256(), 0
    for piece in source.read(copy):
        digest.update(piece)
        size_bytes += len(piece)
        pace(len(piece))
        if size_bytes > expected.size_bytes:
            break
    told = f"sha256:{digest.hexdigest()}"
    if size_bytes != expected.size_bytes:
        more = "more than " if size_bytes > expected.size_bytes else ""
        reason = f"It gave {more}{min(size_bytes, expected.size_bytes)} bytes instead of {expected.size_bytes}."
        return Proof(Verdict.DIFFERS, _HOW, size_bytes, told, reason)
    if digest.hexdigest() != expected.sha256:
        return Proof(Verdict.DIFFERS, _HOW, size_bytes, told, "Its SHA-256 is another one, read back as a whole.")
    return Proof(Verdict.MATCHES, _HOW, size_bytes, told)
