"""A storage engine as somebody outside would write one: videos as rows of a SQLite file.

It shows how little an engine needs: the checks, the reading and the shape of the metadata are the library's own.
"""

from __future__ import annotations

import io
import sqlite3
import threading
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from backend.storage import given, metadata, reading
from backend.storage.base import Metadata, StorageEngine, VideoData
from backend.storage.given import MIB
from backend.storage.local_time import now_us, range_us
from backend.storage.metadata import Record

_SCHEMA = """CREATE TABLE IF NOT EXISTS video
    (number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, record TEXT NOT NULL, data BLOB NOT NULL)"""
_Found = list[tuple[str, Record]]


class ExampleVideoStorage(StorageEngine):
    name = "example"

    def __init__(self, file: Path, ttl_hours: float | None = 48, max_video_size_mb: float = 100) -> None:
        self.ttl_hours = ttl_hours
        self.max_video_size_mb = max_video_size_mb
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._rows.execute(_SCHEMA)

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
        with reading.opened(video_data, reading.Limit(int(self.max_video_size_mb * MIB))) as source:
            data = source.whole()
        key = wanted.key or str(uuid.uuid4())
        with self._lock:
            record = _record(wanted, source.filename, source.head, source.size_bytes, now_us())
            self._rows.execute("REPLACE INTO video (key, record, data) VALUES (?, ?, ?)", (key, record.to_json(), data))
        return key

    def retrieve_video(self, key: str, format: str = "data") -> Any:
        wanted = given.read_format(format)
        with self._lock:
            row = self._rows.execute("SELECT record, data FROM video WHERE key = ?", (str(key),)).fetchone()
        record = Record.from_json(row[0]) if row else None
        if record is None or record.is_over(now_us()):
            return None
        if wanted == "metadata":
            return record.shown()
        return io.BytesIO(row[1]) if wanted == "stream" else row[1]

    def search_by_tags(self, tags: Sequence[str], operator: str = "OR") -> list[Metadata]:
        wanted, every = set(given.read_tags(tags)), given.read_operator(operator) == "AND"
        found = [
            (key, record)
            for key, record in self._all()
            if (wanted <= set(record.tags) if every else wanted & set(record.tags))
        ]
        return _shown(found) if wanted else []

    def search_by_timestamp_range(
        self, start_time: datetime | None = None, end_time: datetime | None = None
    ) -> list[Metadata]:
        start_us, end_us = range_us(start_time, end_time)
        return _shown([(key, record) for key, record in self._all() if start_us <= record.stored_at_us <= end_us])

    def list_videos(self, limit: int | None = None) -> list[Metadata]:
        return _shown(self._all()[: given.read_limit(limit)])

    def update_metadata(self, key: str, new_metadata: Mapping[str, Any]) -> bool:
        changes = metadata.read_changes(new_metadata)
        with self._lock:
            row = self._rows.execute("SELECT record FROM video WHERE key = ?", (str(key),)).fetchone()
            if row is None or (record := Record.from_json(row[0])).is_over(now_us()):
                return False
            changed = record.changed(changes, now_us())
            self._rows.execute("UPDATE video SET record = ? WHERE key = ?", (changed.to_json(), key))
            return True

    def delete_video(self, key: str) -> bool:
        if key not in self:
            return False
        with self._lock:
            return self._rows.execute("DELETE FROM video WHERE key = ?", (key,)).rowcount == 1

    def clear_all(self) -> bool:
        with self._lock:
            self._rows.execute("DELETE FROM video")
        return True

    def get_storage_stats(self) -> dict[str, Any]:
        found = [record for _, record in self._all()]
        total_bytes = sum(record.size_bytes for record in found)
        return {
            "engine": self.name,
            "total_videos": len(found),
            "total_size_bytes": total_bytes,
            "total_memory_mb": round(total_bytes / MIB, 2),
            "tag_distribution": dict(Counter(tag for record in found for tag in record.tags)),
            "ttl_hours": self.ttl_hours,
            "max_video_size_mb": self.max_video_size_mb,
        }

    def __len__(self) -> int:
        return len(self._all())

    def close(self) -> None:
        self._rows.close()

    def _all(self) -> _Found:
        """Those that are there now, newest first."""
        with self._lock:
            rows = self._rows.execute("SELECT key, record FROM video ORDER BY number DESC").fetchall()
        found = [(key, Record.from_json(text)) for key, text in rows]
        return sorted((one for one in found if not one[1].is_over(now_us())), key=_stored_at, reverse=True)


# Within methods `metadata` is the caller's.
_read_wanted, _record = metadata.read_wanted, metadata.record


def _stored_at(found: tuple[str, Record]) -> int:
    return found[1].stored_at_us


def _shown(found: _Found) -> list[Metadata]:
    return [record.shown(key) for key, record in found]
