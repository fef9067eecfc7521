"""The trash: deleting marks, undo unmarks, and after TRASH_DAYS the bytes go. Mark, unlink, record, in that order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from backend.catalog import videos
from backend.catalog.clock import Clock, Time
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, GONE, Scope
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import Conflict, HoldfastError
from backend.log import UploadLog
from backend.outbox.places import Places
from backend.retention.facts import facts_of_sidecar
from backend.retention.holds import new_hold, refuse_held
from backend.retention.policy import decide
from backend.retention.remove import Remover
from backend.retention.rules import Retention
from backend.settings import Settings


@dataclass(frozen=True)
class Trash:
    settings: Settings
    layout: Layout
    database: Database
    places: Places
    log: UploadLog
    clock: Clock
    retention: Retention

    def throw_away(self, video_id: str, by: str, scope: Scope = EVERYTHING) -> datetime:
        """Move a video to the trash; returns when its bytes will go. Again is fine, the first date stays.

        Raises `Held` while a hold is in force.
        """
        now = self.clock.read().certain_at
        video = self._mark(video_id, scope, lambda doc: _trashed(doc, now), "video.trashed")
        # Again is no second time.
        segment = video.segment_backend if video.trashed_at == now else ""
        self.log.write(
            "info", "trashed", upload=video.id, name=video.original_filename, user=by, segment=segment or None
        )
        return (video.trashed_at or now) + timedelta(days=self.settings.trash_days)

    def expire(self, video_id: str, still: Callable[[Sidecar, datetime], bool], rule: str, reason: str) -> bool:
        """Move a video to the trash because a rule says so, if `still` says so too at the moment of the mark.

        False when it does not, when the video is held, or when the clock is doubted: nothing was touched.
        """
        time = self.clock.read()
        if time.doubt:
            return False
        done: list[bool] = []

        def marked(doc: Sidecar) -> Sidecar:
            done[:] = [still(doc, time.certain_at)]
            return _trashed(doc, time.certain_at) if done[0] else doc

        video = self._mark(video_id, EVERYTHING, marked, "video.expired", rule=rule, reason=reason)
        if done[0]:
            told = {"rule": rule, "why": reason, "segment": video.segment_backend or None}
            self.log.write("info", "expired", upload=video.id, name=video.original_filename, **told)
        return done[0]

    def take_out(self, video_id: str, by: str, scope: Scope = EVERYTHING) -> None:
        """Undo: the video is listed again and its waiting deliveries go on.

        One that a rule would send there again within the hour is held from now on, until somebody releases it.
        """
        video = self._mark(video_id, scope, self._untrashed, "video.untrashed")
        self.log.write("info", "untrashed", upload=video.id, name=video.original_filename, user=by)

    def purge_due(self, most: int | None = None) -> int:
        """Remove the bytes of everything that was in the trash long enough and is not held; returns how many.

        `most`: look at so many alone, those first that are due longest.
        """
        time = self.clock.read()
        if time.doubt:
            # The rules, which wait too, say so once an hour.
            return 0
        before = time.certain_at - timedelta(days=self.settings.trash_days)
        with self.database.read() as session:
            due = videos.trashed_before(session, before)
        return sum(self._purge(video_id, time, before) for video_id in due[:most])

    def _purge(self, video_id: str, time: Time, before: datetime) -> bool:
        with self.database.read() as session:
            video = videos.get(session, video_id)
        # It may have been taken out of the trash, or held, since it was found to be due.
        try:
            done = self._remover.remove(video, "purged", lambda doc: _is_due(doc, time, before))
        except (HoldfastError, FileNotFoundError) as error:
            self.log.broke("purge_failed", error, upload=video.id, name=video.original_filename)
            return False
        if done:
            self.log.write("info", "purged", upload=video.id, name=video.original_filename)
        return done

    def _mark(self, video_id: str, scope: Scope, edit: Callable[[Sidecar], Sidecar], action: str, **what: Any) -> Video:
        with self.database.read() as session:
            video = videos.get(session, video_id, scope)
        self._remover.change(video, edit, action, **what)
        with self.database.read() as session:
            return videos.get(session, video_id)

    def _untrashed(self, doc: Sidecar) -> Sidecar:
        if doc.local.state in GONE:
            raise Conflict("This video's bytes were removed at the end of its time in the trash.")
        if doc.video.trashed_at is None:
            return doc
        doc, time = _with_date(doc, None), self.clock.read()
        again = decide(facts_of_sidecar(doc, time.certain_at), self.retention, replace(time, doubt=""))
        if again.action != "expire":
            return doc
        reason = f"Taken out of the trash, where the rule “{again.rule}” would put it again."
        return doc.model_copy(update={"holds": (*doc.holds, new_hold(reason, time.certain_at))})

    @property
    def _remover(self) -> Remover:
        return Remover(self.layout, self.database, self.places, self.log, self.clock.now)


def _trashed(doc: Sidecar, at: datetime) -> Sidecar:
    if doc.video.trashed_at is not None:
        return doc
    refuse_held(doc, at, "it stays out of the trash")
    # Not before it was saved: under a clock that was set back its days would be over at once.
    return _with_date(doc, max(at, doc.video.saved_at))


def _with_date(doc: Sidecar, at: datetime | None) -> Sidecar:
    return doc.model_copy(update={"video": doc.video.model_copy(update={"trashed_at": at})})


def _is_due(doc: Sidecar, time: Time, before: datetime) -> bool:
    return doc.video.trashed_at is not None and time.since(doc.video.trashed_at) <= before
