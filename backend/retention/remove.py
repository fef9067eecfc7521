"""Taking local bytes away in the safe order: mark, unlink, record. What a crash cut off is brought to an end."""

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
from backend.disk.locks import lock
from backend.disk.sidecar import LocalFacts, Sidecar
from backend.errors import HoldfastError, LocalDamage
from backend.log import UploadLog
from backend.outbox.erase import close_accounts, with_deletions
from backend.outbox.places import Places

Ending = Literal["pruned", "purged"]
_State = Literal["present", "pruning", "pruned", "purging", "purged"]
_MARK: dict[Ending, _State] = {"pruned": "pruning", "purged": "purging"}


@dataclass(frozen=True)
class Remover:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog

    def change(self, video: Video, edit: Callable[[Sidecar], Sidecar]) -> Sidecar:
        """Change a sidecar and then its row: what is marked on disk stays marked if the catalog is lost."""
        try:
            doc = sidecar.change(self.layout, video.relative_path, video.id, edit)
        except FileNotFoundError:
            raise LocalDamage(
                f"The sidecar of '{video.original_filename}' is gone from the disk, so nothing was changed. "
                "An operator can write it again: `video_manager doctor --fix`.",
                detail={"video_id": video.id},
            ) from None
        with self.database.write() as session:
            row = videos.get(session, video.id)
            videos.apply(row, doc)
            if doc.local.state == "purging":
                close_accounts(session, row, self.places)
        return doc

    def remove(self, video: Video, ending: Ending, still: Callable[[Sidecar], bool]) -> bool:
        """Take the bytes of one video away, if `still` says so of its sidecar at the moment of the mark.

        False when it does not, or when it is held: nothing was touched.
        """
        # A restore must not bring the bytes back between two of these steps.
        with lock(self.layout, "restore", video.id):
            doc = self.change(video, lambda doc: doc if doc.holds or not still(doc) else self._marked(doc, ending))
            if doc.local.state != _MARK[ending]:
                return False
            self._unlink(video)
            self.change(video, lambda doc: _with_state(doc, ending))
        return True

    def finish_interrupted(self) -> int:
        """Bring every removal that a crash cut off after its mark to an end; returns how many."""
        with self.database.read() as session:
            marked = videos.in_local_state(session, list(_MARK.values()))
        return sum(self._finish(video) for video in marked)

    def _finish(self, video: Video) -> bool:
        try:
            with lock(self.layout, "restore", video.id):
                return self._finish_locked(video)
        except (HoldfastError, FileNotFoundError) as error:
            # One that cannot be finished must not keep the others, nor the start, waiting.
            self.log.broke("removal_unfinished", error, upload=video.id, name=video.original_filename)
            return False

    def _finish_locked(self, video: Video) -> bool:
        doc = sidecar.read_sidecar(self.layout.sidecar_of(video.relative_path))
        if doc.local.state == "purging":
            self._unlink(video)
            self.change(video, lambda doc: _with_state(doc, "purged"))
        elif doc.local.state == "pruning":
            # Its copies were verified before the crash, who knows when. What is still here stays, to be judged anew.
            here = self.layout.absolute(video.relative_path).exists()
            self.change(video, lambda doc: _with_state(doc, "present" if here else "pruned"))
        else:
            # Recorded on disk, and the crash came before the row.
            self.change(video, lambda doc: doc)
        self.log.write("warning", "removal_finished", upload=video.id, name=video.original_filename)
        return True

    def _unlink(self, video: Video) -> None:
        path = self.layout.absolute(video.relative_path)
        discard(path)
        fsync_folder(path.parent)

    def _marked(self, doc: Sidecar, ending: Ending) -> Sidecar:
        doc = _with_state(doc, _MARK[ending])
        return with_deletions(doc, self.places) if ending == "purged" else doc


def _with_state(doc: Sidecar, state: _State) -> Sidecar:
    gone_at = None if state == "present" else datetime.now(UTC)
    return doc.model_copy(update={"local": LocalFacts(state=state, pruned_at=gone_at)})
