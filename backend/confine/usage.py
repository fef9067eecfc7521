"""What the processes of a run use, as the kernel counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from backend.confine.limits import Limits

_TICKS = os.sysconf("SC_CLK_TCK")
_NEARLY = 0.9
# An allocation that is refused may have been a large one: well below the limit is near it.
_NEAR_MEMORY = 0.6


class Usage:
    """Processor time and memory of the started process and all below it.

    The kernel's own limits hold in any case; this ends a run at its limit even when ffmpeg takes its time about it,
    and tells afterwards why one failed that does not say so itself.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._cpu_seconds = 0.0
        self._data_bytes = 0

    def check(self, pid: int) -> None:
        """Raises `OverLimit` when it had more processor time than it may."""
        cpu, data = 0.0, 0
        for process in _tree(pid):
            cpu += _cpu_seconds(process)
            data = max(data, _data_bytes(process))
        self._cpu_seconds = max(self._cpu_seconds, cpu)
        self._data_bytes = max(self._data_bytes, data)
        if cpu > self._limits.cpu_seconds:
            raise self._limits.over_cpu()

    @property
    def near_cpu(self) -> bool:
        return self._cpu_seconds >= _NEARLY * self._limits.cpu_seconds

    @property
    def near_memory(self) -> bool:
        return self._data_bytes >= _NEAR_MEMORY * self._limits.data_bytes


def _tree(pid: int) -> Iterator[int]:
    yield pid
    # Without bubblewrap there is but one; its inner processes are started by the main thread of each.
    with suppress(OSError, ValueError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from _tree(int(child))


def _cpu_seconds(pid: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS  # utime, stime
    return 0.0


def _data_bytes(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0
