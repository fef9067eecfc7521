"""A run whose worker was killed before the sandbox could notice is ended by whoever starts next; no other is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from backend.confine.leftovers import end_leftovers, mark
from tests.services.process import living
from tests.services.waiting import wait_until

_WORKER = "import sys; from backend.confine.leftovers import mark; print(next(iter(mark().values())))"


def sleeper(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "600"], env={**os.environ, **environ}, start_new_session=True)


def mark_of_a_dead_worker() -> dict[str, str]:
    found = subprocess.run([sys.executable, "-c", _WORKER], check=True, capture_output=True, text=True)
    return {next(iter(mark())): found.stdout.strip()}


def test_what_lost_its_worker_is_ended(tmp_path: Path) -> None:
    left = sleeper(mark_of_a_dead_worker())
    try:
        end_leftovers()
        assert left.wait(30) == -9
    finally:
        left.kill()


def test_what_runs_for_a_living_worker_goes_on(tmp_path: Path) -> None:
    ours = sleeper(mark())
    unmarked = sleeper({})
    elsewhere = sleeper({name: f"{value.rpartition(':')[0]}:1" for name, value in mark_of_a_dead_worker().items()})
    try:
        end_leftovers()
        for process in (ours, unmarked, elsewhere):
            assert process.poll() is None
    finally:
        for process in (ours, unmarked, elsewhere):
            process.kill()
            process.wait()


def test_a_sandboxed_run_can_be_told_by_its_mark(tmp_path: Path) -> None:
    """Its environment is read through the walls of its own user and process namespaces."""
    command = ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "sleep", "600"]
    outer = subprocess.Popen(command, env={**os.environ, **mark_of_a_dead_worker()}, start_new_session=True)
    try:
        wait_until(lambda: len(members(outer.pid)) > 0, "the sandbox to stand")
        outer.kill()
        outer.wait()
        end_leftovers()
        wait_until(lambda: not any(living(pid) for pid in members(outer.pid)), "all of it to be gone")
    finally:
        outer.kill()
        outer.wait()


def members(group: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--sid", str(group)], check=False, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split() if int(line) != group]
