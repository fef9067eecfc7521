"""The folder of counters: what ended processes counted is kept once, wherever a fold is killed."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backend.metrics.folder import COUNTERS, NEWEST, Folder, Values

_LIVES = (
    "import sys; from pathlib import Path; from backend.metrics.folder import Folder; f = Folder(Path(sys.argv[1]));"
)
_LIVES += "c = f.locked(); c.__enter__(); print(f.begin(), flush=True); c.__exit__(None, None, None); sys.stdin.read()"


def read(path: Path) -> Values:
    text = path.read_bytes().rstrip(b"\0")
    return dict(json.loads(text)) if text else {}


def write(path: Path, values: Values) -> None:
    path.write_text(json.dumps(values))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "metrics").mkdir()
    return Folder(tmp_path / "metrics")


def left_behind(folder: Folder, name: str, kind: str = COUNTERS, **values: float) -> Path:
    path = folder.path / f"{kind}_{name}.db"
    write(path, values)
    return path


def told(folder: Folder) -> Values:
    """What is added up over all files."""
    total: Values = {}
    for path in folder.files():
        for key, value in read(path).items():
            total[key] = total.get(key, 0.0) + value
    return total


def fold(folder: Folder) -> None:
    with folder.locked():
        folder.fold(read, write)


@pytest.fixture
def process(folder: Folder) -> Iterator[Callable[[], tuple[str, subprocess.Popen[str]]]]:
    begun: list[subprocess.Popen[str]] = []

    def begin() -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-c", _LIVES, str(folder.path)]
        begun.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert begun[-1].stdout is not None
        return begun[-1].stdout.readline().strip(), begun[-1]

    yield begin
    for one in begun:
        one.kill()
        one.communicate()


def test_what_ended_processes_counted_becomes_one_file_with_the_same_sums(folder: Folder) -> None:
    for number in range(5):
        left_behind(folder, f"{number}-x", a=number, b=1)
        left_behind(folder, f"{number}-x", NEWEST, beat=number)
    fold(folder)
    assert [path.name for path in folder.files()] == ["counter_ended.db", "gauge_max_ended.db"]
    assert told(folder) == {"a": 10, "b": 5, "beat": 4}
    left_behind(folder, "6-x", a=1)
    fold(folder)
    assert told(folder) == {"a": 11, "b": 5, "beat": 4}


def test_files_of_the_living_stay_until_a_kill_and_are_folded_after_it(
    folder: Folder, process: Callable[[], tuple[str, subprocess.Popen[str]]]
) -> None:
    left_behind(folder, "1-x", a=1)
    left_behind(folder, "2-x", a=1)
    name, living = process()
    fold(folder)
    mine = folder.path / f"{COUNTERS}_{name}.db"
    assert mine.exists()
    folder.clear()
    assert mine.exists()
    living.send_signal(signal.SIGKILL)
    living.wait()
    left_behind(folder, "3-x", a=1)
    fold(folder)
    assert not mine.exists()


def test_two_processes_with_one_number_have_files_of_their_own(folder: Folder) -> None:
    with folder.locked():
        assert folder.begin() != folder.begin()
    assert len({path.name for path in folder.files()}) == 6


def test_room_is_taken_at_once(folder: Folder) -> None:
    with folder.locked():
        folder.begin()
    for path in folder.files():
        assert path.stat().st_blocks * 512 >= path.stat().st_size > 0


def test_without_room_nothing_is_left_behind(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def full(descriptor: int, offset: int, size: int) -> None:
        taken.append(size)
        if len(taken) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with folder.locked(), pytest.raises(OSError, match="No space left"):
        folder.begin()
    assert folder.files() == []


class Killed(Exception):
    """In place of kill -9, at one of the steps of a fold."""


@pytest.mark.parametrize("step", range(12))
def test_a_fold_that_is_killed_anywhere_neither_loses_nor_doubles_anything(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    left_behind(folder, "ended", a=100)
    for number in range(3):
        left_behind(folder, f"{number}-x", a=1)
    done = 0

    def counted(original: Callable[..., object]) -> Callable[..., object]:
        def act(self: Path, *arguments: object, **options: object) -> object:
            nonlocal done
            done += 1
            if done > step:
                raise Killed
            return original(self, *arguments, **options)

        return act

    with monkeypatch.context() as patch:
        for name in ("rename", "unlink", "write_text"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        with suppress(Killed):
            fold(folder)
    fold(folder)
    assert told(folder) == {"a": 103}
    assert [path.name for path in folder.files()] == ["counter_ended.db"]
    assert {path.name for path in folder.path.iterdir()} <= {"counter_ended.db", "lock"}


def test_clear_forgets_what_was_counted(folder: Folder) -> None:
    left_behind(folder, "1-x", a=1)
    left_behind(folder, "ended", a=1)
    (folder.path / "counter.tmp").write_text("{}")
    (folder.path / "fold.json").write_text("{}")
    folder.clear()
    assert {path.name for path in folder.path.iterdir()} == {"lock"}


def test_one_at_a_time_is_at_work_in_it(folder: Folder) -> None:
    with folder.locked():
        other = os.open(folder.path / "lock", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
