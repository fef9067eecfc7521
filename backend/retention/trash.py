"""The trash: deleting marks, undo unmarks, and after TRASH_DAYS the bytes go. Mark, unlink, record, in that order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, GONE, Scope
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import Conflict, HoldfastError
from backend.log import UploadLog
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
        video = self._mark(video_id, scope, lambda doc: _trashed(doc, None))
        self.log.write("info", "untrashed", upload=video.id, name=video.original_filename, user=by)

    def purge_due(self, now: datetime) -> int:
        """Remove the bytes of everything that was in the trash long enough; returns how many."""
        before = now - timedelta(days=self.settings.trash_days)
        with self.database.read() as session:
            due = videos.trashed_before(session, before)
        return sum(self._purge(video_id, before) for video_id in due)

    def _purge(self, video_id: str, before: datetime) -> bool:
        with self.database.read() as session:
            video = videos.get(session, video_id)
        # It may have been taken out of the trash since it was found to be due.
        try:
            done = self._remover.remove(video, "purged", lambda doc: _is_due(doc, before))
        except (HoldfastError, FileNotFoundError) as error:
            self.log.broke("purge_failed", error, upload=video.id, name=video.original_filename)
            return False
        if done:
            self.log.write("info", "purged", upload=video.id, name=video.original_filename)
        return done

    def _mark(self, video_id: str, scope: Scope, edit: Callable[[Sidecar], Sidecar]) -> Video:
        with self.database.read() as session:
            video = videos.get(session, video_id, scope)
        self._remover.change(video, edit)
        with self.database.read() as session:
            return videos.get(session, video_id)

    @property
    def _remover(self) -> Remover:
        return Remover(self.layout, self.database, self.places, self.log)


def _trashed(doc: Sidecar, at: datetime | None) -> Sidecar:
    if at is None and doc.local.state in GONE:
        raise Conflict("This video's bytes were removed at the end of its time in the trash.")
    if at is not None and doc.video.trashed_at is not None:
        return doc
    return doc.model_copy(update={"video": doc.video.model_copy(update={"trashed_at": at})})


def _is_due(doc: Sidecar, before: datetime) -> bool:
    return doc.video.trashed_at is not None and doc.video.trashed_at <= before
