"""Room on the disk for copies that are being prepared: what others were promised, and have not used yet, is taken."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from backend.disk.atomic import free_bytes, told_as_gone
from backend.disk.layout import Layout
from backend.disk.locks import lock

NAME = "edge-"
_PROMISE = "promised"


def take_room(layout: Layout, workspace: Path, needs_bytes: int, reserve_bytes: int) -> int | None:
    """Promise the bytes to the preparation that works in this scratch folder, whose name has `NAME` in it, as long as
    that lives. Returns how many are free where those would not leave `reserve_bytes`, else None."""
    with lock(layout, "edge", "room"):
        others = (path for path in layout.incoming.glob(f"*{NAME}*") if path != workspace)
        free = max(0, free_bytes(layout.incoming) - sum(map(_outstanding, others)))
        if free < reserve_bytes + needs_bytes:
            return free
        (workspace / _PROMISE).write_text(str(needs_bytes))
        return None


def _outstanding(folder: Path) -> int:
    """What the preparation in this folder may still write; nothing once its process is gone."""
    try:
        with told_as_gone("looking at what is being prepared"):
            if not _is_worked_in(folder):
                return 0
            used = sum(path.stat().st_size for path in folder.iterdir())
            return max(0, int((folder / _PROMISE).read_text() or 0) - used)
    except FileNotFoundError:
        return 0  # it is over, or has not asked yet


def _is_worked_in(folder: Path) -> bool:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
