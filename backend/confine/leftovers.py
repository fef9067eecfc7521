"""Runs that outlived their worker: killed within the first moments of a run, it may leave a sandbox half built.

bubblewrap's inner process asks to die with its parent only once it has started; who kills both worker and outer process
before that leaves it alone. So each run carries the mark of its worker, and whoever starts next ends what lost its own.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_NAME = "HOLDFAST_WORKER"
_MARK = re.compile(r"[0-9]+:[0-9]+:[0-9]+")


def mark() -> dict[str, str]:
    """What runs of this process carry in their environment: its id, when that was given to it, and by which kernel's
    list of processes: one of another container is not ours to judge."""
    return {_NAME: f"{_started_at(os.getpid())}:{_namespace()}"}


def end_leftovers() -> int:
    """Kill the runs whose worker is gone; how many processes."""
    ended = 0
    for pid, worker in _marked():
        started_at, _, namespace = worker.rpartition(":")
        if namespace == _namespace() and _started_at(int(started_at.partition(":")[0])) != started_at:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
                ended += 1
    return ended


def _marked() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        # Those of other people cannot be read, and are not ours.
        with suppress(OSError, ValueError):
            pid = int(entry.name)
            for item in (entry / "environ").read_bytes().split(b"\0"):
                name, _, value = item.decode("ascii", "replace").partition("=")
                if name == _NAME and _MARK.fullmatch(value):
                    yield pid, value


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").stat().st_ino)


def _started_at(pid: int) -> str:
    """`pid:clock ticks since boot`, which no other process ever has; "" when it is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # Fields 3 and 22 of proc_pid_stat(5).
        if fields[0] not in "ZX":
            return f"{pid}:{fields[19]}"
    return ""
