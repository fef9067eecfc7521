"""The error tree: every failure Holdfast raises on purpose, and nothing about HTTP.

    HoldfastError
    ├── Refused                 the caller's request cannot be taken; nothing was kept
    │   ├── ExtensionNotAllowed     file type is not on the list
    │   ├── TooLarge                over UPLOAD_MAX_SIZE, or a text field over its limit
    │   ├── QuotaReached            the project may not keep so much
    │   ├── EmptyFile               zero bytes
    │   ├── BadField                a field, filter or body that does not make sense
    │   ├── IncompleteBody          fewer bytes came than were declared
    │   ├── BodyTimeout             the sender stopped sending
    │   ├── DigestMismatch          the bytes are not those the client meant
    │   ├── DuplicateVideo          the same content is here already (DUPLICATES=reject)
    │   ├── KeyReused               an Idempotency-Key with other content
    │   ├── ChecksumMismatch        one request's bytes are not those the client meant; they are dropped
    │   ├── InconsistentLength      a resumable upload's length is told differently than before
    │   ├── LengthExceeded          more bytes than the upload's length
    │   ├── Crowded                 too many do the same at this moment
    │   ├── Conflict                not possible in the present state
    │   │   ├── Held                    a hold forbids it
    │   │   ├── StillRecording          a recorder's file that is still being written
    │   │   ├── OffsetMismatch          an append that does not begin where the upload ends
    │   │   ├── UploadBusy              another request is at work on this upload
    │   │   └── NotReady                an export that has nothing to give yet
    │   └── NotFound                no such thing, or none this person may see
    │       ├── UploadGone              an upload that was, and cannot go on
    │       ├── ShareGone               a share link that was, and is over
    │       ├── ExportGone              an export whose result was removed
    │       └── FootageOnly             the file is gone for good; a VMS has what is to be seen in it
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
    │   ├── LocalDamage             a stored file is not what was saved
    │   └── Restoring               the bytes are elsewhere and on their way here: ask again
    ├── SettingsError           the start is refused, with every problem at once
    ├── TargetError             a copy could not be made or checked
    │   ├── TransientFailure        try again later by itself
    │   ├── PermanentFailure        this file can never be accepted there
    │   ├── Unsupported             an optional target cannot take this file: skipped
    │   │   └── PastRetention           it would delete the file again at once, or soon
    │   ├── TargetParked            the whole target needs a person (quota, credentials, bucket)
    │   └── TransferCancelled       we stopped it: shutdown, or the lease went to another worker
    ├── VectorIndexFailed       an index of vectors cannot be used; the catalog answers in its place
    ├── UnsupportedByEngine     this storage engine has no such ability; also a NotImplementedError
    └── MediaError              a picture or a playable copy could not be made; the video itself is safe
        ├── ToolsMissing            no ffmpeg here: taken up again when there is one
        ├── Unreadable              ffmpeg cannot read this file: it never will
        ├── OverLimit               it needed more time, processor, memory or space than it may have
        ├── Incomplete              an export would lack a part that is recorded and cannot be had
        ├── NothingRecorded         no footage at all in the range of an export
        └── MediaStopped            we stopped it: shutdown, cancelled, or the lease went to another worker

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


class QuotaReached(Refused):
    code = "quota"


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


class Crowded(Refused):
    code = "crowded"


class Conflict(Refused):
    code = "conflict"


class Held(Conflict):
    code = "held"


class StillRecording(Conflict):
    code = "still-recording"


class OffsetMismatch(Conflict):
    code = "offset-mismatch"


class UploadBusy(Conflict):
    code = "upload-busy"


class NotReady(Conflict):
    code = "not-ready"


class ChecksumMismatch(Refused):
    code = "checksum-mismatch"


class InconsistentLength(Refused):
    code = "inconsistent-length"


class LengthExceeded(Refused):
    code = "length-exceeded"


class NotFound(Refused):
    code = "not-found"


class UploadGone(NotFound):
    code = "upload-gone"


class ShareGone(NotFound):
    code = "share-gone"


class ExportGone(NotFound):
    code = "export-gone"


class FootageOnly(NotFound):
    """`detail["footage"]`: target, camera of the VMS, start, end and link of each stretch."""

    code = "footage-only"


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


class Restoring(StorageError):
    """`detail["retry_after_seconds"]`: when to ask again."""

    code = "restoring"


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


class PastRetention(Unsupported):
    """`detail["has_ended"]`: its time there is over; else it is before long."""

    code = "past-retention"

    @property
    def has_ended(self) -> bool:
        return bool(self.detail.get("has_ended"))


class TargetParked(TargetError):
    code = "target-parked"


class TransferCancelled(TargetError):
    code = "transfer-cancelled"


class VectorIndexFailed(HoldfastError):
    code = "vector-index-failed"


class UnsupportedByEngine(HoldfastError, NotImplementedError):
    """Also what Python calls it, so that a program which knows only the library's port catches it."""

    code = "unsupported-by-engine"


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


class MediaError(HoldfastError):
    """Something made from a video could not be made. `message` is for people; the video itself is kept in any case."""

    code = "media"


class ToolsMissing(MediaError):
    code = "no-media-tools"


class Unreadable(MediaError):
    code = "unreadable"


class OverLimit(MediaError):
    """`detail["limit"]` is one of seconds, cpu, memory, output."""

    code = "over-limit"


class Incomplete(MediaError):
    """`detail["problems"]`: each part that cannot be had, as `exports.wish.Problem.as_json` tells it."""

    code = "incomplete"

    def __init__(self, message: str, problems: list[dict[str, Any]]) -> None:
        super().__init__(message, detail={"problems": problems})
        self.problems = problems


class NothingRecorded(MediaError):
    code = "nothing-recorded"


class MediaStopped(MediaError):
    code = "stopped"
