"""Taking local bytes away in the safe order: mark, unlink, record. What a crash cut off is brought to an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from backend.catalog import change, fingerprints, vectors, videos
from backend.catalog.clock import Clock, utc_now
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk import sidecar
from backend.disk.atomic import discard, fsync_folder
from backend.disk.holds import in_force
from backend.disk.layout import Layout
from backend.disk.locks import lock
from backend.disk.made import remove_all
from backend.disk.sidecar import LocalFacts, Sidecar
from backend.errors import HoldfastError
from backend.log import UploadLog
from backend.outbox.erase import close_accounts, with_deletions
from backend.outbox.places import Places

Ending = Literal["pruned", "purged"]
_State = Literal["present", "pruning", "pruned", "purging", "purged"]
_MARK: dict[Ending, _State] = {"pruned": "pruning", "purged": "purging"}
_ACTION: dict[Ending, str] = {"pruned": "video.pruned", "purged": "video.purged"}


@dataclass(frozen=True)
class Remover:
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    now: Callable[[], datetime] = utc_now

    def change(self, video: Video, edit: Callable[[Sidecar], Sidecar], action: str = "", **what: Any) -> Sidecar:
        """Change a sidecar and then its row: what is marked on disk stays marked if the catalog is lost."""

        def close(session: Any, row: Video, doc: Sidecar) -> None:
            if doc.local.state == "purging":
                close_accounts(session, row, self.places)
                fingerprints.forget(session, row.id)
                vectors.forget(session, row.id)

        return change.change(self.layout, self.database, video, edit, action, also=close, **what)

    def remove(self, video: Video, ending: Ending, still: Callable[[Sidecar], bool], **what: Any) -> bool:
        """Take the bytes of one video away, if `still` says so of its sidecar at the moment of the mark.

        False when it does not, or when it is held: nothing was touched. `what` is told in the audit.
        """
        at = self._certain_at
        # A restore must not bring the bytes back between two of these steps.
        with lock(self.layout, "restore", video.id):
            doc = self.change(
                video, lambda doc: doc if not still(doc) or in_force(doc.holds, at) else self._marked(doc, ending)
            )
            if doc.local.state != _MARK[ending]:
                return False
            if not self._unlink(video, ending, at):
                if ending == "pruned":
                    self.change(video, lambda doc: _with_state(doc, "present"))
                return False
            self.change(video, lambda doc: _with_state(doc, ending), _ACTION[ending], **what)
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
            if not self._unlink(video, "purged", self._certain_at):
                return False
            self.change(video, lambda doc: _with_state(doc, "purged"), "video.purged")
        elif doc.local.state == "pruning":
            # Its copies were verified before the crash, who knows when. What is still here stays, to be judged anew.
            here = self.layout.absolute(video.relative_path).exists()
            self.change(
                video, lambda doc: _with_state(doc, "present" if here else "pruned"), "" if here else "video.pruned"
            )
        else:
            # Recorded on disk, and the crash came before the row.
            self.change(video, lambda doc: doc, f"video.{doc.local.state}" if doc.local.state in _MARK else "")
        self.log.write("warning", "removal_finished", upload=video.id, name=video.original_filename)
        return True

    @property
    def _certain_at(self) -> datetime:
        return Clock(self.layout, self.database, self.now).read().certain_at

    def _unlink(self, video: Video, ending: Ending, at: datetime) -> bool:
        """False, and nothing went, when it was held after its mark. A purge stays marked then, until that is over."""
        path = self.layout.absolute(video.relative_path)
        # Whoever was told that the video is held finds its bytes here: a hold waits for this lock.
        with lock(self.layout, "sidecar", video.id):
            if in_force(sidecar.read_sidecar(self.layout.sidecar_of(video.relative_path)).holds, at):
                return False
            discard(path)
            fsync_folder(path.parent)
        if ending == "purged":
            # Of a pruned video the pictures stay: it is still listed, and can be fetched back.
            remove_all(self.layout, video.relative_path, video.id)
        return True

    def _marked(self, doc: Sidecar, ending: Ending) -> Sidecar:
        doc = _with_state(doc, _MARK[ending])
        return with_deletions(doc, self.places) if ending == "purged" else doc


def _with_state(doc: Sidecar, state: _State) -> Sidecar:
    gone_at = None if state == "present" else datetime.now(UTC)
    return doc.model_copy(update={"local": LocalFacts(state=state, pruned_at=gone_at)})
