"""A resumable upload on disk: `incoming/{id}.part`, its bytes, and `incoming/{id}.upload`, what is known of it.

One request at a time works on it: the one that holds the lock of the .part. A newer one waits for that lock while
it holds the lock of the .upload, which the older one notices (`is_wanted`) and may give way to. Both locks go with
their process. What may be told is the offset in the journal: first the bytes are made durable, then the figure.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from backend.disk import journal
from backend.disk.atomic import create_locked, forget, fsync_file, told_as, told_as_gone, write_all_at
from backend.disk.digest import Digests
from backend.disk.following import FollowingHasher, Frontier
from backend.disk.incoming import PART_SUFFIX, move_aside
from backend.disk.journal import Journal
from backend.disk.layout import Layout
from backend.errors import DiskFault, StorageError

JOURNAL_SUFFIX = ".upload"
_LOOK_SECONDS = 0.02
_COPY_BYTES = 1024 * 1024
_NOT_INSIDE = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EXDEV, errno.EPERM)


def part_path(layout: Layout, upload_id: str) -> Path:
    return layout.incoming / f"{upload_id}{PART_SUFFIX}"


def journal_path(layout: Layout, upload_id: str) -> Path:
    return layout.incoming / f"{upload_id}{JOURNAL_SUFFIX}"


def create(layout: Layout, upload_id: str, facts: dict[str, Any]) -> None:
    """Make an empty upload, durable when this returns."""
    part = part_path(layout, upload_id)
    with told_as("opening a new file"):
        fd = create_locked(part)
    try:
        journal.begin(journal_path(layout, upload_id), facts, layout.incoming)
    except BaseException:
        forget(journal_path(layout, upload_id))
        forget(part)
        raise
    finally:
        os.close(fd)


def take(layout: Layout, upload_id: str, wait_seconds: float) -> PartialFile | None:
    """Hold the upload; None when somebody else does not let go of it. Raises FileNotFoundError when it is gone."""
    deadline = time.monotonic() + wait_seconds
    notes = Journal(journal_path(layout, upload_id))
    try:
        fd = _lock_in_turn(part_path(layout, upload_id), notes, deadline)
    except BaseException:
        notes.close()
        raise
    if fd is None:
        notes.close()
        return None
    return PartialFile(layout, upload_id, fd, notes)


def _lock_in_turn(part: Path, notes: Journal, deadline: float) -> int | None:
    if not _lock(notes.fileno(), deadline):
        return None
    try:
        with told_as_gone("opening an unfinished upload"):
            fd = os.open(part, os.O_RDWR | os.O_CLOEXEC)
        if _lock(fd, deadline):
            if os.fstat(fd).st_nlink:
                return fd
            os.close(fd)
            raise FileNotFoundError(str(part))  # ended by the request that held it
        os.close(fd)
        return None
    finally:
        fcntl.flock(notes.fileno(), fcntl.LOCK_UN)


def _lock(fd: int, deadline: float) -> bool:
    """flock(2) with a deadline, which it does not have itself."""
    pause = threading.Event()
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= deadline:
            return False
        pause.wait(_LOOK_SECONDS)


class PartialFile:
    """The bytes of an upload in the hands of one request. It has what `IncomingFile` has for a save.

    `size_bytes` is where the next byte goes; `durable_bytes` is what may be told. `hold_back`: the last byte is not
    told before the save, whatever is durable (clients take offset == length for success).
    """

    def __init__(self, layout: Layout, upload_id: str, fd: int, notes: Journal) -> None:
        self.video_id = upload_id
        self.path = part_path(layout, upload_id)
        self.notes = notes
        self.noted = journal.read(journal_path(layout, upload_id))
        self.size_bytes = self.durable_bytes = self.noted.offset
        self.faulty = False
        self.trouble: StorageError | None = None
        self._quarantine = layout.quarantine
        self._fd = fd
        self._most_told: int | None = None
        self._unproved_from: int | None = None
        self.frontier = Frontier()
        self._hasher = FollowingHasher(fd, self.frontier)
        self._syncing = threading.Lock()

    @property
    def stored_bytes(self) -> int:
        """The size of the file: more than `size_bytes` after a crash, whose last bytes are then sent again."""
        with told_as("looking at an unfinished upload"):
            return os.fstat(self._fd).st_size

    @property
    def is_published(self) -> bool:
        """The bytes have another name: they are, or were about to be, a video's, and must not be written."""
        with told_as("looking at an unfinished upload"):
            return os.fstat(self._fd).st_nlink > 1

    @property
    def is_closed(self) -> bool:
        return self._fd < 0

    def is_wanted(self) -> bool:
        """Whether a newer request waits for this upload."""
        try:
            fcntl.flock(self.notes.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self.notes.fileno(), fcntl.LOCK_UN)
        return False

    def hash_from(self, frontier: Frontier) -> None:
        """Go on hashing where an earlier request stopped. A frontier beyond what was told is of no use."""
        if frontier.bytes <= self.noted.offset:
            self.frontier = frontier
            self._hasher = FollowingHasher(self._fd, frontier)

    def hold_back(self, length: int | None) -> None:
        """Never tell the last byte of `length`."""
        self._most_told = None if length is None else max(self.noted.offset, length - 1)

    def prove_from_here(self) -> None:
        """What comes now counts only after `proved`."""
        self._unproved_from = self.size_bytes

    def proved(self) -> None:
        self._unproved_from = None
        self._hasher.reach(self._settled())

    def take_back(self) -> None:
        """Forget what came since `prove_from_here`; the next bytes are written over it."""
        if self._unproved_from is not None:
            self.size_bytes, self._unproved_from = self._unproved_from, None

    def write(self, piece: bytes | bytearray) -> None:
        """Append a piece."""
        if self.trouble is not None:
            raise self.trouble
        with self._noting_faults():
            write_all_at(self._fd, piece, self.size_bytes)
        self.size_bytes += len(piece)
        self._hasher.reach(self._settled())

    def append_file(self, other: Path) -> None:
        """Append a whole file; file systems that can share its blocks do not copy them."""
        with self._noting_faults(), told_as("joining the parts of an upload"), other.open("rb", buffering=0) as source:
            left = os.fstat(source.fileno()).st_size
            while left:
                got = _copy(source.fileno(), self._fd, left, self.size_bytes)
                if got == 0:
                    raise DiskFault("The server's disk lost bytes of a part. Send the part again.")
                self.size_bytes += got
                left -= got
        self._hasher.reach(self._settled())

    def checkpoint(self) -> int:
        """Make durable what came, and note it. Thread-safe. A failed fsync is never tried again."""
        with self._syncing:
            reached = self._settled()
            if reached <= self.durable_bytes or self._fd < 0:
                return self.durable_bytes
            if self.trouble is not None:
                raise self.trouble
            try:
                with told_as("making an upload durable"):
                    os.fdatasync(self._fd)
                self.notes.note_offset(reached)
            except StorageError as error:
                self.faulty, self.trouble = True, error
                raise
            self.durable_bytes = reached
            return reached

    def head(self, length: int) -> bytes:
        """The first bytes, for telling the type by content."""
        with told_as("reading a new file"):
            return os.pread(self._fd, length, 0)

    def seal(self) -> Digests:
        """Make all bytes durable and return their digests."""
        with self._syncing, self._noting_faults():
            if self.trouble is not None:
                raise self.trouble
            if self.stored_bytes > self.size_bytes:
                with told_as("cutting what is not the upload's"):
                    os.ftruncate(self._fd, self.size_bytes)
            try:
                fsync_file(self._fd)
            except StorageError as error:
                self.faulty, self.trouble = True, error
                raise
        return self._hasher.digests(self.size_bytes)

    def close(self) -> None:
        """Let go of the upload; safe to call twice."""
        self._hasher.stop()
        with self._syncing:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)
                self.notes.close()

    def drop(self) -> None:
        """Throw the bytes away; the journal stays."""
        forget(self.path)
        self.close()

    def set_aside(self) -> Path:
        """Keep the bytes in quarantine, where nobody is served from, and return their new place."""
        try:
            return move_aside(self.path, self._quarantine)
        finally:
            self.close()

    def _settled(self) -> int:
        """How many bytes will stay as they are and may be told once they are durable."""
        settled = self.size_bytes if self._unproved_from is None else self._unproved_from
        return settled if self._most_told is None else min(settled, self._most_told)

    @contextmanager
    def _noting_faults(self) -> Iterator[None]:
        try:
            yield
        except DiskFault:
            self.faulty = True
            raise


def _copy(source: int, target: int, most: int, place: int) -> int:
    """Copy from where `source` stands to `place`, inside the kernel where the file system can."""
    try:
        return os.copy_file_range(source, target, most, None, place)
    except OSError as error:
        if error.errno not in _NOT_INSIDE:
            raise
    piece = os.read(source, min(most, _COPY_BYTES))
    write_all_at(target, piece, place)
    return len(piece)
