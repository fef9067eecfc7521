"""A local file on its way into the intake: opened carefully, read once, never changed."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from backend.errors import Conflict, Refused
from backend.intake.checks import Facts
from backend.intake.receive import Caller, Intake, Saved

_READ_BYTES = 1024 * 1024
# How programs call a file that they are still writing.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".!ut", ".!qb", "~")

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Way:
    """How a file comes in. `name`: what it is called here, instead of its own name; `key`: an Idempotency-Key."""

    caller: Caller
    door: str
    name: str = ""
    key: str = ""


def take_in(intake: Intake, path: Path, facts: Facts, way: Way, advance: Advance) -> Saved:
    """Send a file through the use case of every upload; durable when this returns."""
    with _opened(path) as fd:
        before = os.fstat(fd)
        project_id = None if intake.may_replay(way.caller.id, way.key) else facts.project_id
        upload = intake.open(way.name or path.name, way.caller, way.door, before.st_size, project_id)
        try:
            for piece in _pieces(fd, path):
                intake.write(upload, piece)
                advance(len(piece))
            if _moment(os.fstat(fd)) != _moment(before):
                raise Conflict(
                    f"'{path}' was changed while it was read. Nothing was kept; try when its writer is done."
                )
            return intake.save(upload, facts, way.key)
        except BaseException as error:
            intake.abandon(upload, error)
            raise


def digest_of(path: Path) -> str:
    """SHA-256 of a file that is not ours, 64 lowercase hex digits."""
    digest = hashlib.sha256()
    with _opened(path) as fd:
        for piece in _pieces(fd, path):
            digest.update(piece)
    return digest.hexdigest()


def head_of(path: Path, length: int) -> bytes:
    """The first bytes, for telling the type by content."""
    with _opened(path) as fd, _told(path):
        return os.read(fd, length)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Not waiting for a writer, as opening a pipe would; anything but a regular file is refused."""
    with _told(path):
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            what = "a folder (`video_manager import` takes those)" if path.is_dir() else "not a regular file"
            raise Refused(f"'{path}' is {what}.")
        yield fd
    finally:
        os.close(fd)


def _pieces(fd: int, path: Path) -> Iterator[bytes]:
    while True:
        with _told(path):
            piece = os.read(fd, _READ_BYTES)
        if not piece:
            return
        yield piece


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """The caller's own file cannot be read: that is no fault of our disk."""
    try:
        yield
    except OSError as error:
        raise Refused(f"'{path}' cannot be read: {error.strerror}.") from error


def _moment(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns
