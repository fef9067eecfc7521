"""A process that puts one file and can be killed in the middle: `put_process.py JOB.json`.

It writes "at N" whenever N bytes are at the remote, and with `stop_at_bytes` waits there to be killed. Its last
line is "done PROOF", "failed CODE MESSAGE" or missing; with `quiet` it is the only one.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backend.errors import TargetError
from backend.targets.base import Source
from backend.targets.config_table import read_table
from backend.targets.registry import build_target


class KeptOnDisk:
    """A transfer whose resume state outlives the process."""

    def __init__(self, state: Path, stop_at_bytes: int | None, quiet: bool) -> None:
        self._state = state
        self._quiet = quiet
        self._stop_at_bytes = stop_at_bytes

    @property
    def is_first(self) -> bool:
        return False

    @property
    def resume(self) -> Mapping[str, Any]:
        return dict(json.loads(self._state.read_text())) if self._state.exists() else {}

    def save_resume(self, state: Mapping[str, Any]) -> None:
        fresh = self._state.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._state)

    def advance(self, done_bytes: int) -> None:
        if not self._quiet:
            sys.stdout.write(f"at {done_bytes}\n")
            sys.stdout.flush()
        if self._stop_at_bytes is not None and done_bytes >= self._stop_at_bytes:
            threading.Event().wait()


def main(job_path: str) -> None:
    job = json.loads(Path(job_path).read_text())
    problems: list[str] = []
    config = read_table(job["table"], "job", problems)
    assert config is not None, problems
    source = Source(**{**job["source"], "path": Path(job["source"]["path"])})
    transfer = KeptOnDisk(Path(job["state"]), job["stop_at_bytes"], job["quiet"])
    try:
        copy = build_target(config).put(source, job["key"], transfer)
    except TargetError as error:
        sys.stdout.write(f"failed {error.code} {error.message}\n")
        sys.exit(1)
    sys.stdout.write(f"done {json.dumps({'proof': dict(copy.proof), 'peak_kib': peak_kib()})}\n")


def peak_kib() -> int:
    """The most memory this process ever had. (ru_maxrss would count the parent's, before exec, too.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(sys.argv[1])
