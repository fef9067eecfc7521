"""Quotas: a project may keep so many bytes. Refused before they come, and never passed by several uploads at once.

What counts is what a project's videos say they hold: shared bytes count for each, those in the trash until they are
purged, pruned ones too. An upload that is on its way holds its room: `incoming/{id}.room` says how much, and counts
while `incoming/{id}.part` is there. So uploads in several processes see each other, and a crash leaves nothing behind
that the next sweep does not take away.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backend.catalog import projects
from backend.catalog.database import Database
from backend.disk.atomic import TEMPORARY_SUFFIX, forget, told_as
from backend.disk.incoming import PART_SUFFIX
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.sizes import in_units
from backend.errors import QuotaReached

ROOM_SUFFIX = ".room"

QuotaOf = Callable[[str], int | None]


def no_quota(_project_id: str) -> int | None:
    """Every project may keep what the disk takes."""
    return None


@dataclass(frozen=True)
class Quotas:
    layout: Layout
    database: Database
    quota_of: QuotaOf

    def demand(self, filename: str, project_id: str, needed_bytes: int, upload_id: str = "") -> bool:
        """Hold room for an upload, or more of it than before; without `upload_id` only look. True when it is held.

        Raises `QuotaReached`; what the upload held before it still holds.
        """
        limit_bytes = self.quota_of(project_id)
        if limit_bytes is None:
            return False
        with lock(self.layout, "quota", project_id):
            used_bytes = self._used(project_id, upload_id)
            if used_bytes + needed_bytes > limit_bytes:
                raise _reached(filename, project_id, used_bytes, limit_bytes, needed_bytes)
            if upload_id:
                self._hold(upload_id, project_id, needed_bytes)
        return bool(upload_id)

    def release(self, upload_id: str) -> None:
        """The upload is saved, or will not be."""
        forget(room_path(self.layout, upload_id))

    def _used(self, project_id: str, but: str) -> int:
        """What is kept, and what is on its way but for one upload. First what is on its way: what is saved since then
        counts once."""
        arriving = {
            upload_id: size_bytes
            for upload_id, project, size_bytes in self._rooms()
            if project == project_id and upload_id != but
        }
        with self.database.read() as session:
            saved = projects.saved_among(session, [*arriving, but])
            kept_bytes = projects.kept_bytes(session, project_id)
        return kept_bytes - saved.get(but, 0) + sum(n for key, n in arriving.items() if key not in saved)

    def _rooms(self) -> Iterator[tuple[str, str, int]]:
        for path in _files(self.layout):
            if not path.with_suffix(PART_SUFFIX).exists():
                continue
            try:
                project_id, size_bytes = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue  # given back since the folder was listed
            yield path.stem, project_id, size_bytes

    def _hold(self, upload_id: str, project_id: str, size_bytes: int) -> None:
        place = room_path(self.layout, upload_id)
        temporary = place.with_suffix(f"{ROOM_SUFFIX}{TEMPORARY_SUFFIX}")
        # Not made durable: after a power loss the whole size is asked for again before the save.
        with told_as("noting the room for an upload"):
            temporary.write_bytes(json.dumps([project_id, size_bytes]).encode())
            temporary.replace(place)


def room_path(layout: Layout, upload_id: str) -> Path:
    return layout.incoming / f"{upload_id}{ROOM_SUFFIX}"


def tidy(layout: Layout) -> None:
    """Take away the notes of uploads that are gone."""
    for path in _files(layout):
        if not path.with_suffix(PART_SUFFIX).exists():
            forget(path)


def _files(layout: Layout) -> list[Path]:
    with told_as("listing a folder"):
        return [path for path in layout.incoming.iterdir() if path.suffix == ROOM_SUFFIX]


def _reached(filename: str, project_id: str, used_bytes: int, limit_bytes: int, needed_bytes: int) -> QuotaReached:
    free_bytes = max(0, limit_bytes - used_bytes)
    return QuotaReached(
        f"'{filename}' does not fit into the project '{project_id}': it may keep {in_units(limit_bytes)}, "
        f"{in_units(used_bytes)} are used or on their way, and {in_units(needed_bytes)} are needed "
        f"({in_units(free_bytes)} free). Nothing was saved. Delete videos of the project (they count until they leave "
        "the trash), or ask an operator to raise its quota.",
        detail={
            "filename": filename,
            "project_id": project_id,
            "used_bytes": used_bytes,
            "limit_bytes": limit_bytes,
            "needed_bytes": needed_bytes,
        },
    )
