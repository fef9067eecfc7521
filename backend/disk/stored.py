"""A stored file: whether it is what was saved, and putting good bytes in the place of bad or lost ones."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from backend.disk.atomic import TEMPORARY_SUFFIX, forget, fsync_folder, make_folder, told_as
from backend.disk.digest import sha256_of
from backend.disk.layout import Layout
from backend.errors import StorageError


def size_of(path: Path) -> int | None:
    """Bytes of the file; None when there is none."""
    with told_as("looking at a file"):
        try:
            return path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return None


def is_good(path: Path, size_bytes: int, sha256: str) -> bool:
    """True when the file, read just now, holds exactly these bytes."""
    try:
        return size_of(path) == size_bytes and sha256_of(path) == sha256
    except StorageError:
        # Unreadable is as bad as changed: good bytes take its place.
        return False


def put_in_place(layout: Layout, good: Path, final: Path) -> None:
    """Make `final` another name of the durable file `good`. What was there is kept in quarantine."""
    second_name = layout.incoming / f"{uuid.uuid4().hex}{TEMPORARY_SUFFIX}"
    make_folder(final.parent)
    with told_as("repairing a damaged file"):
        os.link(good, second_name)
        try:
            if final.exists():
                os.link(final, layout.quarantine / f"{uuid.uuid4().hex[:8]}-{final.name}")
            os.rename(second_name, final)
        finally:
            forget(second_name)
    fsync_folder(final.parent)
