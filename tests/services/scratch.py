"""Folders for the data of test servers, outside pytest's own: another account must reach them, and they are large."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


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
