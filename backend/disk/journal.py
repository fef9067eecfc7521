"""What is known of an unfinished upload, in a file that only grows: one checked line for each thing that changed.

A line is `crc32 json`; a torn or half-overwritten one fails its check and does not count. Later lines win, but for
`offset`, which never shrinks: its two lines have a fixed width and are overwritten in turn, so that noting it four
times a second for days costs no space and never endangers the figure noted before.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.disk.atomic import fsync_folder, told_as, told_as_gone, write_all, write_new

_SLOTS = 2


@dataclass(frozen=True)
class Noted:
    """All lines taken together, and when the last of them was written (seconds since 1970)."""

    facts: dict[str, Any]
    offset: int
    written_at: float


def begin(path: Path, facts: dict[str, Any], scratch: Path) -> None:
    """Write a new journal; it and all other names in its folder are durable when this returns."""
    write_new(path, _line(facts) + _slot(0) * _SLOTS, scratch)
    fsync_folder(path.parent)


def read(path: Path) -> Noted:
    """Read a journal. Raises FileNotFoundError, or another `StorageError`."""
    with told_as_gone("reading the notes of an upload"), path.open("rb") as file:
        content, written_at = file.read(), os.fstat(file.fileno()).st_mtime
    facts: dict[str, Any] = {}
    offset = 0
    for _, entry in _entries(content):
        offset = max(offset, entry.pop("offset", 0))
        facts |= entry
    return Noted(facts, offset, written_at)


class Journal:
    """An open journal. Whoever holds the upload notes offsets; anybody may note facts."""

    def __init__(self, path: Path) -> None:
        with told_as_gone("opening the notes of an upload"):
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        # Two descriptions of one file: pwrite(2) on one opened with O_APPEND would append.
        with told_as_gone("opening the notes of an upload"):
            self._append_fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        content = os.pread(self._fd, os.fstat(self._fd).st_size, 0)
        self._slots = [(entry["offset"], place) for place, entry in _entries(content) if "offset" in entry]
        self._torn = not content.endswith(b"\n")

    def fileno(self) -> int:
        """For locking: a newer request that wants the upload locks this file."""
        return self._fd

    def note(self, facts: dict[str, Any]) -> None:
        """Add facts; durable when this returns."""
        with told_as("noting what changed in an upload"):
            write_all(self._append_fd, b"\n" * self._torn + _line(facts))
            os.fdatasync(self._append_fd)
        self._torn = False

    def note_offset(self, offset: int) -> None:
        """Note that so many bytes are durable; this is durable itself when it returns."""
        if len(self._slots) < _SLOTS:
            self.note({"offset": offset})
            return
        self._slots.sort()
        _, place = self._slots[0]
        with told_as("noting how far an upload is"):
            os.pwrite(self._fd, _slot(offset), place)
            os.fdatasync(self._fd)
        self._slots[0] = (offset, place)

    def close(self) -> None:
        for fd in (self._fd, self._append_fd):
            os.close(fd)


def _line(entry: dict[str, Any]) -> bytes:
    text = json.dumps(entry).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _slot(offset: int) -> bytes:
    text = b'{"offset": %20d}' % offset
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _entries(content: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line that is whole, with its place in the file."""
    place = 0
    for line in content.split(b"\n"):
        check, _, text = line.partition(b" ")
        if check == b"%08x" % zlib.crc32(text):
            yield place, json.loads(text)
        place += len(line) + 1
