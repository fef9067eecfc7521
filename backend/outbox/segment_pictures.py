"""Pictures of segments in a bucket of their own, as seed 001 has it: sent, read back, and removed with their segment.

What fails comes again later each time; a bucket that cannot be reached is left alone as a whole for a while. Every
figure is in the segment's row, so any number of workers may run and a killed one loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from backend.catalog import segment_pictures
from backend.catalog.database import Database
from backend.catalog.segment_pictures import Due
from backend.disk.digest import sha256_of
from backend.disk.layout import Layout
from backend.errors import PermanentFailure, TargetError, TransientFailure
from backend.log import UploadLog
from backend.outbox.backoff import delay_seconds
from backend.outbox.clock import instant
from backend.outbox.places import Places
from backend.targets.base import Deletable, Expected, RemoteCopy, Source, Target, Verdict
from backend.targets.config import TargetConfig
from backend.targets.registry import build_target

_OPTION, _BUCKET = "bucket_thumbnails", "bucket"
RUN_SECONDS = 20.0
_AT_ONCE = 100
# A killed worker's claim ends then.
_CLAIM = timedelta(minutes=5)
_NOT_MADE_YET = timedelta(seconds=10)


@dataclass(frozen=True)
class PictureBucket:
    """`name`: of the target whose bucket it is."""

    name: str
    target: Target


def open_picture_bucket(places: Places) -> PictureBucket | None:
    """The first target, in the order of the settings, that has one; None when none does. Opens no connection."""
    for place in places.by_name.values():
        if place.config.options.get(_OPTION):
            return PictureBucket(place.config.name, build_target(_of_pictures(place.config)))
    return None


@dataclass
class PictureCourier:
    """One per worker process."""

    database: Database
    layout: Layout
    log: UploadLog
    bucket: PictureBucket | None
    _failures: dict[str, int] = field(default_factory=dict)  # by segment
    _in_a_row: int = 0
    _rests_until: float = 0.0

    def run_due(self, run_seconds: float = RUN_SECONDS) -> int:
        """Send and remove what is due; how many were settled."""
        if self.bucket is None or time.monotonic() < self._rests_until:
            return 0
        end, done = time.monotonic() + run_seconds, 0
        with self.database.read() as session:
            waiting = segment_pictures.due(session, instant(session), _AT_ONCE)
        for one in waiting:
            if time.monotonic() >= end or time.monotonic() < self._rests_until:
                break
            done += self._settle(self.bucket, one)
        return done

    def _settle(self, bucket: PictureBucket, one: Due) -> bool:
        with self.database.write() as session:
            now = instant(session)
            until = now + _CLAIM
            if not segment_pictures.claim(session, one, until):
                return False
        key, next_at = "", None
        try:
            if one.is_gone:
                _remove(bucket.target, one)
            elif one.thumbnail:
                self._send(bucket.target, one)
                key = one.key
            elif one.may_come:
                next_at = now + _NOT_MADE_YET
            self._failures.pop(one.segment_id, None)
            self._in_a_row = 0
        except (TargetError, OSError) as error:
            next_at = now + timedelta(seconds=self._failed(one, error))
        with self.database.write() as session:
            segment_pictures.settle(session, one, until, key, next_at, instant(session))
        return next_at is None

    def _send(self, target: Target, one: Due) -> None:
        path = self.layout.pictures_of(one.relative_path) / one.thumbnail
        size_bytes, sha256 = path.stat().st_size, sha256_of(path)
        source = Source(path, size_bytes, sha256, "image/jpeg", path.name, one.segment_id)
        copy = target.put(source, one.key, _Small())
        proof = target.verify(Expected(size_bytes, sha256), copy)
        if proof.verdict is not Verdict.MATCHES:
            raise TransientFailure(f"It was sent, but reading back says otherwise: {proof.reason or proof.verdict}")
        self.log.write("info", "picture_sent", upload=one.segment_id, key=one.key, bytes=size_bytes)

    def _failed(self, one: Due, error: TargetError | OSError) -> float:
        """Seconds until it is tried again."""
        self._failures[one.segment_id] = failures = self._failures.get(one.segment_id, 0) + 1
        wish = error.retry_after_seconds if isinstance(error, TargetError) else None
        words = error.message if isinstance(error, TargetError) else f"its file cannot be read ({error.strerror})"
        self.log.write("warning", "picture_not_sent", upload=one.segment_id, key=one.key, error=words)
        if isinstance(error, TargetError) and not isinstance(error, PermanentFailure):
            self._in_a_row += 1
            self._rests_until = time.monotonic() + delay_seconds(self._in_a_row, wish)
        return delay_seconds(failures, wish)


class _Small:
    """A transfer that is over before anybody could ask how far it is."""

    is_first = False

    @property
    def resume(self) -> Mapping[str, Any]:
        return {}

    def save_resume(self, state: Mapping[str, Any]) -> None:
        pass

    def advance(self, done_bytes: int) -> None:
        pass


def _remove(target: Target, one: Due) -> None:
    if isinstance(target, Deletable):
        target.delete(RemoteCopy(one.key))


def _of_pictures(config: TargetConfig) -> TargetConfig:
    """The same service and keys, the other bucket."""
    return replace(config, options={**config.options, _BUCKET: config.options[_OPTION]})
