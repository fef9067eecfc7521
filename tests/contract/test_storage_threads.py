"""Sixteen threads on one storage engine: each sees whole videos only, and afterwards everything agrees."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from backend.storage.base import StorageEngine
from tests.contract.engines import ENGINES, MP4, Engine, every_engine

_THREADS = 16
_ACTS = 40
_KEYS = [f"shared{n}" for n in range(6)]
_TAGS = ["a", "b", "c"]


@pytest.fixture(params=every_engine())
def case(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture
def storage(case: Engine, request: pytest.FixtureRequest) -> Iterator[StorageEngine]:
    with case.make(request) as made:
        yield made


def test_sixteen_threads_see_whole_videos_only_and_leave_everything_in_agreement(
    storage: StorageEngine, case: Engine
) -> None:
    together = Barrier(_THREADS)
    with ThreadPoolExecutor(_THREADS) as threads:
        for done in [threads.submit(_hammer, storage, case, n, together) for n in range(_THREADS)]:
            done.result()
    _agrees(storage)
    storage.clear_all()
    assert len(storage) == 0


def _hammer(storage: StorageEngine, tried: Engine, number: int, together: Barrier) -> None:
    dice = random.Random(number)
    own: list[str] = []
    together.wait()
    for act in range(_ACTS):
        key = dice.choice(_KEYS) if tried.takes_keys and dice.random() < 0.5 else None
        mark = f"{number}-{act}"
        tags = dice.sample(_TAGS, dice.randint(0, 3))
        known = dice.choice(own) if own else "unknown"
        match dice.choices(["store", "delete", "update", "look", "search", "list"], [4, 1, 2, 3, 1, 1])[0]:
            case "store":
                own.append(storage.store_video(_content(mark), {"mark": mark}, tags, key=key))
            case "delete":
                storage.delete_video(known)
            case "update":
                storage.update_metadata(known, {"note": mark, "tags": tags})
            case "look":
                _look_at(storage, known)
            case "search":
                _search(storage, dice.choice(_TAGS))
            case "list":
                assert len(storage.list_videos(limit=5)) <= 5


def _content(mark: str) -> bytes:
    return MP4 + mark.encode() * 50


def _look_at(storage: StorageEngine, key: str) -> None:
    """One look may come before and the next after a change by another thread: each of them is right in itself."""
    data = storage.retrieve_video(key)
    if data is not None:
        assert data == _content(data[len(MP4) :].decode()[: len(data[len(MP4) :]) // 50])
    found = storage.get_video(key)
    assert found is None or found["video_size_bytes"] == len(_content(found["mark"]))


def _search(storage: StorageEngine, tag: str) -> None:
    for found in storage.search_by_tags([tag]):
        assert tag in found["tags"]


def _agrees(storage: StorageEngine) -> None:
    listed = storage.list_videos()
    tags = Counter(tag for video in listed for tag in video["tags"])
    told = storage.get_storage_stats()
    assert len(storage) == len(listed) == told["total_videos"] > 0
    assert told["tag_distribution"] == dict(tags)
    assert told["total_size_bytes"] == sum(video["video_size_bytes"] for video in listed)
    for video in listed:
        assert storage.retrieve_video(video["key"]) == _content(video["mark"])
    for tag in _TAGS:
        found = [video["key"] for video in storage.search_by_tags([tag])]
        assert found == [video["key"] for video in listed if tag in video["tags"]]
