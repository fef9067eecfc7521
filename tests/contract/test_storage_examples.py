"""Example programs of the library's first users run on every engine as they wrote them, but for the import line."""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.storage import MemoryVideoStorage, RedisVideoStorage
from backend.storage.base import StorageEngine
from tests.contract.engines import ENGINES, MP4, every_engine

_FOLDER = Path(__file__).with_name("seed_000")
Run = Callable[..., dict[str, Any]]


@pytest.fixture(params=every_engine())
def storage(request: pytest.FixtureRequest) -> Iterator[StorageEngine]:
    with ENGINES[request.param].make(request) as made:
        yield made


@pytest.fixture
def run(storage: StorageEngine) -> Run:
    """`run("pipeline", name=value…)`: an example with what its reader has from the ones before; the names it leaves."""
    before = _run("basic_usage", storage=storage, video_bytes=MP4)
    storage.clear_all()
    return lambda name, **given: _run(name, **{**before, "video_data": MP4, **given})


def _run(name: str, **given: Any) -> dict[str, Any]:
    plain = {name: value for name, value in given.items() if not name.startswith("__")}
    return runpy.run_path(str(_FOLDER / f"{name}.py"), init_globals=plain)


def test_an_engine_is_made_as_in_the_example() -> None:
    with _run("memory_engine")["storage"] as storage:
        assert type(storage) is MemoryVideoStorage
        assert (storage.max_memory_mb, storage.ttl_hours) == (2048, 48)
        assert (storage.cleanup_interval, storage.max_video_size_mb) == (50, 100)


def test_an_engine_in_redis_is_made_as_in_the_example() -> None:
    with _run("redis_engine")["storage"] as storage:
        assert type(storage) is RedisVideoStorage
        assert (storage.max_memory_mb, storage.ttl_hours, storage.max_video_size_mb) == (2048, 48, 100)


def test_basic_usage_stores_finds_updates_and_deletes(storage: StorageEngine) -> None:
    left = _run("basic_usage", storage=storage, video_bytes=MP4)
    assert left["video_data"] == MP4
    told = {"title": "Sample Video", "duration": 30.5, "resolution": "1920x1080", "fps": 30.0, "source": "camera_1"}
    assert told.items() <= left["metadata"].items()
    assert left["metadata"]["filename"] == "sample_video.mp4"
    assert [video["key"] for video in left["demo_videos"]] == [left["key"]]
    assert left["demo_and_short"] == []
    assert [video["key"] for video in left["recent_videos"]] == [left["key"]]
    assert left["january_videos"] == []
    assert left["success"] is True
    assert len(storage) == 0


def test_the_processing_pipeline_links_what_came_in_with_what_came_out(storage: StorageEngine, run: Run) -> None:
    left = run("pipeline", raw_video=MP4, process_video=lambda video: video + b"processed")
    raw, processed = storage.get_video(left["key"]), storage.get_video(left["processed_key"])
    assert raw is not None
    assert processed is not None
    assert (raw["processed_key"], raw["tags"]) == (left["processed_key"], ["raw", "incoming"])
    assert (processed["source_key"], processed["status"]) == (left["key"], "processed")
    assert "status" not in raw
    assert storage.retrieve_video(left["processed_key"]) == MP4 + b"processed"


def test_the_archive_finds_what_is_kept_for_a_year(storage: StorageEngine, run: Run) -> None:
    left = run("archive")
    assert [video["key"] for video in left["archived_videos"]] == [left["archive_key"]]


def test_the_monitoring_finds_what_came_in_the_last_half_hour(storage: StorageEngine, run: Run) -> None:
    left = run("monitoring")
    assert [video["key"] for video in left["recent_videos"]] == [left["monitoring_key"]]


def test_errors_are_caught_as_in_the_example(
    storage: StorageEngine, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("error_handling")["key"] in storage
    assert capsys.readouterr().out == ""
    run("error_handling", video_data=b"")
    assert capsys.readouterr().out.startswith("Validation error: Video data cannot be empty")
