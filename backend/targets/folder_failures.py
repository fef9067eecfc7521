"""Judges an OSError of a folder target: does it pass by itself, is it about this file, or is a person needed?"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from backend.errors import PermanentFailure, TargetError, TargetParked, TransientFailure

_FULL = {
    errno.ENOSPC: "is full. Free space or choose another folder",
    errno.EDQUOT: "has used up its quota. Free space or raise the quota",
}
_CLOSED = {
    errno.EACCES: "may not be used by this program. Give its user read and write access",
    errno.EPERM: "may not be used by this program. Give its user read and write access",
    errno.EROFS: "is mounted read-only. Mount it for writing (a disk with errors is often remounted so: look at it)",
    errno.ENOENT: "is not there. Make it, or mount the disk that holds it",
    errno.ENOTDIR: "is not a folder. Correct the option “path”",
    errno.ELOOP: "holds a symbolic link where a folder or file belongs. Links are not followed; remove it",
    errno.EXDEV: "spans two file systems. Choose a folder that lies on one disk",
    errno.EISDIR: "holds a folder where the copy belongs. Remove it",
    errno.ENOSYS: "cannot publish files as it is configured. Try another value of the option “publish”",
}
_THIS_FILE = {
    errno.EFBIG: "its file system cannot hold a file this large",
    errno.ENAMETOOLONG: "the name is too long for its file system",
    errno.EILSEQ: "its file system does not take this name",
}


@contextmanager
def judging(path: str, doing: str) -> Iterator[None]:
    """Turn an OSError met while `doing` something in the folder `path` into a TargetError."""
    try:
        yield
    except OSError as error:
        raise judge(error, path, doing) from error


def judge(error: OSError, path: str, doing: str) -> TargetError:
    number = error.errno or 0
    name = errno.errorcode.get(number, "unknown error")
    detail = {"errno": name}
    words = _FULL.get(number) or _CLOSED.get(number)
    if words:
        return TargetParked(f"The folder {path} {words} ({name} while {doing}).", detail=detail)
    if number in _THIS_FILE:
        return PermanentFailure(
            f"The folder {path} cannot take this file: {_THIS_FILE[number]} ({name}).", detail=detail
        )
    return TransientFailure(f"The folder {path} failed ({name} while {doing}). It is tried again.", detail=detail)
