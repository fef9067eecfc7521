"""Locks between processes of one node: flock on files in metadata/locks. They go with the process that holds them."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Literal

from backend.disk.atomic import told_as
from backend.disk.layout import Layout

# A family has its own files, so that a long restore or sweep never makes a sidecar wait.
Family = Literal[
    "sidecar", "restore", "sweep", "upload", "join", "content", "media", "scrub", "quota", "project", "audit",
    "backup", "inbox", "vectors", "segment", "hash", "edge",
]  # fmt: skip
_FILES = 256


@contextmanager
def lock(layout: Layout, family: Family, key: str) -> Iterator[None]:
    """Hold the lock of `key`, one of 256 files of its family; waits while another thread or process has it."""
    with _hold(layout, family, _number(key)):
        yield


@contextmanager
def try_lock(layout: Layout, family: Family, key: str) -> Iterator[bool]:
    """As `lock`, but False, and nothing is held, while another thread or process has it."""
    with _hold(layout, family, _number(key), waits=False) as held:
        yield held


@contextmanager
def lock_all(layout: Layout, family: Family, keys: Iterable[str]) -> Iterator[None]:
    """Hold the locks of several keys, taken in one order by everybody, so that nobody waits in a circle."""
    with ExitStack() as held:
        for number in sorted({_number(key) for key in keys}):
            held.enter_context(_hold(layout, family, number))
        yield


def _number(key: str) -> int:
    return zlib.crc32(key.encode()) % _FILES


@contextmanager
def _hold(layout: Layout, family: Family, number: int, *, waits: bool = True) -> Iterator[bool]:
    with told_as("taking a lock"):
        fd = os.open(layout.locks / f"{family}-{number:02x}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            held = _take(fd, waits)
        except BaseException:
            os.close(fd)
            raise
    try:
        yield held
    finally:
        os.close(fd)


def _take(fd: int, waits: bool) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
