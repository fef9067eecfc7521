"""The zip of an export with several files: stored, and each byte of it decided by the manifest and the contents.

Written by ourselves (PKWARE's APPNOTE 6.3.10), since proving it years later must not hang on how some library of that
day would write one. The manifest comes first, then the files in its order; no times, one set of flags, no comments.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.disk.atomic import told_as, write_all
from backend.errors import BadField, StorageError

MANIFEST_NAME = "manifest.jws"
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_END_64, _LOCATOR_64 = b"PK\x06\x06", b"PK\x06\x07"
_UTF_8, _STORED, _FIRST_DAY = 0x0800, 0, 0x0021  # 1980-01-01, 00:00
_PLAIN, _LARGE = 20, 45
_BY_UNIX, _MODE = 3 << 8, 0o100644 << 16
_MOST_32 = 0xFFFFFFFF
_MOST_MANIFEST_BYTES = 256 * 1024**2
_STEP_BYTES = 1024**2


@dataclass(frozen=True)
class Entry:
    name: str
    size_bytes: int
    crc: int
    offset: int


@dataclass(frozen=True)
class Member:
    """A file that is to be in it, or should be. `sha256`: 64 hex digits."""

    name: str
    size_bytes: int
    sha256: str


def write(final: Path, manifest: str, members: Sequence[tuple[Member, Path]], check: Callable[[], None]) -> None:
    """Write it whole and durable. `check` is called often and may raise. Raises `StorageError` when a file changed."""
    with told_as("writing an export"):
        fd = os.open(final, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    try:
        entries = [_write_text(fd, manifest)]
        for member, path in members:
            entries.append(_write_file(fd, member, path, check))
        write_all(fd, _tail(entries))
        with told_as("making an export durable"):
            os.fsync(fd)
    finally:
        os.close(fd)


def _write_text(fd: int, manifest: str) -> Entry:
    text = manifest.encode("ascii")
    entry = Entry(MANIFEST_NAME, len(text), zlib.crc32(text), 0)
    write_all(fd, _local(entry) + text)
    return entry


def _write_file(fd: int, member: Member, path: Path, check: Callable[[], None]) -> Entry:
    offset = os.lseek(fd, 0, os.SEEK_CUR)
    write_all(fd, _local(Entry(member.name, member.size_bytes, 0, offset)))
    crc, digest, size = 0, hashlib.sha256(), 0
    with told_as("reading an export's file"), path.open("rb", buffering=0) as file:
        for piece in _pieces(file, None):
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            digest.update(piece)
            write_all(fd, piece)
            check()
    if (size, digest.hexdigest()) != (member.size_bytes, member.sha256):
        raise StorageError("A file of the export changed on the disk before it was packed. It is made again.")
    entry = Entry(member.name, size, crc, offset)
    with told_as("writing an export"):
        os.pwrite(fd, _local(entry), offset)
    return entry


def manifest_of(file: BinaryIO) -> str:
    """The manifest of an archive, which lies at its beginning. Raises `BadField`."""
    fixed = len(_local(Entry(MANIFEST_NAME, 0, 0, 0)))
    file.seek(0)
    head = file.read(fixed)
    size = struct.unpack("<I", head[18:22])[0] if len(head) == fixed else 0
    if not 0 < size <= _MOST_MANIFEST_BYTES:
        raise BadField("This zip does not begin with the manifest of an export.")
    try:
        return file.read(size).decode("ascii")
    except UnicodeDecodeError:
        raise BadField("The manifest in this zip was changed.") from None


def check(file: BinaryIO, manifest: str, members: Sequence[Member]) -> None:
    """Raises `BadField` unless each byte of the archive is as this manifest and these members make it."""
    file.seek(0)
    text = manifest.encode("ascii")
    entries = [Entry(MANIFEST_NAME, len(text), zlib.crc32(text), 0)]
    _same(file, _local(entries[0]) + text, "its manifest")
    entries.extend(_check_file(file, member) for member in members)
    _same(file, _tail(entries), "its list of files")
    if file.read(1):
        raise BadField("Bytes were added behind the end of this zip.")


def _check_file(file: BinaryIO, member: Member) -> Entry:
    offset = file.tell()
    head = file.read(len(_local(Entry(member.name, member.size_bytes, 0, offset))))
    crc, digest, size = 0, hashlib.sha256(), 0
    for piece in _pieces(file, member.size_bytes):
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        digest.update(piece)
    entry = Entry(member.name, size, crc, offset)
    if size != member.size_bytes or digest.hexdigest() != member.sha256:
        raise BadField(f"The file {member.name} in this zip is not the one that was signed.")
    if head != _local(entry):
        raise BadField(f"What stands before {member.name} in this zip was changed.")
    return entry


def _same(file: BinaryIO, expected: bytes, what: str) -> None:
    if file.read(len(expected)) != expected:
        raise BadField(f"This zip was changed: {what} is not as it was written.")


def _pieces(file: BinaryIO, size: int | None) -> Iterator[bytes]:
    left = size
    while left is None or left > 0:
        piece = file.read(_STEP_BYTES if left is None else min(_STEP_BYTES, left))
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece


def _local(entry: Entry) -> bytes:
    large, name = entry.size_bytes >= _MOST_32, entry.name.encode()
    extra = struct.pack("<HHQQ", 1, 16, entry.size_bytes, entry.size_bytes) if large else b""
    size = _MOST_32 if large else entry.size_bytes
    version = _LARGE if large else _PLAIN
    times = (0, _FIRST_DAY)
    head = struct.pack("<HHHHHIIIHH", version, _UTF_8, _STORED, *times, entry.crc, size, size, len(name), len(extra))
    return _LOCAL + head + name + extra


def _central(entry: Entry) -> bytes:
    name, large = entry.name.encode(), entry.size_bytes >= _MOST_32
    far = entry.offset >= _MOST_32
    wide = ([entry.size_bytes] * 2 if large else []) + ([entry.offset] if far else [])
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    size, offset = _MOST_32 if large else entry.size_bytes, _MOST_32 if far else entry.offset
    version = _LARGE if wide else _PLAIN
    made = (_BY_UNIX | version, version, _UTF_8, _STORED, 0, _FIRST_DAY)
    head = struct.pack("<HHHHHHIIIHHHHHII", *made, entry.crc, size, size, len(name), len(extra), 0, 0, 0, _MODE, offset)
    return _CENTRAL + head + name + extra


def _tail(entries: Sequence[Entry]) -> bytes:
    last = entries[-1]
    start = last.offset + len(_local(last)) + last.size_bytes
    central = b"".join(map(_central, entries))
    count, size, wide = len(entries), len(central), b""
    if start >= _MOST_32:
        end = struct.pack("<QHHIIQQQQ", 44, _BY_UNIX | _LARGE, _LARGE, 0, 0, count, count, size, start)
        wide = _END_64 + end + _LOCATOR_64 + struct.pack("<IQI", 0, start + size, 1)
    return central + wide + _END + struct.pack("<HHHHIIH", 0, 0, count, count, size, min(start, _MOST_32), 0)
