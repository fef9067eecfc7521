"""Locks between processes of one node: flock on files in metadata/locks. They go with the process that holds them."""

from __future__ import annotations

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from backend.disk.atomic import told_as
from backend.disk.layout import Layout

# A family has its own files, so that a long restore or sweep never makes a sidecar wait.
Family = Literal["sidecar", "restore", "sweep"]
_FILES = 256


@contextmanager
def lock(layout: Layout, family: Family, key: str) -> Iterator[None]:
    """Hold the lock of `key`, one of 256 files of its family; waits while another thread or process has it."""
    number = zlib.crc32(key.encode()) % _FILES
    with told_as("taking a lock"):
        fd = os.open(layout.locks / f"{family}-{number:02x}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        except BaseException:
            os.close(fd)
            raise
    try:
        yield
    finally:
        os.close(fd)
