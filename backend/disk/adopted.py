"""A recorder's file on its way in: its data shared by the file system (FICLONE), or its very inode under our name.

Neither reads it, so neither has a digest when it is saved.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.disk.atomic import forget, fsync_file, told_as
from backend.disk.digest import Digests
from backend.disk.incoming import PART_SUFFIX, IncomingFile, move_aside
from backend.disk.layout import Layout
from backend.errors import Conflict, DiskFault, StillRecording

NOT_HASHED = Digests("", "")
# linux/fs.h: _IOW(0x94, 9, int)
_FICLONE = 0x40049409
_CANNOT_CLONE = {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM, errno.ETXTBSY}


class ClonedFile(IncomingFile):
    """As any incoming file, or, where `clone` says so, all of another file's data at once."""

    is_clone = False

    def clone(self, source_fd: int) -> bool:
        """Share the data of another file; False, and nothing was written, where the file system cannot."""
        try:
            with told_as("sharing a file's data"):
                try:
                    fcntl.ioctl(self._fd, _FICLONE, source_fd)
                except OSError as error:
                    if error.errno in _CANNOT_CLONE:
                        return False
                    raise
                self.size_bytes = os.fstat(self._fd).st_size
        except DiskFault:
            self.faulty = True
            raise
        self.is_clone = True
        return True

    def seal(self) -> Digests:
        digests = super().seal()
        return NOT_HASHED if self.is_clone else digests


class LinkedFile:
    """`incoming/{video_id}.part` as a second name of a file of somebody else, which is never written to."""

    def __init__(self, layout: Layout, video_id: str, source_fd: int) -> None:
        self.video_id = video_id
        self.path = layout.incoming / f"{video_id}{PART_SUFFIX}"
        self.faulty = False
        self._quarantine = layout.quarantine
        with told_as("opening a recording again"):
            self._fd = os.open(f"/proc/self/fd/{source_fd}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.size_bytes = os.fstat(self._fd).st_size
            # Before it has a name here: a sweep takes a name without a lock for abandoned.
            _lock(self._fd)
            _link(self._fd, self.path)
        except BaseException:
            self.close()
            raise

    def write(self, piece: bytes | bytearray) -> None:
        raise TypeError("a recorder's own file is never written to")

    def head(self, length: int) -> bytes:
        with told_as("reading a recording"):
            return os.pread(self._fd, length, 0)

    def seal(self) -> Digests:
        with self._noting_faults():
            fsync_file(self._fd)
        return NOT_HASHED

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def drop(self) -> None:
        forget(self.path)
        self.close()

    def set_aside(self) -> Path:
        try:
            return move_aside(self.path, self._quarantine)
        finally:
            self.close()

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        try:
            yield
        except DiskFault:
            self.faulty = True
            raise


def _lock(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StillRecording("Another program holds a lock on this file: it is still being recorded.") from None


def _link(fd: int, place: Path) -> None:
    """Of this very inode, whatever its name means by now."""
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # With a folder Python calls linkat(2), which follows the link in /proc to the open file.
        os.link(f"/proc/self/fd/{fd}", place.name, dst_dir_fd=folder, follow_symlinks=True)
    except OSError as error:
        words = {
            errno.EXDEV: "it lies on another file system than STORAGE_PATH",
            errno.EPERM: "the system allows hard links only to files of the server's own user",
            errno.EMLINK: "it has as many names already as its file system allows",
        }.get(error.errno or 0)
        if words is None:
            with told_as("linking a recording"):
                raise
        raise Conflict(
            f"This file cannot be linked: {words}. Nothing was kept. Use SEGMENT_ADOPT=copy.",
            detail={"reason": errno.errorcode[error.errno or 0]},
        ) from None
    finally:
        os.close(folder)
