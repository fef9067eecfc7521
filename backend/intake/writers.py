"""Whether a process of this machine has a file open for writing, as far as /proc can tell."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_PROCESSES = Path("/proc")


def has_writer(path: Path) -> bool:
    """True when one is seen. Processes of other users, and of other machines, are not seen: False says little."""
    try:
        wanted = path.stat()
    except OSError:
        return False
    return any(_writes(process, wanted) for process in _processes())


def _processes() -> list[Path]:
    try:
        return [entry for entry in _PROCESSES.iterdir() if entry.name.isdigit()]
    except OSError:
        return []


def _writes(process: Path, wanted: os.stat_result) -> bool:
    try:
        handles = os.listdir(process / "fd")
    except OSError:
        return False  # ended, or another user's
    for handle in handles:
        with suppress(OSError, ValueError):
            if os.path.samestat((process / "fd" / handle).stat(), wanted) and _for_writing(process, handle):
                return True
    return False


def _for_writing(process: Path, handle: str) -> bool:
    lines = (process / "fdinfo" / handle).read_text().splitlines()
    flags = next(int(line.split()[1], 8) for line in lines if line.startswith("flags:"))
    return flags & os.O_ACCMODE in (os.O_WRONLY, os.O_RDWR)
