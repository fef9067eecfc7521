"""The trash: deleting marks, undo unmarks, and after TRASH_DAYS the bytes go. Mark, unlink, record, in that order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, Scope
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import Conflict
from backend.log import UploadLog
from backend.outbox.erase import mark_for_erasing
from backend.outbox.places import Places
from backend.retention.remove import Remover
from backend.settings import Settings


@dataclass(frozen=True)
class Trash:
    settings: Settings
    layout: Layout
    database: Database
    places: Places
    log: UploadLog

    def throw_away(self, video_id: str, by: str, scope: Scope = EVERYTHING) -> datetime:
        """Move a video to the trash; returns when its bytes will go. Again is fine, the first date stays."""
        now = datetime.now(UTC)
        video = self._mark(video_id, scope, lambda doc: _trashed(doc, now))
        self.log.write("info", "trashed", upload=video.id, name=video.original_filename, user=by)
        return (video.trashed_at or now) + timedelta(days=self.settings.trash_days)

    def take_out(self, video_id: str, by: str, scope: Scope = EVERYTHING) -> None:
        """Undo: the video is listed again and its waiting deliveries go on."""
        with self.database.read() as session:
            if videos.get(session, video_id, scope).local_state in ("purging", "purged"):
                raise Conflict("This video's bytes were removed at the end of its time in the trash.")
        video = self._mark(video_id, scope, lambda doc: _trashed(doc, None))
        self.log.write("info", "untrashed", upload=video.id, name=video.original_filename, user=by)

    def purge_due(self, now: datetime) -> int:
        """Remove the bytes of everything that was in the trash long enough; returns how many."""
        with self.database.read() as session:
            due = videos.trashed_before(session, now - timedelta(days=self.settings.trash_days))
        for video_id in due:
            self._purge(video_id)
        return len(due)

    def _purge(self, video_id: str) -> None:
        with self.database.read() as session:
            video = videos.get(session, video_id)
        done = Remover(self.layout, self.database).remove(video, "purged")
        if done:
            with self.database.write() as session:
                mark_for_erasing(videos.get(session, video_id), self.places)
        self.log.write("info", "purged" if done else "held", upload=video.id, name=video.original_filename)

    def _mark(self, video_id: str, scope: Scope, edit: Callable[[Sidecar], Sidecar]) -> Video:
        with self.database.read() as session:
            video = videos.get(session, video_id, scope)
        Remover(self.layout, self.database).change(video, edit)
        with self.database.read() as session:
            return videos.get(session, video_id)


def _trashed(doc: Sidecar, at: datetime | None) -> Sidecar:
    if at is not None and doc.video.trashed_at is not None:
        return doc
    return doc.model_copy(update={"video": doc.video.model_copy(update={"trashed_at": at})})
