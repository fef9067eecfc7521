"""A prefix on a real Redis as a place for copies, seen and spoiled by plain commands."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis

from tests.contract.places import Place, Wrong
from tests.services.process import free_port
from tests.services.redis import RedisServer


class RedisPlace(Place):
    kind = "redis"

    def __init__(self, server: RedisServer) -> None:
        self._server = server
        self.prefix = f"place-{uuid.uuid4()}"
        self.client: Any = redis.Redis.from_url(server.url)

    def table(self) -> dict[str, Any]:
        return {
            "name": "hot",
            "kind": "redis",
            "url": self._server.url,
            "prefix": self.prefix,
            "timeout_seconds": 20,
        }

    def _named(self, kind: str) -> list[str]:
        return [name.decode() for name in self.client.scan_iter(f"{{{self.prefix}}}:{kind}:*", count=1000)]

    def _gen(self, video_id: str) -> str:
        found = self.client.hget(f"{{{self.prefix}}}:video:{video_id}", "gen")
        return found.decode() if found else ""

    def _piece(self, gen: str, number: int) -> str:
        return f"{{{self.prefix}}}:bytes:{gen}:{number}"

    def _content(self, gen: str) -> bytes:
        content, number = b"", 0
        while (piece := self.client.get(self._piece(gen, number))) is not None:
            content, number = content + piece, number + 1
        return content

    def _led(self) -> dict[str, str]:
        """Remote key → video id."""
        return {name.partition(":copy:")[2]: self.client.get(name).decode() for name in self._named("copy")}

    def objects(self) -> dict[str, bytes]:
        gens = {key: self._gen(video_id) for key, video_id in self._led().items()}
        return {key: self._content(gen) for key, gen in gens.items() if gen}

    def leftovers(self) -> list[str]:
        """Bytes that belong to no video; and videos that no remote key leads to."""
        gens = {name.split(":")[-2] for name in self._named("bytes")}
        videos = {name.partition(":video:")[2] for name in self._named("video")}
        return sorted(gens - {self._gen(video) for video in videos}) + sorted(videos - set(self._led().values()))

    def mark(self) -> object:
        return {name: self.client.hget(name, "gen") for name in self._named("video")}, self._named("bytes")

    def spoil(self, key: str, content: bytes) -> None:
        gen, number = self._gen(self._led()[key]), 0
        while self.client.exists(self._piece(gen, number)):
            self.client.delete(self._piece(gen, number))
            number += 1
        self.client.set(self._piece(gen, 0), content)

    def lose(self, key: str) -> None:
        """As Redis does when it evicts."""
        self.client.delete(f"{{{self.prefix}}}:video:{self._led()[key]}")

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        self._server.kill9()
        try:
            yield
        finally:
            self._server.start()

    def wrong(self) -> list[Wrong]:
        table, url = self.table(), self._server.url
        return [
            Wrong({**table, "url": f"redis://127.0.0.1:{free_port()}/0"}, "refused the connection"),
            Wrong({**table, "url": "redis://no-such-host.invalid/0"}, "host name is unknown"),
            Wrong({**table, "url": url.replace("//", "//nobody:not-the-secret@")}, "does not accept the name or pass"),
            Wrong({**table, "url": url.removesuffix("/0") + "/99"}, "no database of that number"),
        ]

    def close(self) -> None:
        for name in self.client.scan_iter(f"{{{self.prefix}}}:*", count=1000):
            self.client.unlink(name)
        self.client.close()
