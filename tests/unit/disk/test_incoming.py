"""A file while it arrives: hashed on the way, alive as long as its process is, kept when the disk failed on it."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from backend.disk.incoming import IncomingFile, discard_abandoned, is_abandoned
from backend.disk.layout import Layout
from backend.errors import DiskFault, DiskFull
from tests.services.waiting import wait_until
from tests.unit.disk.border import Border

PIECES = [bytes([n]) * 700_000 for n in range(8)]


def test_digest_is_that_of_the_bytes_on_disk_however_they_came(layout: Layout) -> None:
    file = IncomingFile(layout, "a")
    for piece in PIECES:
        file.write(piece)
    digests = file.seal()
    whole = b"".join(PIECES)
    assert digests == (hashlib.sha256(whole).hexdigest(), hashlib.sha1(whole, usedforsecurity=False).hexdigest())
    assert file.path.read_bytes() == whole
    assert file.size_bytes == file.path.stat().st_size == sum(map(len, PIECES))
    assert file.head(3) == b"\0\0\0"
    file.drop()
    assert not any(layout.incoming.iterdir())


def test_arriving_file_is_alive_until_it_is_closed(layout: Layout) -> None:
    file = IncomingFile(layout, "a")
    assert not is_abandoned(file.path)
    assert not discard_abandoned(file.path)
    assert file.path.exists()
    file.close()
    assert is_abandoned(file.path)
    assert discard_abandoned(file.path)
    assert not file.path.exists()


def test_file_that_is_gone_is_not_abandoned(layout: Layout) -> None:
    assert not is_abandoned(layout.incoming / "gone.part")
    assert not discard_abandoned(layout.incoming / "gone.part")


def test_file_of_a_killed_process_is_abandoned(layout: Layout) -> None:
    child = multiprocessing.get_context("fork").Process(target=_write_and_wait, args=(layout.root,), daemon=True)
    child.start()
    path = layout.incoming / "child.part"
    wait_until(lambda: path.exists() and path.stat().st_size > 0, "the child to write")
    assert not is_abandoned(path)
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert is_abandoned(path)


def _write_and_wait(root: Path) -> None:
    IncomingFile(Layout(root), "child").write(b"bytes")
    threading.Event().wait()


def test_sweep_that_comes_between_creation_and_lock_costs_the_upload_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open
    came: list[bool] = []

    def open_then_swept(path: Path, flags: int, *rest: int) -> int:
        fd = real(path, flags, *rest)
        if flags & os.O_CREAT and not came:
            came.append(discard_abandoned(Path(path)))
        return fd

    monkeypatch.setattr(os, "open", open_then_swept)
    file = IncomingFile(layout, "a")
    assert came == [True]
    assert file.path.exists()
    assert not is_abandoned(file.path)
    file.drop()


def test_sweeping_all_the_time_never_takes_a_living_file(layout: Layout) -> None:
    over = threading.Event()

    def sweep() -> None:
        while not over.is_set():
            for path in layout.incoming.iterdir():
                discard_abandoned(path)

    sweepers = [threading.Thread(target=sweep) for _ in range(3)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        for number in range(300):
            file = IncomingFile(layout, str(number))
            file.write(b"x")
            assert file.path.exists()
            file.drop()
    finally:
        over.set()
        for sweeper in sweepers:
            sweeper.join()


@pytest.mark.parametrize("step", ["write", "fsync"])
def test_file_on_which_the_disk_failed_is_kept_for_a_person(layout: Layout, border: Border, step: str) -> None:
    file = IncomingFile(layout, "a")
    border.fail_when(lambda call: call.name == step, errno.EIO)
    with pytest.raises(DiskFault):
        _write_and_seal(file)
    assert file.faulty
    assert border.names().count(step) == 1
    border.heal()
    assert file.set_aside() == layout.quarantine / "a.part"
    assert not file.path.exists()


def test_full_disk_is_no_fault_of_the_file(layout: Layout, border: Border) -> None:
    file = IncomingFile(layout, "a")
    border.fail_when(lambda call: call.name == "write", errno.ENOSPC)
    with pytest.raises(DiskFull):
        _write_and_seal(file)
    assert not file.faulty
    file.drop()


def _write_and_seal(file: IncomingFile) -> None:
    file.write(b"bytes")
    file.seal()


def test_two_uploads_never_share_a_file(layout: Layout) -> None:
    file = IncomingFile(layout, "a")
    with pytest.raises(FileExistsError):
        IncomingFile(layout, "a")
    file.drop()


def test_no_file_is_left_open_however_an_upload_ends(layout: Layout, border: Border) -> None:
    def opened() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before, threads = opened(), threading.active_count()
    for ending in (IncomingFile.drop, IncomingFile.set_aside, IncomingFile.close):
        file = IncomingFile(layout, ending.__name__)
        file.write(b"x" * 5_000_000)
        ending(file)
    border.fail_when(lambda call: call.name in ("rename", "unlink"), errno.EIO)
    IncomingFile(layout, "b").drop()
    with pytest.raises(DiskFault):
        IncomingFile(layout, "c").set_aside()
    border.heal()
    assert opened() == before
    assert threading.active_count() == threads
