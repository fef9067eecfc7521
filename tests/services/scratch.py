"""Folders for the data of test servers, outside pytest's own: another account must reach them, and they are large."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 2 << 30


def memory_disk() -> Path | None:
    """Where files need no disk, when there is such a place and it has room: a container's is often tiny."""
    room = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES
    return _MEMORY if room else None


def scratch_folder(kind: str, *, parent: Path | None = None, user: str | None = None) -> Path:
    """A new folder that belongs to `user`. Those that a killed test run left behind are removed."""
    place = parent or Path(tempfile.gettempdir())
    for old in place.glob(f"holdfast-{kind}-*"):
        maker = old.name.split("-")[2]
        if not Path("/proc", maker).exists():
            # It may be another person's: theirs to remove, then.
            shutil.rmtree(old, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"holdfast-{kind}-{os.getpid()}-", dir=place))
    if user:
        shutil.chown(folder, user)
    return folder
