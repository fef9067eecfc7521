"""How many videos a second the storage library's engines store and retrieve, each beside its raw client.

A new engine takes one line in `_PAIRS`: how it is opened, and how the client that it stands on is.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import sqlite3
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from backend.storage import AutoStorage, MemoryVideoStorage, RedisVideoStorage
from backend.storage.base import StorageEngine
from backend.storage.redis.reading import PIECE_BYTES
from scripts.lib.bench.measure import Result
from tests.services.redis import RedisServer

_VIDEO_BYTES = 100_000
_LARGE_BYTES = 64 * 1024 * 1024
_LARGE_COUNT = 4
_FACTS = {"title": "Gate", "duration": 30.5, "resolution": "1920x1080", "fps": 30.0, "source": "camera_1"}
_TAGS = ["gate", "camera"]


@dataclass(frozen=True)
class Way:
    """One way to store a video and to have it back by the key that storing returned."""

    store: Callable[[bytes], str]
    retrieve: Callable[[str], bytes | None]


Opened = Callable[[], AbstractContextManager[Way]]


def of_engine(storage: StorageEngine) -> Way:
    return Way(lambda data: storage.store_video(data, _FACTS, _TAGS), storage.retrieve_video)


@contextlib.contextmanager
def _memory() -> Iterator[Way]:
    with MemoryVideoStorage(max_memory_mb=4096) as storage:
        yield of_engine(storage)


@contextlib.contextmanager
def _plain_dict() -> Iterator[Way]:
    """Keeps the same, checks nothing, finds nothing, bounds nothing."""
    kept: dict[str, tuple[bytes, dict[str, Any]]] = {}

    def store(data: bytes) -> str:
        key = str(uuid.uuid4())
        kept[key] = (data, {**_FACTS, "tags": list(_TAGS)})
        return key

    yield Way(store, lambda key: kept[key][0])


@contextlib.contextmanager
def _auto() -> Iterator[Way]:
    with tempfile.TemporaryDirectory() as folder, AutoStorage(folder, min_free_bytes=0) as storage:
        yield of_engine(storage)


@contextlib.contextmanager
def _plain_files() -> Iterator[Way]:
    """As durable: a file that is fsynced, renamed, its folder fsynced, and one row in SQLite (WAL, FULL). No digest, no
    sidecar, no ledger, no search."""
    with tempfile.TemporaryDirectory() as folder:
        rows = sqlite3.connect(Path(folder, "rows.db"), isolation_level=None)
        for statement in (
            "PRAGMA journal_mode=WAL",
            "PRAGMA synchronous=FULL",
            "CREATE TABLE video (key, facts, tags)",
        ):
            rows.execute(statement)
        of_folder = os.open(folder, os.O_RDONLY)

        def store(data: bytes) -> str:
            key = str(uuid.uuid4())
            with Path(folder, f"{key}.part").open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(folder, f"{key}.part").rename(Path(folder, key))
            os.fsync(of_folder)
            rows.execute("INSERT INTO video VALUES (?, ?, ?)", (key, json.dumps(_FACTS), json.dumps(_TAGS)))
            return key

        yield Way(store, lambda key: Path(folder, key).read_bytes())
        rows.close()
        os.close(of_folder)


@contextlib.contextmanager
def _redis() -> Iterator[Way]:
    own = str(uuid.uuid4())
    with RedisVideoStorage(url=_server().url, prefix=own, max_memory_mb=4096) as storage:
        yield of_engine(storage)
        storage.clear_all()


@contextlib.contextmanager
def _raw_redis() -> Iterator[Way]:
    """SET and GET of the same pieces, with the same TTL: no metadata, no index, no check, no bound."""
    client: Any = redis.Redis.from_url(_server().url)
    sizes: dict[str, int] = {}

    def names(key: str) -> list[str]:
        return [f"{key}:{n}" for n in range(-(-sizes[key] // PIECE_BYTES))]

    def store(data: bytes) -> str:
        key = str(uuid.uuid4())
        sizes[key] = len(data)
        for n, name in enumerate(names(key)):
            client.set(name, data[n * PIECE_BYTES : (n + 1) * PIECE_BYTES], ex=48 * 3600)
        return key

    yield Way(store, lambda key: b"".join(client.get(name) for name in names(key)))
    client.flushdb()
    client.close()


@functools.cache
def _server() -> RedisServer:
    """One for all rounds; nothing is written to a disk."""
    server = RedisServer.boot(appendonly="no")
    atexit.register(server.close)
    return server


_PAIRS: dict[str, tuple[Opened, str, Opened]] = {
    "MemoryVideoStorage": (_memory, "a plain dict", _plain_dict),
    "RedisVideoStorage": (_redis, "redis-py SET, GET", _raw_redis),
    "AutoStorage": (_auto, "a file and a row, fsynced", _plain_files),
}


def storage(count: int, rounds: int) -> Result:
    """Videos of 100 kB by one thread; each pair in turns, the median of the rounds."""
    result = Result(f"Storage library: {count} videos of {_VIDEO_BYTES // 1000} kB stored and retrieved", "videos/s")
    lines = [
        "| engine | stored/s | raw client | ratio | retrieved/s | raw client | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    videos = [os.urandom(_VIDEO_BYTES) for _ in range(50)]
    for name, (engine, raw_name, raw) in _PAIRS.items():
        lines.append(f"| {name} | {_cells(engine, raw_name, raw, videos, count, rounds)} |")
    large, mb = [os.urandom(_LARGE_BYTES)], _LARGE_BYTES / 1e6
    lines += [
        "",
        "| engine, videos of 64 MiB | stored, MB/s | raw client | ratio | retrieved, MB/s | raw client | ratio |",
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    lines += [f"| RedisVideoStorage | {_cells(*_PAIRS['RedisVideoStorage'], large, _LARGE_COUNT, rounds, mb)} |"]
    result.table = tuple(lines)
    result.note = f"a store in memory takes {_processor_us(count):.0f} µs of processor time, others' load aside"
    return result


def _cells(
    engine: Opened, raw_name: str, raw: Opened, videos: list[bytes], count: int, rounds: int, scale: float = 1
) -> str:
    """The rates of both, in turns, and their ratios; `scale`: what one video counts."""
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for number in range(rounds + 1):
        for opened, figures in ((engine, ours), (raw, theirs)):
            with opened() as way:
                rates = _rates(way, videos, count)
            if number:  # the first round warms up
                figures.append(rates)
    cells = []
    for which in (0, 1):
        mine, other = (scale * statistics.median(rates[which] for rates in figures) for figures in (ours, theirs))
        cells += [f"{mine:,.0f}", f"{other:,.0f} ({raw_name})", f"{mine / other:.2f}"]
    return " | ".join(cells)


def _processor_us(count: int) -> float:
    with _memory() as way:
        began = time.process_time()
        for data in [bytes(_VIDEO_BYTES)] * count:
            way.store(data)
        return 1e6 * (time.process_time() - began) / count


def _rates(way: Way, videos: list[bytes], count: int) -> tuple[float, float]:
    """Videos stored and retrieved a second; what comes back is compared afterwards."""
    given = [videos[n % len(videos)] for n in range(count)]
    began = time.perf_counter()
    keys = [way.store(data) for data in given]
    stored = time.perf_counter()
    found = [way.retrieve(key) for key in keys]
    ended = time.perf_counter()
    if found != given:
        raise RuntimeError("other bytes came back than were stored")
    return count / (stored - began), count / (ended - stored)
