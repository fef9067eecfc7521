"""Durable steps on our own disk: write, fsync, publish by link(2), fsync of the folder.

An fsync that failed is never tried again on the same file: the kernel may have dropped the pages, and the
second call would report success for bytes that are gone (measured on ext4; PostgreSQL panics for the same
reason). Every OSError leaves here as one of `errors.StorageError`.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backend.errors import from_os_error


@contextmanager
def told_as(doing: str) -> Iterator[None]:
    """Turn an OSError into a StorageError that says what was being done; FileExistsError passes, it is an answer."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise from_os_error(error, doing) from error


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
    """Make `folder` and its parents; each new name is durable when this returns."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with told_as("making a folder"), suppress(FileExistsError):
        folder.mkdir()
    fsync_folder(folder.parent)


def publish(temporary: Path, final: Path) -> None:
    """Give a durable file its final name without ever overwriting: FileExistsError when the name is taken.

    The folder is not fsynced here: the caller does it once for all names it publishes there.
    """
    with told_as("publishing a file"):
        os.link(temporary, final)
    discard(temporary)


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary user may still write on the file system of `folder`."""
    with told_as("asking for free space"):
        return shutil.disk_usage(folder).free


def discard(path: Path) -> None:
    """Remove a name if it is there."""
    with told_as("removing a temporary file"), suppress(FileNotFoundError):
        path.unlink()


def write_new(final: Path, content: bytes, scratch: Path) -> None:
    """Write a small new file whole and durable; FileExistsError when the name is taken.

    `scratch` is a folder on the same file system. The new name is durable after `fsync_folder(final.parent)`.
    """
    temporary = _write_temporary(content, scratch)
    try:
        publish(temporary, final)
    finally:
        discard(temporary)


def replace(final: Path, content: bytes, scratch: Path) -> None:
    """Put `content` in place of a small file; a reader sees the old or the new one, and it is durable."""
    temporary = _write_temporary(content, scratch)
    try:
        with told_as("replacing a file"):
            os.rename(temporary, final)
    finally:
        discard(temporary)
    fsync_folder(final.parent)


def _write_temporary(content: bytes, scratch: Path) -> Path:
    temporary = scratch / f"{uuid.uuid4().hex}.tmp"
    with told_as("writing a small file"):
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        write_all(fd, content)
        fsync_file(fd)
    except BaseException:
        os.close(fd)
        discard(temporary)
        raise
    os.close(fd)
    return temporary


def write_all(fd: int, content: bytes | bytearray | memoryview) -> None:
    """Write every byte: write(2) may take fewer than it was given, on a nearly full disk above all."""
    view = memoryview(content)
    with told_as("writing"):
        while view:
            view = view[os.write(fd, view) :]
