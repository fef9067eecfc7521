"""Judges what an S3 service answered, or failed to answer: transient, permanent, or a person is needed.

Pure: it sees the figures of the answer, not the SDK. Codes are those of Amazon S3 ("Error responses"), MinIO
(XMinio…) and Ceph radosgw. An unknown code is transient: trying again is harmless, giving up is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure


@dataclass(frozen=True)
class Answer:
    """What came back. `status` is None when nothing did; `code` is the service's, or one of ours (lower case)."""

    code: str
    status: int | None = None
    message: str = ""
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Place:
    """What the words to an operator name."""

    endpoint: str
    bucket: str


class S3Problem(Exception):
    """An answer that is not success. Never leaves the targets: `judge` says what it means."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.code} (HTTP {answer.status})")
        self.answer = answer

    @property
    def code(self) -> str:
        return self.answer.code


_KEYS = "Correct access_key and secret_key"
_PARKED = {
    "InvalidAccessKeyId": f"does not know the access key. {_KEYS}",
    "SignatureDoesNotMatch": f"does not accept the secret key. {_KEYS}",
    "AccessDenied": "does not let this access key do that in bucket “{bucket}”. Give it the rights to list, read, "
    "write and delete there",
    "AllAccessDisabled": "has closed bucket “{bucket}”. Ask its owner",
    "AccountProblem": "reports a problem with the account. Ask its owner (bills, limits)",
    "NotSignedUp": "says that the account is not signed up for it. Ask its owner",
    "UserSuspended": "has suspended the user behind the access key. Ask its administrator",
    "ExpiredToken": f"says that the credentials have expired. {_KEYS}",
    "InvalidToken": f"does not accept the session token. {_KEYS}",
    "RequestTimeTooSkewed": "says that this server's clock is wrong by more than 15 minutes. Set the clock (NTP)",
    "NoSuchBucket": "has no bucket “{bucket}” and it was not to be made. Make it, or set create_bucket = true",
    "BucketAlreadyExists": "says that the name of bucket “{bucket}” belongs to somebody else. Choose another name",
    "InvalidBucketName": "does not accept the name of bucket “{bucket}”. Choose another name",
    "TooManyBuckets": "lets this account make no more buckets. Make “{bucket}” by hand or raise the limit",
    "QuotaExceeded": "says that the quota is used up. Free space or raise it",
    "XMinioAdminBucketQuotaExceeded": "says that the quota of bucket “{bucket}” is used up. Free space or raise it",
    "XMinioStorageFull": "is full. Free space or add disks",
    "InsufficientStorage": "is full. Free space or add disks",
    "InvalidStorageClass": "does not know the storage class. Correct the option storage_class",
    "PermanentRedirect": "keeps bucket “{bucket}” elsewhere ({message}). Correct endpoint or region",
    "AuthorizationHeaderMalformed": "expects another region ({message}). Correct the option region",
    "IllegalLocationConstraintException": "does not make buckets in this region. Correct the option region",
    "InvalidLocationConstraint": "does not make buckets in this region. Correct the option region",
    "MethodNotAllowed": "forbids this call on bucket “{bucket}”. Check endpoint and bucket",
    "tls": "was reached but its certificate is not accepted ({message}). Correct endpoint, secure or ca_file",
    "not-s3": "does not answer like an S3 service ({message}). Check endpoint, port and secure",
}
_PERMANENT = {
    "EntityTooLarge": "does not take a file this large",
    "KeyTooLongError": "does not take a name this long",
    "XMinioInvalidObjectName": "does not take this name",
    "NoSuchKey": "does not hold this copy",
    "InvalidObjectState": "keeps this copy in an archive class. Restore it there before it is read",
}
_TRANSIENT = {
    "unknown-host": "could not be found: its host name is unknown here",
    "refused": "refused the connection: is it running?",
    "timeout": "did not answer in time",
    "connection": "broke the connection ({message})",
    "BadDigest": "got other bytes than were sent",
    "XAmzContentSHA256Mismatch": "got other bytes than were sent",
    "InvalidPart": "does not hold every part that was sent",
    "NoSuchUpload": "has dropped the unfinished upload; it starts anew",
    "bucket-gone": "no longer has bucket “{bucket}”, which is made again at the next attempt",
    "SlowDown": "asks to slow down",
    "garbled": "gave an answer that could not be read",
}
_PARKED_STATUS = {401, 402, 403, 507}
_NEVER_S3_STATUS = {301, 302, 307, 308}


def judge(answer: Answer, place: Place) -> TargetError:
    """The error to raise for this answer, in words that name the remote and what to do."""
    detail = {"s3_code": answer.code, "status": answer.status}
    if answer.code in _PERMANENT:
        return PermanentFailure(_say(_PERMANENT[answer.code], answer, place), detail=detail)
    if answer.code in _PARKED:
        return TargetParked(_say(_PARKED[answer.code], answer, place), detail=detail)
    if answer.code not in _TRANSIENT and (answer.status or 0) in _PARKED_STATUS | _NEVER_S3_STATUS:
        words = "refused with {code} ({message}). A person must look at the account, the bucket and its rights"
        return TargetParked(_say(words, answer, place), detail=detail)
    words = _TRANSIENT.get(answer.code, "answered {code} {message}")
    return TransientFailure(
        f"{_say(words, answer, place)} It is tried again.",
        retry_after_seconds=answer.retry_after_seconds,
        detail=detail,
    )


def _say(words: str, answer: Answer, place: Place) -> str:
    told = answer.message or (f"HTTP {answer.status}" if answer.status else "no reason given")
    said = words.format(bucket=place.bucket, message=told[:200], code=answer.code)
    return f"The storage at {place.endpoint} {said}."
