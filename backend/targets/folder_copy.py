"""One copy on its way into a folder: a locked temporary file, written, hashed, synced and published."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from backend.errors import TargetParked
from backend.targets.base import Transfer
from backend.targets.folder_root import (
    INCOMING,
    PUBLISHERS,
    folder_below,
    fresh_name,
    sync_folder,
    unlink_if_there,
)
from backend.targets.local_file import PIECE_BYTES, LocalFile, damaged

_TELL_BYTES = 4 * 1024 * 1024
# The final fsync of a large file would stand still for minutes, with all bytes already told as copied.
_SYNC_BYTES = 64 * 1024 * 1024
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def _nothing() -> None:
    return


def holds(folder_fd: int, name: str, size_bytes: int, sha256: str, each_piece: Callable[[], None] = _nothing) -> bool:
    """Is there a file of that name with these bytes? Reads the disk, not the cache."""
    try:
        return measure(folder_fd, name, size_bytes, each_piece) == (size_bytes, sha256)
    except FileNotFoundError:
        return False


def measure(folder_fd: int, name: str, wanted_bytes: int, each_piece: Callable[[], None] = _nothing) -> tuple[int, str]:
    """Size and SHA-256 of a file; the hash is left out ("") when the size is not the wanted one."""
    hasher = hashlib.sha256()
    with opened(folder_fd, name) as fd:
        size_bytes = os.fstat(fd).st_size
        if size_bytes != wanted_bytes:
            return size_bytes, ""
        drop_from_cache(fd)
        while piece := os.read(fd, PIECE_BYTES):
            hasher.update(piece)
            each_piece()
    return size_bytes, hasher.hexdigest()


@contextmanager
def opened(folder_fd: int, name: str) -> Iterator[int]:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder_fd)
    try:
        yield fd
    finally:
        os.close(fd)


def drop_from_cache(fd: int) -> None:
    """Make the next read come from the disk: what was just written is still right in memory."""
    with suppress(OSError):  # a hint only; a file system without a page cache has nothing to drop
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


class Incoming:
    """The temporary files of one key. A lock tells one being written from one that a kill left behind."""

    def __init__(self, root_fd: int, key: str) -> None:
        self._root_fd = root_fd
        self._prefix = hashlib.sha256(key.encode()).hexdigest()[:24]

    def remove_leftovers(self, known: object) -> None:
        """Unlink what earlier puts of this key left. `known` is the name our own last attempt stored, if any."""
        try:
            with folder_below(self._root_fd, [INCOMING], make=False) as fd:
                with os.scandir(fd) as entries:
                    names = [entry.name for entry in entries if entry.name.startswith(self._prefix)]
                for name in names:
                    self._remove_if_abandoned(fd, name, known)
        except FileNotFoundError:
            return

    def _remove_if_abandoned(self, fd: int, name: str, known: object) -> None:
        with suppress(FileNotFoundError), self._reopened(fd, name) as left:
            if name == known or lock(left):
                unlink_if_there(fd, name)

    @contextmanager
    def _reopened(self, fd: int, name: str) -> Iterator[int]:
        left = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
        try:
            yield left
        finally:
            os.close(left)

    @contextmanager
    def temporary(self, transfer: Transfer) -> Iterator[tuple[int, str, int]]:
        """Yield (folder, name, file) of a new locked temporary file; its name is gone afterwards."""
        with folder_below(self._root_fd, [INCOMING], make=True) as folder_fd:
            name = fresh_name(self._prefix)
            fd = os.open(
                name,
                os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                0o666,
                dir_fd=folder_fd,
            )
            try:
                if not lock(fd):
                    # Without locks only its stored name can tell the next attempt that it is abandoned.
                    transfer.save_resume({"temporary": name})
                yield folder_fd, name, fd
            finally:
                try:
                    unlink_if_there(folder_fd, name)
                finally:
                    os.close(fd)


def lock(fd: int) -> bool:
    """Take the file's lock; False if another holds it or its file system has none."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK or error.errno in _NO_LOCKS:
            return False
        raise
    return True


def demand_space(fd: int, size_bytes: int, path: str) -> None:
    """Say that the file cannot fit before hours were spent on it."""
    state = os.fstatvfs(fd)
    free_bytes = state.f_bavail * state.f_frsize
    if state.f_blocks and free_bytes < size_bytes:
        raise TargetParked(
            f"The folder {path} is full: {free_bytes} bytes are free and {size_bytes} are needed. "
            "Free space or choose another folder.",
            detail={"free_bytes": free_bytes, "needed_bytes": size_bytes},
        )


def write_copy(local: LocalFile, fd: int, transfer: Transfer) -> None:
    """Copy the local bytes, hash them on the way and make them durable; PermanentFailure if they are damaged."""
    hasher = hashlib.sha256()
    done_bytes = 0
    transfer.advance(0)
    for piece in local.pieces(0, local.source.size_bytes):
        hasher.update(piece)
        _write_all(fd, piece)
        done_bytes += len(piece)
        if done_bytes % _SYNC_BYTES < len(piece):
            os.fdatasync(fd)
        if done_bytes % _TELL_BYTES < len(piece):
            transfer.advance(done_bytes)
    if hasher.hexdigest() != local.source.sha256:
        raise damaged(local.source, "another SHA-256")
    # Never tried again on this file: after a failed fsync the kernel may call the lost pages clean.
    os.fsync(fd)
    transfer.advance(done_bytes)


def _write_all(fd: int, piece: memoryview) -> None:
    while piece:
        piece = piece[os.write(fd, piece) :]


def publish(method: str, from_fd: int, temporary: str, to_fd: int, name: str, size_bytes: int, sha256: str) -> None:
    """Give the finished file its name, durably.

    Where the name is taken, by the same bytes, nothing is done; a file that holds other bytes is a damaged copy
    (the name belongs to this video alone) and is replaced in one step.
    """
    try:
        PUBLISHERS[method](from_fd, temporary, to_fd, name)
    except FileExistsError:
        if not holds(to_fd, name, size_bytes, sha256):
            os.rename(temporary, name, src_dir_fd=from_fd, dst_dir_fd=to_fd)
    sync_folder(to_fd)
