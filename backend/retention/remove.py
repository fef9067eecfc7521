"""Taking local bytes away in the safe order: mark, unlink, record. A crash between any two is finished later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk import sidecar
from backend.disk.atomic import discard, fsync_folder
from backend.disk.layout import Layout
from backend.disk.sidecar import LocalFacts, Sidecar

Ending = Literal["pruned", "purged"]
_MARK: dict[Ending, Literal["pruning", "purging"]] = {"pruned": "pruning", "purged": "purging"}
_ENDING: dict[str, Ending] = {mark: ending for ending, mark in _MARK.items()}


@dataclass(frozen=True)
class Remover:
    layout: Layout
    database: Database

    def change(self, video: Video, edit: Callable[[Sidecar], Sidecar]) -> Sidecar:
        """Change a sidecar and then its row: what is marked on disk stays marked if the catalog is lost."""
        doc = sidecar.change(self.layout, video.relative_path, video.id, edit)
        with self.database.write() as session:
            videos.apply(videos.get(session, video.id), doc)
        return doc

    def remove(self, video: Video, ending: Ending) -> bool:
        """Take the bytes of one video away; False when a hold came in between, and nothing was touched."""
        doc = self.change(video, lambda doc: doc if doc.holds else _with_state(doc, _MARK[ending]))
        if doc.local.state != _MARK[ending]:
            return False
        self._finish(video, ending)
        return True

    def finish_interrupted(self) -> int:
        """Complete every removal that a crash cut off after its mark; returns how many."""
        with self.database.read() as session:
            marked = videos.in_local_state(session, list(_ENDING))
        for video in marked:
            self._finish(video, _ENDING[video.local_state])
        return len(marked)

    def _finish(self, video: Video, ending: Ending) -> None:
        path = self.layout.absolute(video.relative_path)
        discard(path)
        fsync_folder(path.parent)
        self.change(video, lambda doc: _with_state(doc, ending))


def _with_state(doc: Sidecar, state: Literal["pruning", "pruned", "purging", "purged"]) -> Sidecar:
    return doc.model_copy(update={"local": LocalFacts(state=state, pruned_at=datetime.now(UTC))})
