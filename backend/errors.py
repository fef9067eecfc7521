"""The error tree: every failure Holdfast raises on purpose, and nothing about HTTP.

    HoldfastError
    ├── Refused                 the caller's request cannot be taken; nothing was kept
    │   ├── ExtensionNotAllowed     file type is not on the list
    │   ├── TooLarge                over UPLOAD_MAX_SIZE, or a text field over its limit
    │   ├── EmptyFile               zero bytes
    │   ├── BadField                a field, filter or body that does not make sense
    │   ├── IncompleteBody          fewer bytes came than were declared
    │   ├── BodyTimeout             the sender stopped sending
    │   ├── DigestMismatch          the bytes are not those the client meant
    │   ├── DuplicateVideo          the same content is here already (DUPLICATES=reject)
    │   ├── KeyReused               an Idempotency-Key with other content
    │   ├── Conflict                not possible in the present state
    │   └── NotFound                no such thing, or none this person may see
    ├── AccessError
    │   ├── Unauthenticated         who are you?
    │   ├── Forbidden               not with this role
    │   └── TooManyAttempts         sign-in tried too often
    ├── StorageError            our own disk or database failed
    │   ├── DiskFull                ENOSPC, EDQUOT or the reserve reached
    │   ├── DiskFault               EIO, a failed fsync: the disk cannot be trusted now
    │   │   └── CatalogDamaged          SQLite's file is damaged, or no database at all
    │   ├── OutOfHandles            EMFILE, ENFILE: try again shortly
    │   ├── CatalogUnavailable      the database did not answer
    │   └── LocalDamage             a stored file is not what was saved
    ├── SettingsError           the start is refused, with every problem at once
    └── TargetError             a copy could not be made or checked
        ├── TransientFailure        try again later by itself
        ├── PermanentFailure        this file can never be accepted there
        ├── Unsupported             an optional target cannot take this file: skipped
        ├── TargetParked            the whole target needs a person (quota, credentials, bucket)
        └── TransferCancelled       we stopped it: shutdown, or the lease went to another worker

`code` is a stable word for programs, the message is for people, `detail` is JSON.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any, ClassVar


class HoldfastError(Exception):
    """Base of every error raised on purpose. `message` names the thing, the limit and the remedy."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, detail: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail: dict[str, Any] = dict(detail or {})


class Refused(HoldfastError):
    code = "refused"


class ExtensionNotAllowed(Refused):
    code = "extension-not-allowed"


class TooLarge(Refused):
    code = "too-large"


class EmptyFile(Refused):
    code = "empty-file"


class BadField(Refused):
    code = "bad-field"


class IncompleteBody(Refused):
    code = "incomplete-body"


class BodyTimeout(Refused):
    code = "body-timeout"


class DigestMismatch(Refused):
    code = "digest-mismatch"


class DuplicateVideo(Refused):
    code = "duplicate"


class KeyReused(Refused):
    code = "idempotency-key-reused"


class Conflict(Refused):
    code = "conflict"


class NotFound(Refused):
    code = "not-found"


class AccessError(HoldfastError):
    code = "access"


class Unauthenticated(AccessError):
    code = "unauthenticated"


class Forbidden(AccessError):
    code = "forbidden"


class TooManyAttempts(AccessError):
    code = "too-many-attempts"


class StorageError(HoldfastError):
    code = "storage"


class DiskFull(StorageError):
    code = "disk-full"


class DiskFault(StorageError):
    code = "disk-fault"


class CatalogDamaged(DiskFault):
    code = "catalog-damaged"


class OutOfHandles(StorageError):
    code = "out-of-handles"


class CatalogUnavailable(StorageError):
    code = "catalog-unavailable"


class LocalDamage(StorageError):
    code = "local-damage"


class SettingsError(HoldfastError):
    """Every problem found in the settings, one per line of `problems`."""

    code = "settings"

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems), detail={"problems": problems})
        self.problems = problems


class TargetError(HoldfastError):
    """A copy could not be made or checked. `retry_after_seconds` is the remote's own wish, when it gave one."""

    code = "target"

    def __init__(
        self,
        message: str,
        *,
        retry_after_seconds: float | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, detail=detail)
        self.retry_after_seconds = retry_after_seconds


class TransientFailure(TargetError):
    code = "target-transient"


class PermanentFailure(TargetError):
    code = "target-permanent"


class Unsupported(TargetError):
    code = "target-unsupported"


class TargetParked(TargetError):
    code = "target-parked"


class TransferCancelled(TargetError):
    code = "transfer-cancelled"


_FULL = {errno.ENOSPC, errno.EDQUOT}
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EROFS, errno.EACCES, errno.EPERM}
_HANDLES = {errno.EMFILE, errno.ENFILE}


def from_os_error(error: OSError, doing: str) -> StorageError:
    """Translate an OSError met while `doing` something on our own disk. No path reaches the message."""
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    detail = {"errno": name}
    if error.errno in _FULL:
        return DiskFull(
            f"The server's disk is full ({name} while {doing}). Nothing was saved. "
            "Ask an operator to free space, then send it again.",
            detail=detail,
        )
    if error.errno in _HANDLES:
        return OutOfHandles(
            f"The server has too many files open ({name} while {doing}). Nothing was saved. Send it again in a minute.",
            detail=detail,
        )
    if error.errno in _GONE:
        return DiskFault(
            f"The server's storage folder cannot be used ({name} while {doing}). Nothing was saved. "
            "An operator must see whether its disk is mounted and writable.",
            detail=detail,
        )
    return DiskFault(
        f"The server's disk failed ({name} while {doing}). Nothing was saved. "
        "An operator must look at the disk before it is tried again.",
        detail=detail,
    )
