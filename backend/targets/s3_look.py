"""Looks before anything is sent, and reads copies back: does the service hold exactly these bytes already?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from backend.targets.base import RemoteCopy, Transfer
from backend.targets.local_file import LocalFile, damaged
from backend.targets.s3_failures import S3Problem
from backend.targets.s3_multipart import S3Store
from backend.targets.s3_plan import Plan, etag_of_parts, is_multipart, plan_behind


def proof_of(etag: str) -> dict[str, str]:
    """What to keep for later verifications; `etag` is the one we computed."""
    return {"etag": etag}


def find_copy(
    store: S3Store, local: LocalFile, key: str, transfer: Transfer, part_sizes: Sequence[int]
) -> RemoteCopy | None:
    """The copy if it is there and right, else None. Nothing is sent.

    PermanentFailure if the local file is damaged and the remote copy is not the saved bytes either.
    """
    source = local.source
    head = store.head(key)
    if head is None or head.size_bytes != source.size_bytes:
        return None

    def there() -> None:
        transfer.advance(source.size_bytes)

    there()
    plan = plan_behind(head.etag, head.size_bytes, part_sizes)
    if plan is not None:
        etag, sha256 = hash_by_plan(local, plan, is_multipart(head.etag), there)
        if sha256 == source.sha256 and etag == head.etag:
            return RemoteCopy(key, proof_of(etag))
        if sha256 != source.sha256 and sha256_at(store, key, there) != source.sha256:
            raise damaged(source, "another SHA-256")
    # The ETag alone cannot tell: encrypted, cut in other parts, or the bytes are others.
    return RemoteCopy(key) if sha256_at(store, key, there) == source.sha256 else None


def hash_by_plan(local: LocalFile, plan: Plan, multipart: bool, each_piece: Callable[[], None]) -> tuple[str, str]:
    """The ETag that the local file would have if cut by `plan`, and its SHA-256, in one reading."""
    whole = hashlib.sha256()
    md5s = []
    for part in plan.parts():
        digest = hashlib.md5(usedforsecurity=False)
        for piece in local.pieces(part.offset_bytes, part.size_bytes):
            whole.update(piece)
            digest.update(piece)
            each_piece()
        md5s.append(digest.digest())
    return etag_of_parts(md5s) if multipart else md5s[0].hex(), whole.hexdigest()


def sha256_at(store: S3Store, key: str, each_piece: Callable[[], None] | None = None) -> str | None:
    """SHA-256 of the object's bytes as the service gives them back; None if it is not there."""
    whole = hashlib.sha256()
    try:
        for piece in store.read(key):
            whole.update(piece)
            if each_piece:
                each_piece()
    except S3Problem as problem:
        if problem.code in ("NoSuchKey", "NoSuchBucket"):
            return None
        raise
    return whole.hexdigest()
