"""Videos in memory with their indexes: by key, by tag, by the order and time they came, by their end. Without a lock.

Whoever holds the lock may call it. All indexes change together in `put` and `take`, which cannot fail half way.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from backend.storage.metadata import Record

# Measured: what Python needs for one entry and its places in the indexes, and for one tag of it, rounded up.
_ENTRY_BYTES = 1024
_TAG_BYTES = 256


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """One video. `number` counts up, and tells apart what came in the same microsecond."""

    key: str
    data: bytes
    record: Record
    number: int
    cost_bytes: int  # what it takes: the bytes exactly, all else estimated and rather too high


def kept_as(key: str, data: bytes, record: Record, number: int) -> Kept:
    tags = sum(_TAG_BYTES + sys.getsizeof(tag) for tag in record.tags)
    texts = sys.getsizeof(key) + sys.getsizeof(record.fields_json) + sys.getsizeof(record.filename)
    return Kept(key, data, record, number, len(data) + _ENTRY_BYTES + texts + tags)


_Place = tuple[int, int, str]  # an instant in microseconds, a number, the key
Entry = TypeVar("Entry", _Place, tuple[int, str])


class Shelf:
    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}
        self._by_tag: dict[str, set[str]] = {}
        self._by_number: list[tuple[int, str]] = []  # the order they came in, also when the clock was set back between
        self._by_time: list[_Place] = []
        self._by_end: list[_Place] = []  # those that end at all
        self.used_bytes = 0
        self.data_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: str, at_us: int) -> Kept | None:
        """What is there under this key at this instant."""
        kept = self._kept.get(key)
        return None if kept is None or kept.record.is_over(at_us) else kept

    def put(self, kept: Kept) -> None:
        """Add it, in the place of what has its key."""
        self.take(kept.key)
        self._kept[kept.key] = kept
        for tag in kept.record.tags:
            self._by_tag.setdefault(tag, set()).add(kept.key)
        insort(self._by_number, (kept.number, kept.key))
        insort(self._by_time, _came(kept))
        if (end := _ends(kept)) is not None:
            insort(self._by_end, end)
        self.used_bytes += kept.cost_bytes
        self.data_bytes += len(kept.data)

    def take(self, key: str) -> Kept | None:
        """Remove it from everywhere."""
        kept = self._kept.pop(key, None)
        if kept is None:
            return None
        for tag in kept.record.tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
        _remove(self._by_number, (kept.number, kept.key))
        _remove(self._by_time, _came(kept))
        if (end := _ends(kept)) is not None:
            _remove(self._by_end, end)
        self.used_bytes -= kept.cost_bytes
        self.data_bytes -= len(kept.data)
        return kept

    def make_room(self, coming_bytes: int, most_bytes: int, at_us: int) -> None:
        """Remove what has ended, then the oldest, until so much more fits or nothing is left."""
        if self.used_bytes + coming_bytes <= most_bytes:
            return
        self.drop_ended(at_us)
        while self._by_number and self.used_bytes + coming_bytes > most_bytes:
            self.take(self._by_number[0][1])

    def drop_ended(self, at_us: int) -> None:
        for kept in self.ended(at_us):
            self.take(kept.key)

    def ended(self, at_us: int) -> list[Kept]:
        """Those whose TTL is over and that were not removed yet."""
        return [self._kept[key] for _, _, key in self._by_end[: self.count_ended(at_us)]]

    def count_ended(self, at_us: int) -> int:
        return bisect_right(self._by_end, at_us, key=_at)

    def between(self, start_us: int, end_us: int, at_us: int, limit: int | None = None) -> list[Kept]:
        """Those that came from `start_us` to `end_us`, newest first; of those the first `limit`."""
        first = bisect_left(self._by_time, start_us, key=_at)
        behind = bisect_right(self._by_time, end_us, key=_at)
        found: list[Kept] = []
        for place in range(behind - 1, first - 1, -1):
            if limit is not None and len(found) >= limit:
                break
            if kept := self.get(self._by_time[place][2], at_us):
                found.append(kept)
        return found

    def tagged(self, tags: Sequence[str], every: bool, at_us: int) -> list[Kept]:
        """Those with every tag, or with any of them; newest first."""
        sets = [self._by_tag.get(tag, set()) for tag in tags]
        if not sets:
            return []
        keys = set.intersection(*sets) if every else set.union(*sets)
        found = [kept for key in keys if (kept := self.get(key, at_us))]
        return sorted(found, key=_came, reverse=True)

    def count_tags(self, at_us: int) -> dict[str, int]:
        """How many videos each tag has."""
        gone = Counter(tag for kept in self.ended(at_us) for tag in kept.record.tags)
        counts = {tag: len(keys) - gone[tag] for tag, keys in self._by_tag.items()}
        return {tag: count for tag, count in sorted(counts.items()) if count}

    def faults(self) -> list[str]:
        """Where the indexes do not agree; empty as long as nothing is wrong. For tests: it looks at everything."""
        kept = list(self._kept.values())
        tags = {(tag, one.key) for one in kept for tag in one.record.tags}
        expected: dict[str, tuple[object, object]] = {
            "by tag": (tags, {(tag, key) for tag, keys in self._by_tag.items() for key in keys}),
            "no empty tag": (True, all(self._by_tag.values())),
            "by number": (sorted((one.number, one.key) for one in kept), self._by_number),
            "by time": (sorted(map(_came, kept)), self._by_time),
            "by end": (sorted(filter(None, map(_ends, kept))), self._by_end),
            "used": (sum(one.cost_bytes for one in kept), self.used_bytes),
            "data": (sum(len(one.data) for one in kept), self.data_bytes),
        }
        return [name for name, (wanted, found) in expected.items() if wanted != found]


def _came(kept: Kept) -> _Place:
    return (kept.record.stored_at_us, kept.number, kept.key)


def _ends(kept: Kept) -> _Place | None:
    end_us = kept.record.expires_at_us
    return None if end_us is None else (end_us, kept.number, kept.key)


def _at(place: _Place) -> int:
    return place[0]


def _remove(places: list[Entry], place: Entry) -> None:
    del places[bisect_left(places, place)]
