"""The disk fails, is full, or there are no files to open: a plain 5xx, nothing partial, and well again afterwards.

The calls of one upload are found by tracing it; each is then made to fail by strace, once and for good.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.e2e.holding import House, video_bytes
from tests.services.app import AppFactory, RunningApp
from tests.services.cutting import Part, Wire, form
from tests.services.sampling import sample
from tests.services.strace import Point, changes, failing, points, traced
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

_SIZE = 300_000
_numbers = count(1)
_MAKING = ("openat", "write", "pwrite64", "link", "mkdir", "ftruncate")

# Which calls fail in this way, and the answer. SQLite does not say which error it met: see _expected.
ERRORS = {
    "ENOSPC": ((*_MAKING, "fsync", "fdatasync"), 507, "disk-full"),
    "EDQUOT": (_MAKING, 507, "disk-full"),
    "EIO": ((*_MAKING, "fsync", "fdatasync", "unlink"), 500, "disk-fault"),
    "EMFILE": (("openat",), 503, "out-of-handles"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("errors"), hearth)
    yield House(factory({"WEB_THREADS": "2"}, processes=["web"]))
    factory.close()


@pytest.fixture(scope="module")
def steps(house: House, tmp_path_factory: pytest.TempPathFactory) -> list[Point]:
    """The calls of one upload that change the disk below the storage folder."""
    _upload(house, next(_numbers))
    trace = tmp_path_factory.mktemp("trace") / "trace"
    with traced(_worker(house), trace):
        assert _upload(house, next(_numbers))[0] == 201
    return [p for p in points(trace) if changes(p) and "/storage/" in p.path]


def _worker(house: House) -> int:
    return house.app.pids("web")[-1]


def _upload(house: House, number: int) -> tuple[int, dict[str, Any]]:
    return house.upload(video_bytes(number, _SIZE), f"{number}.mp4", key=f"k{number}", project_id=f"p{number}")


def _named(house: House, number: int) -> list[str]:
    return [v["sha256"] for v in house.listed() if v["original_filename"] == f"{number}.mp4"]


@pytest.mark.parametrize("error", ERRORS)
def test_failing_call_is_answered_in_words_and_leaves_nothing_partial(
    house: House, steps: list[Point], tmp_path: Path, error: str
) -> None:
    calls, status, code = ERRORS[error]
    cases = [(step, sticky) for step in steps if step.call in calls for sticky in ("", "+")]
    refused = 0
    for step, sticky in sample(cases, 16):
        number = next(_numbers)
        fault = f"{step.call}:error={error}:when={step.number}{sticky}"
        with failing(_worker(house), [fault], output=tmp_path / "faults"):
            got, answer = _upload(house, number)
        if got == 201:
            # Only what is none of the upload's: the log, a temporary name that stays.
            assert step.call == "unlink" or not _hit(tmp_path / "faults"), fault
        else:
            refused += 1
            assert (got, answer["code"]) in _expected(step, error, status, code), fault
            assert answer["success"] is False
            assert answer["error"].endswith(".")
            assert str(house.app.home) not in answer["error"]
        _assert_no_fsync_twice(tmp_path / "faults")
        # Whole or absent already now, and after a retry there is exactly one.
        assert len(_named(house, number)) == (1 if got == 201 else 0)
        assert _upload(house, number)[0] == 201, fault
        assert len(_named(house, number)) == 1
        if step.call == "unlink":
            house.app.release()  # the sweep removes a temporary name that stayed
        house.check()
    assert refused
    house.check_catalog()


def _hit(trace: Path) -> list[str]:
    """The calls below the storage folder that were made to fail."""
    return [line for line in trace.read_text().splitlines() if "(INJECTED)" in line and "/storage/" in line]


def _expected(step: Point, error: str, status: int, code: str) -> set[tuple[int, str]]:
    if "catalog.db" not in step.path:
        # A sticky fault may meet the catalog as well, and first.
        return {(status, code), *(_sqlite(error))}
    return _sqlite(error)


def _sqlite(error: str) -> set[tuple[int, str]]:
    """SQLite tells a full disk from a failing one only where write(2) says ENOSPC."""
    fault = {(500, "disk-fault"), (503, "catalog-unavailable")}
    return {"ENOSPC": {(507, "disk-full")} | fault, "EMFILE": {(503, "out-of-handles")}}.get(error, fault)


def _assert_no_fsync_twice(trace: Path) -> None:
    synced = Counter(p.path for p in points(trace) if p.call == "fsync" and p.path.endswith((".part", ".tmp")))
    assert all(times == 1 for times in synced.values())


def test_file_whose_fsync_failed_is_not_synced_again_and_waits_in_quarantine(house: House, tmp_path: Path) -> None:
    number, trace = next(_numbers), tmp_path / "trace"
    with failing(_worker(house), ["fsync:error=EIO:when=1"], output=trace):
        status, answer = _upload(house, number)
    assert (status, answer["code"]) == (500, "disk-fault")
    (failed,) = [p for p in points(trace) if p.path.endswith(".part")]
    assert (house.storage / "quarantine" / Path(failed.path).name).read_bytes() == video_bytes(number, _SIZE)
    assert _named(house, number) == []
    house.check()


def test_every_sync_failing_for_good_acknowledges_nothing(house: House, tmp_path: Path) -> None:
    number = next(_numbers)
    faults = ["fsync:error=EIO:when=1+", "fdatasync:error=EIO:when=1+"]
    with failing(_worker(house), faults, output=tmp_path / "trace"):
        for _ in range(3):
            assert _upload(house, number)[0] >= 500
    assert _upload(house, number)[0] == 201
    assert len(_named(house, number)) == 1
    house.check()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A memory disk of 24 MiB and few inodes: really full when it is full. Needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,nr_inodes=400", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def _on(disk: Path, running_app: Any, **env: str) -> House:
    app: RunningApp = running_app({"STORAGE_PATH": str(disk / "storage"), **env}, processes=["web"])
    return House(app)


def test_disk_that_fills_up_refuses_what_does_not_fit_and_takes_what_does(running_app: Any, small_disk: Path) -> None:
    house = _on(small_disk, running_app)
    for size in (2_000_000, 40_000_000, 3_000_000, 40_000_000):
        status, answer = house.upload(video_bytes(size, size))
        assert status == (201 if size < 10_000_000 else 507), answer
        assert answer["success"] is (status == 201)
        house.check()
    assert len(house.listed()) == 2


def test_disk_that_is_full_to_the_last_byte_is_told_survives_a_restart_and_works_when_there_is_room(
    running_app: Any, small_disk: Path
) -> None:
    house = _on(small_disk, running_app)
    assert house.upload(video_bytes(1, 100_000))[0] == 201
    filler = small_disk / "filler"
    for _ in range(2):
        # Again after a restart: it empties the journal of the database.
        with filler.open("ab", buffering=0) as file:
            _fill(file.fileno())
        status, answer = house.upload(video_bytes(2, 100_000), "two.mp4", key="two")
        assert (status, answer["code"]) == (507, "disk-full")
        assert len(house.check()) == 1
        house.app.kill9("web")
        house.restart("web")
    filler.unlink()
    assert house.upload(video_bytes(2, 100_000), "two.mp4", key="two")[0] == 201
    assert len(house.check()) == 2
    house.check_catalog()


def _fill(fd: int) -> None:
    for size in (1024 * 1024, 4096, 1):
        with pytest.raises(OSError, match="No space left"):
            _write_for_ever(fd, bytes(size))


def _write_for_ever(fd: int, piece: bytes) -> None:
    while os.write(fd, piece):
        pass


def test_disk_without_inodes_is_told_as_full(running_app: Any, small_disk: Path) -> None:
    house = _on(small_disk, running_app)
    assert house.upload(video_bytes(1, 1000))[0] == 201
    crowd = small_disk / "crowd"
    crowd.mkdir()
    with pytest.raises(OSError, match="No space left"):
        _crowd(crowd)
    status, answer = house.upload(video_bytes(2, 1000))
    assert (status, answer["code"]) == (507, "disk-full")
    assert len(house.check()) == 1
    shutil.rmtree(crowd)
    assert house.upload(video_bytes(2, 1000))[0] == 201
    house.check()


def _crowd(folder: Path) -> None:
    for number in count():
        (folder / str(number)).touch()


def test_reserve_is_kept_and_refused_before_the_body_is_read(running_app: Any, small_disk: Path) -> None:
    house = _on(small_disk, running_app, MIN_FREE_BYTES=str(16 * 1024 * 1024))
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, 60_000_000)
        answer = wire.answer()
    assert answer is not None
    assert (answer.status, answer.json["code"]) == (507, "disk-full")
    assert "reserve" in answer.json["error"]
    assert house.upload(video_bytes(1, 1_000_000))[0] == 201
    with (small_disk / "filler").open("wb") as file:
        file.write(bytes(8 * 1024 * 1024))
    assert house.upload(video_bytes(2, 1000))[0] == 507
    (small_disk / "filler").unlink()
    assert house.upload(video_bytes(2, 1000))[0] == 201
    house.check()


def test_process_without_free_files_answers_in_words_and_keeps_what_it_is_receiving(running_app: Any) -> None:
    """prlimit --nofile: connections use up the descriptors; the upload that runs meanwhile is not torn down."""
    house = House(running_app({"WEB_THREADS": "4"}, processes=["web"], prefix={"web": ["prlimit", "--nofile=48"]}))
    worker = _worker(house)
    body = form(Part("video", video_bytes(1, _SIZE), "slow.mp4")).content
    with Wire(house.app.port) as slow:
        slow.begin(house.app.admin_token, len(body))
        slow.send(body[:-100])
        wait_until(house.incoming, "the upload to be under way")
        with ExitStack() as many:
            for _ in range(60):
                many.enter_context(Wire(house.app.port))
            wait_until(lambda: len(list(Path(f"/proc/{worker}/fd").iterdir())) >= 48, "the last descriptor to be taken")
            slow.send(body[-100:])
            answer = slow.answer()
            assert answer is not None, "the running upload must be answered"
            assert (answer.status, answer.json["code"]) == (503, "out-of-handles")
    # The descriptors come back as the server notices that their connections are closed.
    wait_until(lambda: _is_taken(house), "an upload to be taken again")
    assert _worker(house) == worker, "the process must not have ended"
    house.check()


def _is_taken(house: House) -> bool:
    with suppress(urllib3.exceptions.HTTPError):
        return house.upload(video_bytes(2, _SIZE))[0] == 201
    return False
