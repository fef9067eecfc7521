"""One file while it arrives: written once, hashed on the way, locked so that a sweep knows it is alive."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from backend.disk.atomic import create_locked, discard, forget, fsync_file, told_as, write_all
from backend.disk.digest import Digests, StreamHasher
from backend.disk.layout import Layout
from backend.errors import DiskFault

PART_SUFFIX = ".part"


class FileInHand(Protocol):
    """A file that is being uploaded, as a save needs it. Ends by publishing, by `drop`, or by `set_aside`."""

    @property
    def video_id(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def size_bytes(self) -> int: ...

    # The disk failed on this very file: its bytes are for a person to look at, not to be thrown away.
    faulty: bool

    def write(self, piece: bytes | bytearray) -> None: ...
    def head(self, length: int) -> bytes: ...
    def seal(self) -> Digests: ...
    def close(self) -> None: ...
    def drop(self) -> None: ...
    def set_aside(self) -> Path: ...


class IncomingFile:
    """`incoming/{video_id}.part`. Ends by `seal` and then publishing, by `drop`, or by `set_aside`."""

    def __init__(self, layout: Layout, video_id: str) -> None:
        self.video_id = video_id
        self.path = layout.incoming / f"{video_id}{PART_SUFFIX}"
        self.size_bytes = 0
        self.faulty = False
        self._quarantine = layout.quarantine
        self._hasher = StreamHasher()
        with told_as("opening a new file"):
            self._fd = create_locked(self.path)

    def write(self, piece: bytes | bytearray) -> None:
        """Append a piece; the caller must not change it afterwards."""
        self._hasher.update(piece)
        with self._noting_faults():
            write_all(self._fd, piece)
        self.size_bytes += len(piece)

    def head(self, length: int) -> bytes:
        """The first bytes, for telling the type by content."""
        with told_as("reading a new file"):
            return os.pread(self._fd, length, 0)

    def seal(self) -> Digests:
        """Make all bytes durable and return their digests. Called once: a failed fsync is never tried again."""
        try:
            with self._noting_faults():
                fsync_file(self._fd)
        finally:
            digests = self._hasher.finish()
        return digests

    def close(self) -> None:
        """Give up the file descriptor and with it the lock; safe to call twice."""
        self._hasher.stop()
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def drop(self) -> None:
        """Throw the name away. The lock is held until it is gone, so that no sweep finds it abandoned."""
        forget(self.path)
        self.close()

    def set_aside(self) -> Path:
        """Keep the bytes in quarantine, where nobody is served from, and return their new place."""
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


def move_aside(path: Path, quarantine: Path) -> Path:
    """Keep a file where nobody is served from; returns its new place."""
    place = quarantine / path.name
    with told_as("setting a file aside"):
        os.rename(path, place)
    return place


def is_abandoned(path: Path) -> bool:
    """True when the file is there and no living process is writing it."""
    fd = _take(path)
    if fd is not None:
        os.close(fd)
    return fd is not None


def discard_abandoned(path: Path, unless: Path | None = None) -> bool:
    """Remove a file that no living process is writing; True when it was removed. Not with the file `unless` there."""
    fd = _take(path)
    if fd is None:
        return False
    try:
        if unless is not None and unless.exists():
            return False
        # Under its lock: an upload that is just beginning waits for it, and then sees that its file is gone.
        discard(path)
    finally:
        os.close(fd)
    return True


def _take(path: Path) -> int | None:
    """Open and lock a file that nobody is writing; None when somebody is, or when it is gone."""
    with told_as("looking at an unfinished file"):
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another sweep may have removed it meanwhile, and the name may be a new upload's now.
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return fd
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    return None
