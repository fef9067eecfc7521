"""The engine that keeps videos in Redis: shared by any number of processes and machines, gone when their time is over.

    storage = RedisVideoStorage(host="localhost", port=6379, ttl_hours=24)

What one process stored, every other with the same `prefix` sees, whole or not at all. The oldest go when there is no
room for a new one, by `max_memory_mb`; a video that is just being handed over counts only once it is whole. Times are
the server's own, so a TTL is over for all at once. Trouble with Redis is a `redis.RedisError`.

The server should have `maxmemory-policy noeviction` (Redis's own default) and, where videos must survive its restart,
`appendonly yes`. All of one prefix lies on one node of a cluster: take several prefixes to use several nodes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from backend.storage import given, metadata, reading
from backend.storage.base import Metadata, StorageEngine, VideoData
from backend.storage.given import MIB
from backend.storage.local_time import EARLIEST_US, LATEST_US, range_us
from backend.storage.redis import writing
from backend.storage.redis.reading import NAMES, Found, PieceStream, found_as, look, whole
from backend.storage.redis.wire import Client, Wire, check, client_for

_PREFIX = re.compile(r"[\w.:@=+/-]{1,100}", re.ASCII)
_PAGE = 200
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


class RedisVideoStorage(StorageEngine):
    """May be used by any number of threads, and after a fork. Nothing is connected before the first call.

    `max_memory_mb`, `max_video_size_mb`: in MiB. `ttl_hours`: how long a video is kept when it does not say so itself;
    0 or None is for ever. `url`: as redis-py reads it (redis://, rediss://, unix://), in place of the four before it;
    `client`: a `redis.Redis` or `redis.RedisCluster` of one's own, in place of all that. `prefix`: storages of
    different prefixes on one server know nothing of each other; processes that share one should agree on its limits:
    whoever stores or updates with a lower `max_memory_mb` makes room for all. A server that does not answer for 30
    seconds is a `redis.TimeoutError`; a `url` with `?socket_timeout=…`, or a `client`, says otherwise.
    """

    name = "redis"

    def __init__(
        self,
        host: str = "localhost",
        port: int = 6379,
        db: int = 0,
        password: str | None = None,
        max_memory_mb: float = 2048,
        ttl_hours: float | None = 48,
        max_video_size_mb: float = 100,
        *,
        url: str | None = None,
        prefix: str = "holdfast",
        client: Client | None = None,
    ) -> None:
        given.read_positive("max_memory_mb", max_memory_mb)
        given.read_positive("max_video_size_mb", max_video_size_mb)
        given.read_ttl_us(ttl_hours)
        _read_prefix(prefix)
        self.max_memory_mb = max_memory_mb
        self.ttl_hours = ttl_hours
        self.max_video_size_mb = max_video_size_mb
        self.prefix = prefix
        self._theirs = client
        if url is not None and not isinstance(url, str):
            raise ValueError(f"url must be a text such as 'redis://localhost:6379/0', not {type(url).__name__}.")
        # It connects with the first command; what makes no sense is told now.
        self._client: Client = client_for(host, port, db, password, url) if client is None else client
        check(self._client)

    @cached_property
    def _wire(self) -> Wire:
        return Wire(self._client, self.prefix)

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
            return writing.store(self._wire, source, wanted, self._most_bytes())

    def retrieve_video(self, key: str, format: str = "data") -> Any:
        wanted = given.read_format(format)
        if not _may_be_key(key):
            return None
        if wanted == "data":
            return whole(self._wire, key)
        found = look(self._wire, key)
        if found is None:
            return None
        if wanted == "metadata":
            return found.record.shown()
        return io.BufferedReader(PieceStream(self._wire, found), 64 * 1024)

    def search_by_tags(self, tags: Sequence[str], operator: str = "OR") -> list[Metadata]:
        wanted, every = given.read_tags(tags), given.read_operator(operator) == "AND"
        if not wanted:
            return []
        now = self._count()[0]
        fits = set(wanted).issubset if every else set(wanted).intersection
        keys = self._wire.tagged(wanted, every)
        # A video may have got other tags between the two questions.
        found = [one for one in self._read(keys, now) if fits(one.record.tags)]
        return _shown(sorted(found, key=_came, reverse=True))

    def search_by_timestamp_range(
        self, start_time: datetime | None = None, end_time: datetime | None = None
    ) -> list[Metadata]:
        return _shown(self._between(*range_us(start_time, end_time)))

    def list_videos(self, limit: int | None = None) -> list[Metadata]:
        most = given.read_limit(limit)
        return [] if most == 0 else _shown(self._between(EARLIEST_US, LATEST_US, most))

    def update_metadata(self, key: str, new_metadata: Mapping[str, Any]) -> bool:
        changes = metadata.read_changes(new_metadata)
        while _may_be_key(key) and (found := look(self._wire, key)):
            # Merged here; if somebody was faster, it is merged with what they left.
            changed = found.record.changed(changes, found.record.updated_at_us)
            if writing.update(self._wire, found, changed, self._most_bytes()):
                return True
        return False

    def delete_video(self, key: str) -> bool:
        return _may_be_key(key) and bool(self._wire.run("DELETE", key))

    def expires_at(self, key: str) -> datetime | None:
        """When its time is over, in UTC; None: never, or there is no such video."""
        found = look(self._wire, key) if _may_be_key(key) else None
        ends_us = found.record.expires_at_us if found else None
        return None if ends_us is None else _BEGIN + timedelta(microseconds=ends_us)

    def drop_unfinished(self, key: str) -> None:
        """Remove what stores of this key have left that never became whole; one that is at it now will fail.

        Without it that goes ten minutes after its last byte came.
        """
        self._wire.run("DROP_UNFINISHED", given.read_key(key))

    def clear_all(self) -> bool:
        """Remove what there is now; what others store meanwhile stays."""
        last_us = self._count()[4]
        while self._wire.run("CLEAR", last_us):
            pass
        return True

    def get_storage_stats(self) -> dict[str, Any]:
        _, videos, data_bytes, used_bytes, _ = self._count()
        return {
            "engine": self.name,
            "prefix": self.prefix,
            "total_videos": videos,
            "total_size_bytes": data_bytes,
            "total_memory_mb": round(data_bytes / MIB, 2),
            "used_memory_bytes": used_bytes,
            "max_memory_mb": self.max_memory_mb,
            "memory_usage_percent": round(100 * used_bytes / self._most_bytes(), 2),
            "tag_distribution": dict(sorted(self._wire.tag_counts().items())),
            "ttl_hours": self.ttl_hours,
            "max_video_size_mb": self.max_video_size_mb,
        }

    def close(self) -> None:
        """Close the connections, unless the client is the caller's."""
        if self._theirs is None:
            self._client.close()

    def __len__(self) -> int:
        return self._count()[1]

    def __contains__(self, key: object) -> bool:
        return _may_be_key(key) and look(self._wire, str(key)) is not None

    def _count(self) -> list[int]:
        """The instant, how many videos, their bytes, with all else, and the newest's instant; after what ended went."""
        while True:
            *figures, ended = [int(figure) for figure in self._wire.run("COUNT")]
            if not ended:
                return figures

    def _between(self, start_us: int, end_us: int, most: int | None = None) -> list[Found]:
        """Newest first, `most` of them."""
        now, *_, newest = self._count()
        found: dict[str, Found] = {}
        for one in self._paged(start_us, end_us, now):
            found[one.key] = one
            if len(found) == most:
                break
        # What was replaced meanwhile has become a newer one, perhaps before its page was read.
        found |= {one.key: one for one in self._paged(max(start_us, newest + 1), end_us, now)}
        return sorted(found.values(), key=_came, reverse=True)[:most]

    def _paged(self, start_us: int, end_us: int, now_us: int) -> Iterator[Found]:
        """No two videos of a prefix have the same instant, so a page begins below the one before it."""
        last = str(end_us)
        while page := self._wire.stored_between(str(start_us), last, _PAGE):
            for found in self._read([key for key, _ in page], now_us):
                if start_us <= found.record.stored_at_us <= end_us:
                    yield found
            last = f"({page[-1][1]}"

    def _read(self, keys: Sequence[bytes], now_us: int) -> Iterator[Found]:
        """What is known of each that is there now."""
        for first in range(0, len(keys), _PAGE):
            page, lost = keys[first : first + _PAGE], list[bytes]()
            for key, values in zip(page, self._wire.get_videos(page, NAMES), strict=True):
                found = found_as(key.decode(), values)
                if found is None:
                    lost.append(key)
                elif not found.record.is_over(now_us):
                    yield found
            if lost:
                self._wire.run("FORGET_LOST", *lost)

    def _most_bytes(self) -> int:
        return int(self.max_memory_mb * MIB)

    def _limit(self) -> reading.Limit:
        most_bytes, memory_bytes = int(self.max_video_size_mb * MIB), self._most_bytes()
        if memory_bytes < most_bytes:
            return reading.Limit(memory_bytes, "max_memory_mb")
        return reading.Limit(most_bytes)


# Within methods `metadata` is the caller's.
_read_wanted = metadata.read_wanted


def _read_prefix(prefix: object) -> None:
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise ValueError(f"The prefix {prefix!r} cannot be used. Take 1 to 100 letters, digits and . _ : @ = + / -.")


def _may_be_key(key: object) -> bool:
    """Whether anything can be kept under it: what cannot be a key is one that nobody gave."""
    try:
        given.read_key(key)
    except ValueError:
        return False
    return True


def _came(found: Found) -> int:
    return found.record.stored_at_us


def _shown(found: Sequence[Found]) -> list[Metadata]:
    return [one.record.shown(one.key) for one in found]
