"""Fingerprints for videos that have none: saved before there were any, hashed in an older way, or in a catalog that
was rebuilt. A few at a time, and only while no earlier ones wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.catalog import fingerprints, media
from backend.catalog.database import Database
from backend.catalog.fingerprints import VERSION, Unhashed
from backend.catalog.media import FINGERPRINT, Planned
from backend.catalog.models import JobState
from backend.likeness.finder import LikenessFinder
from backend.outbox.clock import instant

# One query each; most find nothing to do.
_PROBES_AT_ONCE = 200
_RUN_SECONDS = 5.0
# Between two walks along all videos.
_REST_SECONDS = 3600.0


@dataclass
class CatchUp:
    """One per worker process. `wants`: the job for a video with these facts; None when it needs no fingerprint."""

    database: Database
    finder: LikenessFinder
    folder: Callable[[str], Path]
    wants: Callable[[dict[str, Any]], Planned | None]
    _after: int = 0
    _next_walk: float = 0.0

    def run(self) -> int:
        """Go on along the videos until something was to do, the end, or the time is over; how many were met."""
        until = time.monotonic() + _RUN_SECONDS
        met = 0
        while not met and until > time.monotonic() >= self._next_walk:
            with self.database.read() as session:
                last, found = fingerprints.unhashed(session, self._after, _PROBES_AT_ONCE)
                if any(self._waits(session, each) for each in found[:1]):
                    return 0
            met = sum(self._meet(each) for each in found)
            self._after = last
            if not last:
                self._next_walk = time.monotonic() + _REST_SECONDS
        return met

    def _waits(self, session: Any, each: Unhashed) -> bool:
        planned = self.wants(each.facts)
        return planned is not None and fingerprints.any_waiting(session, planned.lane, planned.urgency)

    def _meet(self, each: Unhashed) -> bool:
        result = each.result or {}
        if each.job_state == JobState.DONE:
            if result.get("version") == VERSION and self._take(each, result):
                return bool(result.get("frames"))
        elif each.job_state is not None:
            return False
        return self._plan(each)

    def _take(self, each: Unhashed, result: dict[str, Any]) -> bool:
        """What lies made on disk needs no ffmpeg. False when it is not there."""
        folder = self.folder(each.relative_path)
        if result.get("frames") and not (folder / result["file"]).is_file():
            return False
        self.finder.take(each.video_id, folder, result)
        return True

    def _plan(self, each: Unhashed) -> bool:
        planned = self.wants(each.facts)
        if planned is None:
            return False
        with self.database.write() as session:
            video = media.locked(session, each.video_id)
            if video is None or video.trashed_at is not None:
                return False
            now = instant(session)
            for job in video.media_jobs:
                if job.kind == FINGERPRINT and job.state == JobState.DONE:
                    media.begin_anew(job, now)
            media.plan(session, video, [planned], now)
        return True
