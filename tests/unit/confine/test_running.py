"""One run: pipes never fill up, and nothing is left alive, whatever the program does. Plain shell stands for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.confine import SOURCE, Confinement
from backend.confine.running import Ended, living, run
from backend.errors import MediaError
from tests.services.process import children
from tests.services.waiting import wait_until
from tests.unit.confine.conftest import AMPLE
from tests.unit.confine.test_door import ENDLESS

ROOT = Path(__file__).resolve().parents[3]


class Enough(Exception):
    pass


def shell(
    script: str, *, take: Callable[[bytes], None] = lambda _: None, look: Callable[[int], None] = lambda _: None
) -> Ended:
    return run(["sh", "-c", script], cwd="/", environ={"PATH": "/usr/bin:/bin"}, take=take, look=look)


def test_both_pipes_are_drained_and_standard_error_is_kept_to_its_end() -> None:
    taken: list[int] = []
    script = "head -c 20000000 /dev/zero; head -c 20000000 /dev/zero >&2; echo the end >&2; exit 3"
    ended = shell(script, take=lambda chunk: taken.append(len(chunk)))
    assert sum(taken) == 20_000_000
    assert ended.code == 3
    assert ended.said.endswith("the end\n")
    assert len(ended.said) == 65536


def test_a_program_that_closes_its_pipes_is_still_watched() -> None:
    until = time.monotonic() + 0.3

    def look(_pid: int) -> None:
        if time.monotonic() > until:
            raise Enough

    with pytest.raises(Enough):
        shell("exec >&- 2>&-; exec sleep 60", look=look)


def test_what_it_left_running_is_killed_when_it_ends() -> None:
    pids: list[int] = []
    ended = shell("sleep 60 & sleep 61 & echo done", look=pids.append)
    assert ended.code == 0
    assert list(living(pids[0])) == []


def test_a_whole_tree_that_ignores_signals_is_killed() -> None:
    pids: list[int] = []

    def look(pid: int) -> None:
        pids.append(pid)
        if len(list(living(pid))) >= 4:
            raise Enough

    with pytest.raises(Enough):
        shell("trap '' TERM INT HUP; (trap '' TERM; sleep 60; true) & (sleep 60; true) & wait", look=look)
    assert list(living(pids[0])) == []


def test_a_stopped_program_is_killed_too() -> None:
    pids: list[int] = []

    def look(pid: int) -> None:
        pids.append(pid)
        if "T" in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]:
            raise Enough

    with pytest.raises(Enough):
        shell("kill -STOP $$", look=look)
    assert list(living(pids[0])) == []


def test_a_program_that_is_not_there_is_told() -> None:
    with pytest.raises(MediaError, match="could not be started"):
        run(["/nowhere/x"], cwd="/", environ={}, take=lambda _: None, look=lambda _: None)


@pytest.mark.parametrize("bubblewrap", [True, False])
def test_ffmpeg_dies_with_a_worker_that_is_killed(bubblewrap: bool, video: Path, workspace: Path) -> None:
    script = (
        "from pathlib import Path; from backend.confine import Confinement, Limits; "
        f"Confinement(bubblewrap={bubblewrap}).ffmpeg({ENDLESS}, source=Path({str(video)!r}),"
        f" workspace=Path({str(workspace)!r}), limits=Limits(300, 300, 2**30, 2**30),"
        " on_progress=lambda seconds: print(seconds, flush=True))"
    )
    worker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline()
        (child,) = children(worker.pid)
        group = list(living(child))
        assert len(group) >= 1
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()
    wait_until(lambda: not any(living(child)), "ffmpeg to be gone with its worker")
    assert not any(Path(f"/proc/{pid}/exe").exists() for pid in group)


def test_many_runs_leave_no_descriptor_and_no_process(video: Path) -> None:
    tools = Confinement()
    limits_seen = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(MediaError):
            tools.ffprobe(["-select_streams", "bad:::", "-i", SOURCE], source=video, limits=AMPLE)
    assert len(list(Path("/proc/self/fd").iterdir())) == limits_seen
