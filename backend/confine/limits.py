"""What one run may use, and how it is told that it wanted more."""

from __future__ import annotations

import math
import resource
from dataclasses import dataclass

from backend.errors import OverLimit

_MIB = 1024**2

# A program's libraries, the stacks of its threads and the allocator's reserves, before it does anything.
_OWN_BYTES = 256 * _MIB
# Read-only mappings (200 libraries, the file itself) count as address space and cost no memory.
_MAPPED_BYTES = 1024 * _MIB
# Usage looks at the processor time and ends the run first; this is for when it cannot.
_CPU_SLACK_SECONDS = 2
# ffmpeg answers SIGXCPU by ending in order, and takes three of them, one each second, before it gives up.
_ENDING_SECONDS = 10
_OPEN_FILES = 256


@dataclass(frozen=True)
class Limits:
    """What one run may use. `output_bytes` bounds each file, all it writes together, and what it prints."""

    seconds: float
    cpu_seconds: float
    memory_bytes: int
    output_bytes: int

    @property
    def data_bytes(self) -> int:
        """Private writable memory, with what a program needs for itself."""
        return self.memory_bytes + _OWN_BYTES

    def for_prlimit(self) -> list[str]:
        """As options of prlimit(1)."""
        cpu = math.ceil(self.cpu_seconds) + _CPU_SLACK_SECONDS
        return [
            f"--cpu={_within(resource.RLIMIT_CPU, cpu)}:{_within(resource.RLIMIT_CPU, cpu + _ENDING_SECONDS)}",
            f"--data={_within(resource.RLIMIT_DATA, self.data_bytes)}",
            f"--as={_within(resource.RLIMIT_AS, self.data_bytes + _MAPPED_BYTES)}",
            f"--fsize={_within(resource.RLIMIT_FSIZE, self.output_bytes)}",
            f"--nofile={_within(resource.RLIMIT_NOFILE, _OPEN_FILES)}",
            "--core=0",
        ]

    def over_seconds(self) -> OverLimit:
        return _over("seconds", self.seconds, f"It was not done within the {_duration(self.seconds)} it may take.")

    def over_cpu(self) -> OverLimit:
        needs = f"It needs more than the {_duration(self.cpu_seconds)} of processor time it may have."
        return _over("cpu", self.cpu_seconds, needs)

    def over_memory(self) -> OverLimit:
        needs = f"It needs more than the {_size(self.memory_bytes)} of memory it may have."
        return _over("memory", self.memory_bytes, needs)

    def over_output(self) -> OverLimit:
        makes = f"It would become larger than the {_size(self.output_bytes)} it may be."
        return _over("output", self.output_bytes, makes)


def _within(kind: int, wanted: int) -> int:
    """`wanted`, or what this process was given itself: nobody but root may pass on more."""
    hard = resource.getrlimit(kind)[1]
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _over(limit: str, allowed: float, words: str) -> OverLimit:
    return OverLimit(words, detail={"limit": limit, "allowed": allowed})


def _duration(seconds: float) -> str:
    if seconds < 120:
        return "1 second" if seconds == 1 else f"{seconds:g} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def _size(amount: int) -> str:
    units = {"GiB": 1024**3, "MiB": _MIB, "KiB": 1024, "bytes": 1}
    unit, factor = next((unit, factor) for unit, factor in units.items() if amount >= factor or factor == 1)
    return f"{amount / factor:.3g} {unit}"
