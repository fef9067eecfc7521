"""Reading a stored file again: every way in which it can be wrong has its name, and trouble of ours accuses no file."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from backend.disk.reread import Harm, read_again
from backend.errors import OutOfHandles

CONTENT = os.urandom(3 * 1024 * 1024 + 7)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(CONTENT)
    return path


def harm(path: Path) -> Harm | None:
    return read_again(path, len(CONTENT), SHA256).harm


def test_a_whole_file_is_read_to_its_end_and_each_piece_is_told(place: Path) -> None:
    told: list[int] = []
    reading = read_again(place, len(CONTENT), SHA256, told.append)
    assert (reading.harm, reading.read_bytes, sum(told)) == (None, len(CONTENT), len(CONTENT))
    assert (reading.links, reading.inode) == (1, (place.stat().st_dev, place.stat().st_ino))


@pytest.mark.parametrize("at", [0, 1024 * 1024, len(CONTENT) - 1])
def test_one_flipped_bit_is_a_change_wherever_it_is(place: Path, at: int) -> None:
    rotten = bytearray(CONTENT)
    rotten[at] ^= 128
    place.write_bytes(rotten)
    assert harm(place) is Harm.CHANGED


def test_each_other_harm_has_its_name(place: Path, tmp_path: Path) -> None:
    place.write_bytes(CONTENT[:-1])
    assert harm(place) is Harm.SHORTENED
    place.write_bytes(CONTENT + b"x")
    assert harm(place) is Harm.GROWN
    place.unlink()
    assert harm(place) is Harm.MISSING
    assert harm(tmp_path / "no folder" / "a.mp4") is Harm.MISSING
    place.mkdir()
    assert harm(place) is Harm.UNREADABLE
    place.rmdir()
    os.mkfifo(place)
    assert harm(place) is Harm.UNREADABLE, "and nobody waits for a writer"


def test_a_disk_that_cannot_read_says_where_and_why(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.preadv

    def failing(fd: int, buffers: list[memoryview], offset: int) -> int:
        if offset >= 1024 * 1024:
            raise OSError(errno.EIO, "Input/output error")
        return real(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", failing)
    reading = read_again(place, len(CONTENT), SHA256)
    assert reading.harm is Harm.UNREADABLE
    assert reading.words.startswith("The disk could not read it (EIO after 1")


def test_too_many_open_files_are_no_fault_of_the_file(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(OutOfHandles):
        read_again(place, len(CONTENT), SHA256)


def test_what_the_kernel_keeps_of_it_is_dropped_before_it_is_read(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    real = os.preadv

    def advise(_fd: int, offset: int, length: int, advice: int) -> None:
        assert advice == os.POSIX_FADV_DONTNEED
        calls.append(f"drop {offset} {length}")

    def read(fd: int, buffers: list[memoryview], offset: int) -> int:
        calls.append("read")
        return real(fd, buffers, offset)

    monkeypatch.setattr(os, "posix_fadvise", advise)
    monkeypatch.setattr(os, "preadv", read)
    assert harm(place) is None
    assert calls[:2] == ["drop 0 0", "read"]
