"""The same content again: share its bytes if they are still good, repair them if not, or refuse."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.catalog import videos
from backend.catalog.describe import describe
from backend.catalog.models import Video
from backend.disk.atomic import TEMPORARY_SUFFIX, forget, fsync_folder, make_folder, told_as
from backend.disk.digest import sha256_of
from backend.disk.layout import Layout
from backend.errors import DuplicateVideo, StorageError

if TYPE_CHECKING:
    from backend.intake.receive import Intake, Upload


@dataclass(frozen=True)
class Twin:
    """An older video with the same bytes. `shares`: its file is good, so the new video may be a second name of it."""

    video_id: str
    bytes_id: str
    relative_path: str
    shares: bool


def find(intake: Intake, upload: Upload, sha256: str) -> Twin | None:
    """The older video among those the caller may read, its file hashed again just now."""
    with intake.database.read() as session:
        older = videos.same_content(session, sha256, upload.file.size_bytes, upload.caller.scope)
        shown = describe(older) if older is not None else {}
    if older is None:
        return None
    good = _is_good(intake.layout, older.relative_path, sha256)
    if good and intake.settings.duplicates == "reject":
        raise DuplicateVideo(
            f"'{upload.original_filename}' is here already as '{older.original_filename}' ({older.id}).",
            detail={"filename": upload.original_filename, "video": shown},
        )
    if not good:
        _try_repair(intake, upload, older)
    return Twin(older.id, older.bytes_id, older.relative_path, shares=good)


def _is_good(layout: Layout, relative_path: str, sha256: str) -> bool:
    try:
        return sha256_of(layout.absolute(relative_path)) == sha256
    except StorageError:
        # Unreadable is as bad as changed: the new bytes take its place.
        return False


def _try_repair(intake: Intake, upload: Upload, older: Video) -> None:
    """Mend the older file if that is possible; the new upload has bytes of its own and does not depend on it."""
    try:
        _repair(intake.layout, upload, older.relative_path)
    except StorageError as error:
        intake.log.write("error", "not_repaired", upload=older.id, name=older.original_filename, error=error.message)
    else:
        intake.log.write("warning", "repaired", upload=older.id, name=older.original_filename, by=upload.id)


def _repair(layout: Layout, upload: Upload, relative_path: str) -> None:
    """Put the new, durable bytes in the damaged file's place. The damaged one is kept in quarantine."""
    damaged = layout.absolute(relative_path)
    second_name = layout.incoming / f"{uuid.uuid4().hex}{TEMPORARY_SUFFIX}"
    make_folder(damaged.parent)
    with told_as("repairing a damaged file"):
        os.link(upload.file.path, second_name)
        try:
            if damaged.exists():
                os.link(damaged, layout.quarantine / f"{uuid.uuid4().hex[:8]}-{damaged.name}")
            os.rename(second_name, damaged)
        finally:
            forget(second_name)
    fsync_folder(damaged.parent)
