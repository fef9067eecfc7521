"""Long takes to send, and the proof that they arrived: byte by byte on disk, and once."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from tests.services.app import RunningApp

MIB = 1024 * 1024
_HEAD = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
_STAMP_BYTES = 4096


def take(path: Path, size_bytes: int) -> Path:
    """A file of random bytes that begins as an MP4 does."""
    path.write_bytes(_HEAD + secrets.token_bytes(size_bytes - len(_HEAD)))
    return path


def sparse_take(path: Path, size_bytes: int) -> Path:
    """The same with holes: a random stamp in each MiB, elsewhere zeros that need no room on disk."""
    with path.open("wb") as file:
        file.write(_HEAD)
        for at in range(MIB, size_bytes - _STAMP_BYTES, MIB):
            file.seek(at + secrets.randbelow(MIB - 2 * _STAMP_BYTES))
            file.write(secrets.token_bytes(_STAMP_BYTES))
        file.seek(size_bytes - _STAMP_BYTES)
        file.write(secrets.token_bytes(_STAMP_BYTES))
    return path


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def expect_whole(app: RunningApp, source: Path, name: str = "") -> None:
    """One video of this name is there, and it is `source`, byte by byte, on disk and in the catalog."""
    answer = app.request("GET", "/api/videos/list?limit=200")
    (video,) = [each for each in answer.json()["videos"] if each["original_filename"] == (name or source.name)]
    (stored,) = app.storage_path.glob(f"**/{video['stored_filename']}")
    expected = digest(source)
    assert (digest(stored), video["sha256"], video["size_bytes"]) == (expected, expected, source.stat().st_size)
