"""What really lies in Redis for a storage: its keys, and whether its indexes agree."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import redis


class Keys:
    """The keys of one prefix, by plain commands."""

    def __init__(self, url: str, prefix: str) -> None:
        self.client: Any = redis.Redis.from_url(url)
        self.prefix = f"{{{prefix}}}:"

    def all(self) -> list[str]:
        found = self.client.scan_iter(f"{self.prefix}*", count=1000)
        return sorted(name.decode().removeprefix(self.prefix) for name in found)

    def name(self, short: str) -> str:
        return self.prefix + short

    def gen(self, key: str) -> str:
        return str(self.client.hget(self.name(f"video:{key}"), "gen").decode())

    def piece(self, key: str, number: int) -> str:
        return self.name(f"bytes:{self.gen(key)}:{number}")

    def takes_bytes(self) -> int:
        """What Redis itself says that they take."""
        return sum(self.client.memory_usage(self.name(short), samples=0) for short in self.all())

    def faults(self) -> list[str]:
        """Where the indexes do not agree with the videos; nobody may be at work."""
        books = {key.decode(): json.loads(book) for key, book in self.client.hgetall(self.name("books")).items()}
        tags = Counter(tag for book in books.values() for tag in book["tags"])
        short = self.all()
        indexed = {
            (name.removeprefix("tag:"), key.decode())
            for name in short
            if name.startswith("tag:")
            for key in self.client.smembers(self.name(name))
        }
        pieces = {f"bytes:{b['gen']}:{n}" for b in books.values() for n in range(b["pieces"])}
        figures = {name: int(value) for name, value in self.client.hgetall(self.name("figures")).items()}
        ends = {key for key in books if self.client.hget(self.name(f"video:{key}"), "ends")}
        expected: dict[str, tuple[object, object]] = {
            "videos": ({f"video:{key}" for key in books}, {name for name in short if name.startswith("video:")}),
            "bytes": (pieces, {name for name in short if name.startswith("bytes:")}),
            "time": (set(books), self._members("time")),
            "end": (ends, self._members("end")),
            "tag sets": ({(tag, key) for key, book in books.items() for tag in book["tags"]}, indexed),
            "tag counts": (dict(tags), {t.decode(): int(n) for t, n in self.client.hgetall(self.name("tags")).items()}),
            "data": (sum(book["size"] for book in books.values()), figures.get(b"data", 0)),
            "used": (sum(book["cost"] for book in books.values()), figures.get(b"used", 0)),
            "nothing on its way": ([], [name for name in short if name.startswith("coming:")]),
        }
        return [name for name, (wanted, found) in expected.items() if wanted != found]

    def _members(self, name: str) -> set[str]:
        return {key.decode() for key in self.client.zrange(self.name(name), 0, -1)}
