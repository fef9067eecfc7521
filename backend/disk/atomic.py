"""Durable steps on our own disk: write, fsync, publish by link(2), fsync of the folder.

An fsync that failed is never tried again on the same file: the kernel may have dropped the pages, and the
second call would report success for bytes that are gone (measured on ext4; PostgreSQL panics for the same
reason). Every OSError leaves here as one of `errors.StorageError`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from backend.errors import StorageError, from_os_error

TEMPORARY_SUFFIX = ".tmp"


class told_as:  # noqa: N801 - read as a phrase: `with told_as("writing"):`
    """Turn an OSError into a StorageError that says what was being done; FileExistsError passes, it is an answer.

    A class, not a generator: each upload passes through a dozen of them.
    """

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, OSError) and not isinstance(error, FileExistsError):
            raise from_os_error(error, self._doing) from error


@contextmanager
def told_as_gone(doing: str) -> Iterator[None]:
    """As `told_as`, but that a file is not there is an answer."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError:
        with told_as(doing):
            raise


def fsync_file(fd: int) -> None:
    with told_as("making a file durable"):
        os.fsync(fd)


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: without it ext4, xfs and btrfs may lose an acknowledged file."""
    with told_as("making a folder durable"):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def make_folder(folder: Path) -> None:
    """Make `folder` and its parents; the names of all of them are durable when this returns."""
    if not folder.is_dir():
        if not folder.parent.is_dir():
            make_folder(folder.parent)
        with told_as("making a folder"), suppress(FileExistsError):
            folder.mkdir()
    with told_as("making a folder"):
        inode = folder.stat().st_ino
    _make_name_durable(folder, inode)


@lru_cache(maxsize=4096)
def _make_name_durable(folder: Path, _inode: int) -> None:
    """Once in each process, also for a folder found there: who made it may have died before its fsync, or not be
    there yet. A failure is not remembered."""
    try:
        fsync_folder(folder.parent)
    except StorageError as error:
        # A storage root in a folder that we may not read was made by somebody else, before us.
        if not isinstance(error.__cause__, PermissionError):
            raise


def create_locked(path: Path) -> int:
    """Open a new file under a lock that goes with the process: a file without one was left by a crash."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                return fd
        except BaseException:
            os.close(fd)
            forget(path)
            raise
        # A sweep that came between the two calls took the file for abandoned and removed it: begin again.
        os.close(fd)


def publish(temporary: Path, final: Path) -> None:
    """Give a durable file its final name without ever overwriting: FileExistsError when the name is taken.

    The temporary name stays, for the caller to remove. The folder is not fsynced here: the caller does it once
    for all names it publishes there.
    """
    with told_as("publishing a file"):
        os.link(temporary, final)


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary user may still write on the file system of `folder`."""
    with told_as("asking for free space"):
        return shutil.disk_usage(folder).free


def total_bytes(folder: Path) -> int:
    """The size of the file system of `folder`."""
    with told_as("asking for its size"):
        return shutil.disk_usage(folder).total


def discard(path: Path) -> None:
    """Remove a name if it is there."""
    with told_as("removing a temporary file"), suppress(FileNotFoundError):
        path.unlink()


def forget(path: Path) -> None:
    """Remove a temporary name if that is possible; one that stays is removed by the next sweep."""
    with suppress(StorageError):
        discard(path)


def write_new(final: Path, content: bytes, scratch: Path) -> None:
    """Write a small new file whole and durable; FileExistsError when the name is taken.

    `scratch` is a folder on the same file system. The new name is durable after `fsync_folder(final.parent)`.
    """
    with _durable_temporary(content, scratch) as temporary:
        publish(temporary, final)


def replace(final: Path, content: bytes, scratch: Path) -> None:
    """Put `content` in place of a small file; a reader sees the old or the new one, and it is durable."""
    with _durable_temporary(content, scratch) as temporary, told_as("replacing a file"):
        os.rename(temporary, final)
    fsync_folder(final.parent)


@contextmanager
def _durable_temporary(content: bytes, scratch: Path) -> Iterator[Path]:
    """A locked file with `content`, durable under a name that is gone afterwards."""
    temporary = scratch / f"{uuid.uuid4().hex}{TEMPORARY_SUFFIX}"
    with told_as("writing a small file"):
        fd = create_locked(temporary)
    try:
        write_all(fd, content)
        fsync_file(fd)
        yield temporary
    finally:
        forget(temporary)
        os.close(fd)


def write_all(fd: int, content: bytes | bytearray | memoryview) -> None:
    """Write every byte: write(2) may take fewer than it was given, on a nearly full disk above all."""
    view = memoryview(content)
    with told_as("writing"):
        while view:
            view = view[os.write(fd, view) :]


def write_all_at(fd: int, content: bytes | bytearray | memoryview, place: int) -> None:
    """Write every byte from `place` on."""
    view = memoryview(content)
    with told_as("writing"):
        while view:
            written = os.pwrite(fd, view, place)
            view, place = view[written:], place + written
