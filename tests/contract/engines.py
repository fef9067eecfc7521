"""The engines that the storage library's contract is tried on. A new engine takes one line in `ENGINES`."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from backend.storage import AutoStorage, MemoryVideoStorage, RedisVideoStorage
from backend.storage.base import StorageEngine
from tests.contract.example_engine import ExampleVideoStorage
from tests.services.redis import RedisServer
from tests.services.scratch import memory_disk, scratch_folder

MOST_MIB = 1
# Known by its content as video/mp4, and short.
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(200))


@dataclass(frozen=True)
class Engine:
    """How an empty engine is made for one test; `make` asks `request` for what else it needs (a server, a folder).

    It takes videos of at most MOST_MIB and keeps them for an hour. `make` may be called again for a second engine of
    its own. `takes_keys`: whether `store_video(…, key=)` is obeyed. `keeps_vectors`: whether it has vectors.
    """

    kind: type[StorageEngine]
    make: Callable[[pytest.FixtureRequest], StorageEngine]
    takes_keys: bool = True
    keeps_vectors: bool = False
    needs_server: bool = False


def _memory(request: pytest.FixtureRequest) -> StorageEngine:
    return MemoryVideoStorage(max_memory_mb=64, ttl_hours=1, cleanup_interval=5, max_video_size_mb=MOST_MIB)


def _example(request: pytest.FixtureRequest) -> StorageEngine:
    folder: Path = request.getfixturevalue("tmp_path_factory").mktemp("example")
    return ExampleVideoStorage(folder / "videos.db", ttl_hours=1, max_video_size_mb=MOST_MIB)


@cache
def _installation() -> Path:
    """One installation for all tests of a process: each engine has a project of its own."""
    return scratch_folder("library", parent=memory_disk())


def _auto(request: pytest.FixtureRequest) -> StorageEngine:
    return AutoStorage(
        _installation(),
        project_id=str(uuid.uuid4()),
        ttl_hours=1,
        max_video_size_mb=MOST_MIB,
        min_free_bytes=0,
    )


def _redis(request: pytest.FixtureRequest) -> StorageEngine:
    server: RedisServer = request.getfixturevalue("redis_server")
    own = str(uuid.uuid4())
    return RedisVideoStorage(url=server.url, prefix=own, max_memory_mb=64, ttl_hours=1, max_video_size_mb=MOST_MIB)


ENGINES = {
    "auto": Engine(AutoStorage, _auto, takes_keys=False, keeps_vectors=True),
    "memory": Engine(MemoryVideoStorage, _memory),
    "redis": Engine(RedisVideoStorage, _redis, needs_server=True),
    "example": Engine(ExampleVideoStorage, _example),
}


def every_engine() -> list[object]:
    """For `pytest.fixture(params=…)`."""
    return [
        pytest.param(name, marks=pytest.mark.service) if engine.needs_server else name
        for name, engine in ENGINES.items()
    ]
