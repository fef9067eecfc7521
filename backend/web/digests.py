"""Digest Fields (RFC 9530) of an upload: what the sender says of its bytes, and what it wants to hear of them.

Repr-Digest is of the whole file; only its sha-256 counts, as every file is hashed so. Content-Digest is of one
request's bytes, by sha-256 or sha-512. Algorithms that are not known here are ignored, as the RFC asks; a field that
cannot be read, and a digest that its algorithm cannot make, are refused with 400.
"""

from __future__ import annotations

from flask import Request
from werkzeug.exceptions import BadRequest

from backend.intake.resumable import Checksum
from backend.web.structured_fields import byte_sequence, dictionary

REPR, CONTENT, WANT_REPR = "Repr-Digest", "Content-Digest", "Want-Repr-Digest"
SHA256 = "sha-256"
# By the names of the RFC: hashlib's, and the digest's length.
_ALGORITHMS = {SHA256: ("sha256", 32), "sha-512": ("sha512", 64)}


class InvalidDigest(BadRequest):
    """A digest that its algorithm cannot make (digest-invalid-values of HTTP Problem Types for Digest Fields)."""

    def __init__(self, header: str, algorithm: str, reason: str) -> None:
        super().__init__(f"{header}: {algorithm} cannot be right: {reason}.")
        self.member = {"algorithm": algorithm, "header": header, "reason": reason}


def of_file(request: Request, *, is_whole: bool = False) -> str:
    """The whole file's SHA-256 that the request announces, in hex; "" for none. `is_whole`: its body is the file."""
    announced = [REPR, CONTENT] if is_whole else [REPR]
    found = {digest.hex() for header in announced if (digest := _digests(request, header).get(SHA256))}
    if len(found) > 1:
        raise BadRequest(f"{REPR} and {CONTENT} name two different digests of one file.")
    return next(iter(found), "")


def of_body(request: Request) -> Checksum | None:
    """The digest of this request's own bytes; the shorter where it gives two."""
    found = _digests(request, CONTENT)
    algorithm = next((name for name in _ALGORITHMS if name in found), None)
    return Checksum(_ALGORITHMS[algorithm][0], found[algorithm]) if algorithm else None


def wants_sha256(request: Request) -> bool:
    """Whether the sender wants the saved file's SHA-256 in the answer; 0 means that it does not."""
    wanted = dictionary(request.headers.get(WANT_REPR, "")) or {}
    weight = wanted.get(SHA256)
    return isinstance(weight, int) and weight > 0


def announced(request: Request, header: str) -> list[dict[str, str]]:
    """The digests of `header`, as the problem digest-mismatching-values lists them."""
    return [member(header, name, digest) for name, digest in _digests(request, header).items()]


def member(header: str, algorithm: str, digest: bytes) -> dict[str, str]:
    return {"algorithm": algorithm, "provided-digest": byte_sequence(digest), "header": header}


def repr_digest(sha256: str) -> str:
    """The header that tells a file's SHA-256 (hex)."""
    return f"{SHA256}={byte_sequence(bytes.fromhex(sha256))}"


def _digests(request: Request, header: str) -> dict[str, bytes]:
    members = dictionary(request.headers.get(header, ""))
    if members is None:
        raise BadRequest(f"{header} cannot be read; it looks like this: {header}: sha-256=:47DEQpj8…=:")
    found = {}
    for name in _ALGORITHMS.keys() & members.keys():
        digest, size = members[name], _ALGORITHMS[name][1]
        if not isinstance(digest, bytes) or len(digest) != size:
            raise InvalidDigest(header, name, f"its digest is not {size} bytes long")
        found[name] = digest
    return found
