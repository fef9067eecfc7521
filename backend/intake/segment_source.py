"""Opening a recorder's file below SEGMENT_ROOTS: what was checked is what is read, whatever happens to names meanwhile.

From the root's handle on, one folder after the other and no symbolic link among them; the file itself is looked at
before it is opened, so that a pipe or a device is never touched. The roots may be links: an operator made them.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.errors import BadField, NotFound, OutOfHandles

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class Source:
    """An open file; `name`: the last part of its path."""

    fd: int
    name: str
    path: str

    @property
    def state(self) -> tuple[int, int]:
        """Size and time of the last change: another one means that it was written to."""
        now = os.fstat(self.fd)
        return now.st_size, now.st_mtime_ns

    @property
    def inode(self) -> tuple[int, int]:
        now = os.fstat(self.fd)
        return now.st_dev, now.st_ino


@contextmanager
def opened(roots: Sequence[str], path: str) -> Iterator[Source]:
    """Open a file below one of the roots for reading. Raises `BadField`, or `NotFound` when there is none."""
    root, parts = _below(roots, path)
    folder = _open(str(root), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC, None, path)
    try:
        for part in parts[:-1]:
            inner = _open(part, _FOLDER, folder, path)
            os.close(folder)
            folder = inner
        fd = _regular(parts[-1], folder, path)
    finally:
        os.close(folder)
    try:
        yield Source(fd, parts[-1], path)
    finally:
        os.close(fd)


def _below(roots: Sequence[str], path: str) -> tuple[Path, tuple[str, ...]]:
    if not roots:
        raise _bad("cannot be taken: no SEGMENT_ROOTS are set, so no folder's files may be registered")
    try:
        length = len(os.fsencode(path))
    except UnicodeEncodeError:
        raise _bad("is no path") from None
    if "\x00" in path or not path.startswith("/") or length > _LONGEST_PATH:
        raise _bad(f"must be a whole path, from / on, of at most {_LONGEST_PATH} bytes")
    wanted = Path(path)
    if ".." in wanted.parts:
        raise _bad("must not hold '..'")
    for root in map(Path, roots):
        for place in (root.absolute(), root.resolve()):
            if wanted.is_relative_to(place) and wanted != place:
                return root, wanted.relative_to(place).parts
    raise _bad(f"lies in none of the folders that this server takes files from ({', '.join(roots)})")


def _regular(name: str, folder: int, path: str) -> int:
    looked = _open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, folder, path)
    try:
        mode = os.fstat(looked).st_mode
        if stat.S_ISLNK(mode):
            raise _bad("is a symbolic link; name the file itself")
        if not stat.S_ISREG(mode):
            raise _bad(f"is {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}")
        return _open(f"/proc/self/fd/{looked}", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY, None, path)
    finally:
        os.close(looked)


def _open(name: str, flags: int, folder: int | None, path: str) -> int:
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise OutOfHandles(
                "The server has too many files open. Nothing was saved. Try again in a minute."
            ) from error
        if error.errno == errno.ENOENT:
            raise NotFound(f"There is no file '{path}'.", detail={"field": "file_path"}) from None
        if error.errno in (errno.ENOTDIR, errno.ELOOP):
            raise _bad("leads through something that is no folder of its own (a symbolic link, or a file)") from None
        words = os.strerror(error.errno or 0).lower()
        raise _bad(f"cannot be opened by the server: {words}") from None


def _bad(problem: str) -> BadField:
    return BadField(f"file_path {problem}.", detail={"field": "file_path"})
