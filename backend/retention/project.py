"""Deleting a project's storage: every video goes to the trash, or none does.

What is to go is written down first (metadata/emptying/), so that a crash on the way is brought to an end at the next
start. A hold that comes while it runs undoes it: what was thrown away is taken out again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.catalog import audit, holds, projects
from backend.catalog.database import Database
from backend.catalog.projects import Counted
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk import made
from backend.disk.atomic import discard, make_folder, replace
from backend.disk.layout import CATEGORIES, Layout
from backend.disk.locks import lock
from backend.errors import Held, HoldfastError, NotFound
from backend.log import UploadLog
from backend.retention.trash import Trash

_MOST_NAMED = 100


@dataclass(frozen=True)
class Emptied:
    """What went to the trash, in each category."""

    project_id: str
    videos: int
    categories: dict[str, Counted]


@dataclass(frozen=True)
class Emptier:
    layout: Layout
    database: Database
    trash: Trash
    log: UploadLog

    def empty(self, project_id: str, by: str, scope: Scope = EVERYTHING) -> Emptied:
        """Move a project to the trash. Raises `NotFound`, and `Held` naming the held videos: then nothing went."""
        with lock(self.layout, "project", project_id):
            with self.database.read() as session:
                if not scope.allows(project_id) or not projects.is_known(session, project_id):
                    raise NotFound(f"There is no project {project_id}.", detail={"project_id": project_id})
                found = projects.listed_places(session, project_id)
                held = holds.in_force(session, project_id, self.trash.clock.read().certain_at)
            self._refuse_held(project_id, [video for video in held if video.video_id in found])
            counted = self._count(list(found.values()))
            if found:
                self._write(project_id, by, list(found))
                self._throw_all(project_id, by, list(found))
        return Emptied(project_id, len(found), counted)

    def finish_interrupted(self) -> int:
        """Bring to an end what a crash cut off; returns how many projects."""
        places = sorted(self._folder.glob("*.json")) if self._folder.is_dir() else []
        return sum(self._finish(place) for place in places)

    def _finish(self, place: Path) -> bool:
        try:
            begun = json.loads(place.read_bytes())
            with lock(self.layout, "project", begun["project_id"]):
                if place.exists():
                    self._throw_all(begun["project_id"], begun["by"], begun["ids"])
        except (HoldfastError, OSError, ValueError, KeyError) as error:
            self.log.broke("emptying_unfinished", error, file=place.name)
            return False
        return True

    def _throw_all(self, project_id: str, by: str, ids: Sequence[str]) -> None:
        thrown: list[str] = []
        try:
            for video_id in ids:
                # Also the one that fails half-way: taking out what is not in the trash changes nothing.
                thrown.append(video_id)
                self.trash.throw_away(video_id, by)
        except HoldfastError as error:
            for video_id in thrown:
                self.trash.take_out(video_id, by)
            discard(self._place(project_id))
            if isinstance(error, Held):
                raise _held(project_id, [error.detail]) from error
            raise
        with self.database.write() as session:
            audit.append(session, "project.emptied", project_id=project_id, videos=len(ids), by=by)
        discard(self._place(project_id))
        self.log.write("info", "project_emptied", project=project_id, videos=len(ids), user=by)

    def _refuse_held(self, project_id: str, held: Sequence[holds.HeldVideo]) -> None:
        if held:
            raise _held(project_id, [video.as_json() for video in held])

    def _count(self, places: Sequence[str]) -> dict[str, Counted]:
        """The videos' own files and what was made from them."""
        with self.database.read() as session:
            sizes = projects.sizes_of(session, places)
        found = dict.fromkeys(CATEGORIES, Counted())
        for place in places:
            category = place.partition("/")[0]
            found[category] += Counted(1, sizes[place])
            for other, (count, size_bytes) in made.measure(self.layout, place).items():
                found[other] += Counted(count, size_bytes)
        return found

    def _write(self, project_id: str, by: str, ids: Sequence[str]) -> None:
        make_folder(self._folder)
        begun = {"project_id": project_id, "by": by, "ids": ids}
        replace(self._place(project_id), json.dumps(begun).encode(), self.layout.incoming)

    def _place(self, project_id: str) -> Path:
        name = hashlib.sha256(project_id.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / f"{name}.json"

    @property
    def _folder(self) -> Path:
        return self.layout.metadata / "emptying"


def _held(project_id: str, held: Sequence[dict[str, Any]]) -> Held:
    names = ", ".join(str(video.get("filename", video["video_id"])) for video in held[:3])
    more = f" and {len(held) - 3} more" if len(held) > 3 else ""
    return Held(
        f"The project '{project_id}' stays as it is: {names}{more} {'are' if len(held) > 1 else 'is'} held. "
        "Release the holds first.",
        detail={"project_id": project_id, "count": len(held), "videos": list(held[:_MOST_NAMED])},
    )
