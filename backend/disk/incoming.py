"""One file while it arrives: written once, hashed on the way, locked so that a sweep knows it is alive."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from backend.disk.atomic import discard, fsync_file, told_as, write_all
from backend.disk.digest import StreamHasher
from backend.disk.layout import Layout

PART_SUFFIX = ".part"


class IncomingFile:
    """`incoming/{video_id}.part`. Ends by `seal` and then publishing, by `drop`, or by `set_aside`."""

    def __init__(self, layout: Layout, video_id: str) -> None:
        self.video_id = video_id
        self.path = layout.incoming / f"{video_id}{PART_SUFFIX}"
        self.size_bytes = 0
        self._quarantine = layout.quarantine
        self._hasher = StreamHasher()
        with told_as("opening a new file"):
            self._fd = _open_locked(self.path)

    def write(self, piece: bytes | bytearray) -> None:
        """Append a piece; the caller must not change it afterwards."""
        self._hasher.update(piece)
        write_all(self._fd, piece)
        self.size_bytes += len(piece)

    def head(self, length: int) -> bytes:
        """The first bytes, for telling the type by content."""
        with told_as("reading a new file"):
            return os.pread(self._fd, length, 0)

    def seal(self) -> str:
        """Make all bytes durable and return their SHA-256. Called once: a failed fsync is never tried again."""
        try:
            fsync_file(self._fd)
        finally:
            digest = self._hasher.finish()
        return digest

    def close(self) -> None:
        """Give up the file descriptor and with it the lock; safe to call twice."""
        self._hasher.stop()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def drop(self) -> None:
        """Throw the bytes away: they were never acknowledged."""
        self.close()
        discard(self.path)

    def set_aside(self) -> Path:
        """Keep the bytes in quarantine, where nobody is served from, and return their new place."""
        self.close()
        place = self._quarantine / self.path.name
        with told_as("setting a file aside"):
            os.rename(self.path, place)
        return place


def _open_locked(path: Path) -> int:
    """A new file under a lock that goes with the process: what has none was left by a crash."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        fcntl.flock(fd, fcntl.LOCK_EX)
        # A sweep that came between the two calls took the file for abandoned and removed it: begin again.
        if path.exists():
            return fd
        os.close(fd)


def is_abandoned(path: Path) -> bool:
    """True when no living process is writing this file."""
    with told_as("looking at an unfinished file"):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(fd)
    return True
