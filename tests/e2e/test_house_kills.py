"""kill -9 before every system call of `cleanup-exec --rules`: the next start brings what was begun to a right end.

The real program in a process of its own, SQLite's calls included; its calls are found by tracing one run. A sample in
usual runs, all of them under TORTURE=1 (scripts/torture).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog.models import Video
from backend.retention.rules import Retention
from tests.services.ledger import Ledger, folder_place
from tests.services.process import find_program
from tests.services.sampling import sample
from tests.services.strace import CHANGING, changes, points

ROOT = Path(__file__).resolve().parents[2]
RULES = """
[[rule]]
name = "short"
project = "short"
expire_after_days = 0.0000001
[[rule]]
name = "all"
keep_local_days = 0
"""
PROJECTS = ("short", "films", "held")


def content(number: int) -> bytes:
    return b"\x00\x00\x00\x18ftypmp42" + bytes([number]) * 5000


def opened(home: Path) -> Ledger:
    return Ledger.open(home, f"sqlite:///{home / 'catalog.db'}", folder_place(home / "nas"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three delivered videos that rules apply to, one of them held."""
    home = tmp_path_factory.mktemp("house")
    Ledger.fresh(home, f"sqlite:///{home / 'catalog.db'}").services.close()
    ledger = opened(home)
    ids = [ledger.add(content(n), f"{project}.mp4", project_id=project) for n, project in enumerate(PROJECTS)]
    with ledger.worker():
        ledger.wait_for("delivered", len(ids), "nas")
    ledger.services.holder.hold(ids[2], "court")
    ledger.services.close()
    (home / "retention.toml").write_text(RULES)
    return home


def apply_rules(home: Path, *before: str) -> int:
    """The real program, in a process of its own; its exit code."""
    target = f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{home / "nas"}"\n'
    (home / "targets.toml").write_text(target)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environ = {
        **kept, "STORAGE_PATH": str(home / "storage"), "LOG_DIR": str(home / "logs"), "MIN_FREE_BYTES": "0",
        "DATABASE_URL": f"sqlite:///{home / 'catalog.db'}", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = [*before, sys.executable, "-m", "backend", "cleanup-exec", "--rules", "--yes"]
    return subprocess.run(command, cwd=home, env=environ, check=False, stdout=subprocess.DEVNULL).returncode


def states(ledger: Ledger) -> dict[str, tuple[str, bool]]:
    """Each video's local state and whether it is trashed; every one is whole here, or pruned and on the second disk."""
    found: dict[str, tuple[str, bool]] = {}
    with ledger.database.read() as session:
        videos = list(session.scalars(select(Video)))
    for video in videos:
        doc, here = ledger.sidecar(video.id), ledger.path(video.id)
        copy = ledger.home / "nas" / video.relative_path.removeprefix("uploads/project_")
        right = content(PROJECTS.index(video.project_id))
        assert copy.read_bytes() == right
        assert (video.local_state == "present") == here.exists()
        assert not here.exists() or here.read_bytes() == right
        found[video.project_id] = (doc.local.state, doc.video.trashed_at is not None)
    assert len(found) == len(PROJECTS)
    assert found["held"] == ("present", False)
    return found


def test_rules_killed_at_any_step_are_finished_by_the_next_run(template: Path, tmp_path: Path) -> None:
    strace, trace = find_program("strace", package="strace"), tmp_path / "trace"
    counted = shutil.copytree(template, tmp_path / "counted")
    watch = ("-y", "-s", "0", "-o", str(trace), "-e", f"trace={','.join(CHANGING)}")
    assert apply_rules(counted, strace, "-f", "-qq", *watch) == 0
    done = {"short": ("present", True), "films": ("pruned", False), "held": ("present", False)}
    assert states(opened(counted)) == done
    steps = {(p.call, p.number): p for p in points(trace) if changes(p) and str(counted) in p.path}
    steps = {key: p for key, p in steps.items() if "/logs/" not in p.path}
    assert {"unlink", "rename", "fsync"} <= {call for call, _ in steps}
    killed, chosen = 0, sample(list(steps.values()), 4)
    for number, step in enumerate(chosen):
        home = shutil.copytree(template, tmp_path / str(number))
        kill = ("-o", "/dev/null", "-e", f"trace={step.call}")
        kill_here = ("-e", f"inject={step.call}:signal=KILL:when={step.number}")
        killed += apply_rules(home, strace, "-f", "-qq", *kill, *kill_here) != 0
        ledger = opened(home)
        ledger.remover.finish_interrupted()
        ledger.services.recovery.sweep()
        states(ledger)
        rules = Retention.load(home / "retention.toml", [])
        for _ in replace(ledger.services.housekeeper, retention=rules).run():
            states(ledger)
        assert states(ledger) == done
        ledger.services.close()
        shutil.rmtree(home)
    assert killed >= len(chosen) * 0.6, "the kills must have hit the work"
