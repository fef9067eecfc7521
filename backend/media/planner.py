"""Finds the videos that nothing is planned for, and those that wait for ffmpeg; gives them their first jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.catalog import media
from backend.catalog.database import Database
from backend.catalog.models import MediaState, Video
from backend.catalog.segments import is_segment
from backend.disk.layout import Layout
from backend.media.kinds import after_probe, first
from backend.media.publish import found as found_on_disk
from backend.outbox.clock import instant

_AT_ONCE = 50
# One statement each, so it may be more.
_MARKED_AT_ONCE = 1000


@dataclass(frozen=True)
class Planner:
    database: Database
    layout: Layout

    def plan_some(self) -> int:
        """First jobs for the videos that have none, at most fifty at a time; how many."""
        with self.database.read() as session:
            found = media.unplanned(session, _AT_ONCE)
        for video in found:
            self._plan(video)
        return len(found)

    def mark_without_tools(self, reason: str) -> None:
        """Say of videos that wait for ffmpeg that there is none."""
        self._mark((MediaState.WORKING,), MediaState.NO_TOOLS, reason)

    def take_up_again(self) -> None:
        """ffmpeg is here: what waited for it is new again."""
        self._mark((MediaState.NO_TOOLS,), MediaState.NEW, "")

    def _mark(self, states: Sequence[MediaState], state: MediaState, reason: str) -> None:
        # Asked twice a second: a look that finds nothing must not take the database's one pen.
        with self.database.read() as session:
            if not media.any_in(session, states):
                return
        with self.database.write() as session:
            media.mark(session, states, state, reason, _MARKED_AT_ONCE)

    def _plan(self, found: Video) -> None:
        # The row of a video that was here before the catalog was lost knows nothing of what was made.
        made = [] if found.media_jobs else list(found_on_disk(self.layout, found.relative_path))
        with self.database.write() as session:
            video = media.locked(session, found.id)
            if video is None or video.media_state != MediaState.NEW:
                return
            now = instant(session)
            media.adopt(video, made, now)
            if not any(job.kind == media.PROBE for job in video.media_jobs):
                media.plan(session, video, first(), now)
            elif (facts := media.facts_of(video)) is not None:
                media.plan(session, video, after_probe(facts, is_segment=is_segment(video)), now)
            media.settle(video)
