"""Videos kept in the memory of this process: fast, bounded, and gone with it.

    storage = MemoryVideoStorage(max_memory_mb=512, ttl_hours=1)

The oldest go when there is no room for a new one, whose whole size counts: its bytes exactly, its metadata by an
estimate that is rather too high. A video that is just being handed over by a stream or path counts only once it is
whole. A TTL is exact: at its end a video cannot be read or found any more, also before its memory is freed.
"""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.storage import given, metadata, reading
from backend.storage.base import Metadata, StorageEngine, VideoData
from backend.storage.given import MIB
from backend.storage.local_time import EARLIEST_US, LATEST_US, now_us, range_us
from backend.storage.metadata import Changes
from backend.storage.shelf import Kept, Shelf, kept_as


class MemoryVideoStorage(StorageEngine):
    """May be used by any number of threads; the lock is held only while the indexes change.

    `max_memory_mb`, `max_video_size_mb`: in MiB. `ttl_hours`: how long a video is kept when it does not say so
    itself; 0 or None is for ever. `cleanup_interval`: after so many operations the memory of ended videos is freed;
    when room is needed it is freed at once. All four may be changed later. `clock`: microseconds since 1970.
    """

    name = "memory"

    def __init__(
        self,
        max_memory_mb: float = 2048,
        ttl_hours: float | None = 48,
        cleanup_interval: int = 50,
        max_video_size_mb: float = 100,
        *,
        clock: Callable[[], int] = now_us,
    ) -> None:
        given.read_positive("max_memory_mb", max_memory_mb)
        given.read_positive("cleanup_interval", cleanup_interval)
        given.read_positive("max_video_size_mb", max_video_size_mb)
        given.read_ttl_us(ttl_hours)
        self.max_memory_mb = max_memory_mb
        self.ttl_hours = ttl_hours
        self.cleanup_interval = cleanup_interval
        self.max_video_size_mb = max_video_size_mb
        self.operation_count = 0
        self._clock = clock
        self._shelf = Shelf()
        self._lock = threading.Lock()
        self._numbers = 0

    def store_video(
        self,
        video_data: VideoData,
        metadata: Mapping[str, Any],
        tags: Sequence[str] | None = None,
        filename: str | None = None,
        ttl_hours: float | None = None,
        *,
        key: str | None = None,
    ) -> str:
        wanted = _read_wanted(metadata, tags, filename, ttl_hours, key, self.ttl_hours)
        with reading.opened(video_data, self._limit()) as source:
            data = source.whole()
        key = wanted.key or str(uuid.uuid4())
        with self._lock:
            now = self._tick()
            record = _record(wanted, source.filename, source.head, source.size_bytes, now)
            self._numbers += 1
            kept = kept_as(key, data, record, self._numbers)
            self._refuse_what_never_fits(kept)
            self._put(kept, now)
        return key

    def retrieve_video(self, key: str, format: str = "data") -> Any:
        wanted = given.read_format(format)
        with self._lock:
            kept = self._get(key, self._tick())
        if kept is None:
            return None
        if wanted == "metadata":
            return kept.record.shown()
        # BytesIO shares the bytes and holds them, whatever becomes of the video.
        return io.BytesIO(kept.data) if wanted == "stream" else kept.data

    def search_by_tags(self, tags: Sequence[str], operator: str = "OR") -> list[Metadata]:
        wanted, every = given.read_tags(tags), given.read_operator(operator) == "AND"
        with self._lock:
            found = self._shelf.tagged(wanted, every, self._tick())
        return _shown(found)

    def search_by_timestamp_range(
        self, start_time: datetime | None = None, end_time: datetime | None = None
    ) -> list[Metadata]:
        start_us, end_us = range_us(start_time, end_time)
        with self._lock:
            found = self._shelf.between(start_us, end_us, self._tick())
        return _shown(found)

    def list_videos(self, limit: int | None = None) -> list[Metadata]:
        most = given.read_limit(limit)
        with self._lock:
            found = self._shelf.between(EARLIEST_US, LATEST_US, self._tick(), most)
        return _shown(found)

    def update_metadata(self, key: str, new_metadata: Mapping[str, Any]) -> bool:
        changes = metadata.read_changes(new_metadata)
        while True:
            with self._lock:
                now = self._tick()
                kept = self._get(key, now)
            if kept is None:
                return False
            # Merged without the lock; if somebody was faster, it is merged with what they left.
            if self._replaced(kept, changes, now):
                return True

    def delete_video(self, key: str) -> bool:
        with self._lock:
            now = self._tick()
            found = self._get(key, now) is not None
            if found:
                self._shelf.take(key)
            return found

    def clear_all(self) -> bool:
        with self._lock:
            gone, self._shelf = self._shelf, Shelf()
            self.operation_count = 0
        del gone  # its memory is freed while others go on
        return True

    def get_storage_stats(self) -> dict[str, Any]:
        with self._lock:
            now = self._clock()
            ended = self._shelf.ended(now)
            total_videos = len(self._shelf) - len(ended)
            total_bytes = self._shelf.data_bytes - sum(len(kept.data) for kept in ended)
            used_bytes, tags = self._shelf.used_bytes, self._shelf.count_tags(now)
        return {
            "engine": self.name,
            "total_videos": total_videos,
            "total_size_bytes": total_bytes,
            "total_memory_mb": round(total_bytes / MIB, 2),
            "used_memory_bytes": used_bytes,
            "max_memory_mb": self.max_memory_mb,
            "memory_usage_percent": round(100 * used_bytes / self._most_bytes(), 2),
            "tag_distribution": tags,
            "expired_videos": len(ended),
            "ttl_hours": self.ttl_hours,
            "max_video_size_mb": self.max_video_size_mb,
            "operation_count": self.operation_count,
        }

    def __len__(self) -> int:
        with self._lock:
            return len(self._shelf) - self._shelf.count_ended(self._clock())

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return self._get(key, self._clock()) is not None

    def _replaced(self, kept: Kept, changes: Changes, now: int) -> bool:
        """Put what `kept` becomes in its place, unless it has become something else meanwhile."""
        changed = kept_as(kept.key, kept.data, kept.record.changed(changes, now), kept.number)
        self._refuse_what_never_fits(changed)
        with self._lock:
            if self._get(kept.key, self._clock()) is not kept:
                return False
            self._put(changed, now)
            return True

    def _put(self, kept: Kept, now: int) -> None:
        """With the lock held. What has its key is replaced, and counts no more."""
        self._shelf.take(kept.key)
        self._shelf.make_room(kept.cost_bytes, self._most_bytes(), now)
        self._shelf.put(kept)

    def _get(self, key: object, now: int) -> Kept | None:
        return self._shelf.get(key, now) if isinstance(key, str) else None

    def _tick(self) -> int:
        """Count an operation, clean up when it is time, and say what time it is. With the lock held."""
        now = self._clock()
        self.operation_count += 1
        if self.operation_count % self.cleanup_interval == 0:
            self._shelf.drop_ended(now)
        return now

    def _most_bytes(self) -> int:
        return int(self.max_memory_mb * MIB)

    def _limit(self) -> reading.Limit:
        most_bytes, memory_bytes = int(self.max_video_size_mb * MIB), self._most_bytes()
        if memory_bytes < most_bytes:
            return reading.Limit(memory_bytes, "max_memory_mb")
        return reading.Limit(most_bytes)

    def _refuse_what_never_fits(self, kept: Kept) -> None:
        if kept.cost_bytes > self._most_bytes():
            raise ValueError(
                f"Video size {kept.cost_bytes / MIB:.2f} MB with its metadata exceeds maximum allowed size of "
                f"{self.max_memory_mb:g} MB: it would not fit if it were alone. Raise max_memory_mb."
            )


# Within methods `metadata` is the caller's.
_read_wanted, _record = metadata.read_wanted, metadata.record


def _shown(found: Iterable[Kept]) -> list[Metadata]:
    return [kept.record.shown(kept.key) for kept in found]
