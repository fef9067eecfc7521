"""Reading a stored file once more, from the disk and not from memory: is it still what was saved, and if not, how?"""

from __future__ import annotations

import errno
import math
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from backend.disk.digest import Hashes
from backend.disk.sizes import in_units
from backend.errors import from_os_error

_READ_BYTES = 1024 * 1024
_WINDOW_BYTES = 16 * 1024 * 1024
# These say something about this process or machine, nothing about the file.
_OURS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EINTR, errno.EAGAIN}
_ABSENT = {errno.ENOENT, errno.ENOTDIR}


class Harm(StrEnum):
    MISSING = "missing"
    SHORTENED = "shortened"
    GROWN = "grown"
    CHANGED = "changed"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Reading:
    """What one reading found; `harm` is None when every byte was right. `inode`: the file read, `links`: its names.

    `words` say what is wrong, as a sentence. `sha1`: "" unless it was asked for and every byte was right.
    """

    harm: Harm | None
    words: str = ""
    read_bytes: int = 0
    inode: tuple[int, int] | None = None
    links: int = 0
    sha1: str = ""


def read_again(
    path: Path,
    size_bytes: int,
    sha256: str,
    pace: Callable[[int], None] = lambda _: None,
    *,
    want_sha1: bool = False,
) -> Reading:
    """Read and hash the whole file.

    `pace` hears of each piece that was read and may wait; what it raises ends the reading. The pages that the kernel
    keeps are dropped first, or a bit that flipped on the platter would not be seen. Raises `OutOfHandles` or another
    `StorageError` when it was not the file's fault.
    """
    try:
        # Should something that is no file have its name, opening it must not wait for a writer.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return _failed(error, 0)
    try:
        return _read(fd, size_bytes, sha256, pace, Hashes(math.inf if want_sha1 else 0))
    finally:
        os.close(fd)


def inode_of(path: Path) -> tuple[int, int] | None:
    """Which file lies there: equal for two names of the same bytes. None when nobody can say."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _read(fd: int, size_bytes: int, sha256: str, pace: Callable[[int], None], hashed: Hashes) -> Reading:
    status = os.fstat(fd)
    inode, links, found = (status.st_dev, status.st_ino), status.st_nlink, status.st_size
    if not stat.S_ISREG(status.st_mode):
        return Reading(Harm.UNREADABLE, "There is no file of that name but something else.", 0, inode, links)
    if found != size_bytes:
        harm = Harm.SHORTENED if found < size_bytes else Harm.GROWN
        return Reading(harm, f"It has {found} bytes instead of {size_bytes}.", 0, inode, links)
    try:
        read_bytes = _hash(fd, pace, hashed)
    except _Unreadable as failure:
        told = _failed(failure.error, failure.at)
        return Reading(told.harm, told.words, failure.at, inode, links)
    if read_bytes != size_bytes:
        harm = Harm.SHORTENED if read_bytes < size_bytes else Harm.GROWN
        return Reading(harm, f"It gave {read_bytes} bytes instead of {size_bytes}.", read_bytes, inode, links)
    digests = hashed.digests()
    if digests.sha256 != sha256:
        words = "Its bytes have changed: their SHA-256 is another one."
        return Reading(Harm.CHANGED, words, read_bytes, inode, links)
    return Reading(None, "", read_bytes, inode, links, digests.sha1)


class _Unreadable(Exception):
    def __init__(self, error: OSError, at: int) -> None:
        super().__init__(str(error))
        self.error, self.at = error, at


def _hash(fd: int, pace: Callable[[int], None], hashed: Hashes) -> int:
    at, forgotten = 0, 0
    buffer = memoryview(bytearray(_READ_BYTES))
    _forget(fd, 0, 0)
    while True:
        try:
            got = os.preadv(fd, [buffer], at)
        except OSError as error:
            raise _Unreadable(error, at) from error
        if not got:
            _forget(fd, forgotten, 0)
            return at
        hashed.update(buffer[:got])
        at += got
        if at - forgotten >= _WINDOW_BYTES:
            # What is read here once would push out what people look at.
            _forget(fd, forgotten, at - forgotten)
            forgotten = at
        pace(got)


def _forget(fd: int, offset_bytes: int, length_bytes: int) -> None:
    """Have the kernel drop what it keeps of the file (a length of 0: to its end). Some file systems cannot."""
    with suppress(OSError):
        os.posix_fadvise(fd, offset_bytes, length_bytes, os.POSIX_FADV_DONTNEED)


def _failed(error: OSError, at: int) -> Reading:
    if error.errno in _OURS:
        raise from_os_error(error, "reading a file again") from error
    if error.errno in _ABSENT:
        return Reading(Harm.MISSING, "There is no file of that name.")
    name = errno.errorcode.get(error.errno or 0, "unknown error")
    where = f" after {in_units(at)}" if at else ""
    return Reading(Harm.UNREADABLE, f"The disk could not read it ({name}{where}).")
