"""Hashing what was taken without reading it: a recorder's file that was linked, or whose data the disk shares.

The sidecar knows the digest first, then the row. A file that was written to since it was registered waits until it
stands still; its size is then taken anew.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from backend.catalog import segments
from backend.catalog.change import change
from backend.catalog.database import Database
from backend.catalog.models import Video
from backend.disk.atomic import told_as_gone
from backend.disk.digest import Digests, Hashes
from backend.disk.layout import Layout
from backend.disk.locks import try_lock
from backend.disk.sidecar import Sidecar
from backend.errors import HoldfastError, LocalDamage, StillRecording
from backend.log import UploadLog

RUN_SECONDS = 30.0
_AT_ONCE = 200
_READ_BYTES = 1024 * 1024
# Recorders write at least once in so many seconds.
STANDS_SECONDS = 10.0
# What cannot be read is tried again after twice as long each time.
_LATER_SECONDS, _LATEST_SECONDS = 5.0, 600.0


@dataclass(frozen=True)
class Hasher:
    """Any number may run at once, in any number of processes: a file is in one pair of hands."""

    layout: Layout
    database: Database
    log: UploadLog
    now: Callable[[], float] = time.time
    stands_seconds: float = STANDS_SECONDS
    # When to look again at what could not be hashed, and how long it has been put off.
    _put_off: dict[str, tuple[float, float]] = field(default_factory=dict)

    def run_due(self, run_seconds: float = RUN_SECONDS) -> int:
        """Hash what waits for it, the oldest first; how many. A file that was begun is read to its end."""
        end, done = time.monotonic() + run_seconds, 0
        with self.database.read() as session:
            waiting = segments.unhashed(session, _AT_ONCE, skip=self._put_off_now())
        for video in waiting:
            if time.monotonic() >= end:
                break
            done += self._try(video)
        return done

    def hash_now(self, video_id: str) -> str:
        """The SHA-256 of one, written down; `StillRecording` when it does not stand still."""
        with try_lock(self.layout, "hash", video_id) as mine:
            with self.database.read() as session:
                video = session.get_one(Video, video_id)
            if video.sha256:
                return video.sha256
            if not mine:
                raise StillRecording(f"'{video.original_filename}' is being hashed; try again in a moment.")
            return self._hash(video)

    def _try(self, video: Video) -> bool:
        try:
            with try_lock(self.layout, "hash", video.id) as mine:
                if not mine:
                    return False
                with self.database.read() as session:
                    again = segments.unhashed(session, 1, only=video.id)
                if again:
                    self._hash(again[0])
                self._put_off.pop(video.id, None)
                return bool(again)
        except StillRecording as error:
            self._later(video, error)
        except (HoldfastError, FileNotFoundError) as error:
            self._later(video, error)
            self.log.broke("hash_failed", error, upload=video.id, name=video.original_filename)
        return False

    def _later(self, video: Video, error: Exception) -> None:
        is_new = video.id not in self._put_off
        _, before = self._put_off.get(video.id, (0.0, _LATER_SECONDS / 2))
        # One that is being recorded is looked at as often as it may end.
        seconds = _LATER_SECONDS if isinstance(error, StillRecording) else min(2 * before, _LATEST_SECONDS)
        self._put_off[video.id] = (time.monotonic() + seconds, seconds)
        if is_new and isinstance(error, StillRecording):
            self.log.write("info", "still_recording", upload=video.id, name=video.original_filename)

    def _put_off_now(self) -> list[str]:
        now = time.monotonic()
        return [video_id for video_id, (until, _) in self._put_off.items() if until > now]

    def _hash(self, video: Video) -> str:
        path, started = self.layout.absolute(video.relative_path), time.monotonic()
        size_bytes, digests = self._read(path, video)
        change(self.layout, self.database, video, lambda doc: _hashed(doc, size_bytes, digests))
        seconds = round(time.monotonic() - started, 3)
        told = {"bytes": size_bytes, "sha256": digests.sha256, "seconds": seconds}
        self.log.write("info", "hashed", upload=video.id, name=video.original_filename, **told)
        return digests.sha256

    def _read(self, path: Path, video: Video) -> tuple[int, Digests]:
        with told_as_gone("hashing a recording"):
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            try:
                before = os.fstat(fd)
                if not stands_still(before, video, self.now(), self.stands_seconds):
                    raise StillRecording(f"'{video.original_filename}' is still being recorded.")
                if not before.st_size:
                    raise LocalDamage(f"'{video.original_filename}' is empty by now; it was cut by its recorder.")
                hashes = Hashes(math.inf)
                while piece := os.read(fd, _READ_BYTES):
                    hashes.update(piece)
                after = os.fstat(fd)
            finally:
                os.close(fd)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise StillRecording(f"'{video.original_filename}' was written to while it was read.")
        return before.st_size, hashes.digests()


def stands_still(found: os.stat_result, video: Video, now: float, seconds: float = STANDS_SECONDS) -> bool:
    """Whether a file that is not hashed yet is as it was registered, or was last written to long enough ago."""
    untouched = found.st_size == video.size_bytes and found.st_mtime <= video.created_at.timestamp()
    return untouched or not 0 <= now - found.st_mtime < seconds


def _hashed(doc: Sidecar, size_bytes: int, digests: Digests) -> Sidecar:
    if doc.video.sha256:
        return doc
    known = {"sha256": digests.sha256, "sha1": digests.sha1, "size_bytes": size_bytes, "updated_at": datetime.now(UTC)}
    return doc.model_copy(update={"video": doc.video.model_copy(update=known)})
