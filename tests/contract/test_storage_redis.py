"""What RedisVideoStorage promises beyond the port: whole or not at all, indexes that agree, never short bytes."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis

from backend.storage import RedisVideoStorage
from backend.storage.redis import VideoDamaged
from backend.storage.redis.reading import PIECE_BYTES
from tests.contract.redis_keys import Keys
from tests.services.process import free_port
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until

_MS = 1 / 3_600_000  # of ttl_hours


@pytest.fixture
def prefix() -> str:
    return f"own-{uuid.uuid4()}"


@pytest.fixture
def storage(redis_server: RedisServer, prefix: str) -> Iterator[RedisVideoStorage]:
    with RedisVideoStorage(url=redis_server.url, prefix=prefix, ttl_hours=1) as made:
        yield made
        made.clear_all()


@pytest.fixture
def keys(redis_server: RedisServer, prefix: str) -> Iterator[Keys]:
    made = Keys(redis_server.url, prefix)
    yield made
    made.client.close()


def content(size_bytes: int, seed: str = "video") -> bytes:
    return hashlib.shake_256(seed.encode()).digest(size_bytes)


class Watched(io.BytesIO):
    """A stream that lets somebody look each time it is asked for more."""

    def __init__(self, given: bytes, look: Callable[[int], None]) -> None:
        super().__init__(given)
        self._look = look

    def read(self, size: int | None = -1, /) -> bytes:
        self._look(self.tell())
        return super().read(size)


@pytest.mark.parametrize("size_bytes", [1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 9 * PIECE_BYTES + 5])
def test_every_size_around_a_piece_comes_back_whole_and_from_anywhere(
    storage: RedisVideoStorage, keys: Keys, size_bytes: int
) -> None:
    given = content(size_bytes)
    key = storage.store_video(given, {})
    assert storage.retrieve_video(key) == given
    stream = storage.retrieve_video(key, "stream")
    assert stream is not None
    with stream:
        assert stream.read() == given
        for start in {0, size_bytes // 2, max(0, PIECE_BYTES - 3), size_bytes - 1}:
            stream.seek(start)
            assert stream.read(10) == given[start : start + 10]
    assert keys.faults() == []


def test_a_piece_with_all_that_redis_adds_fits_a_mebibyte(storage: RedisVideoStorage, keys: Keys) -> None:
    key = storage.store_video(content(PIECE_BYTES), {})
    assert keys.client.memory_usage(keys.piece(key, 0)) <= 1024 * 1024 + 200


def test_who_looks_while_a_video_comes_sees_the_old_one_and_then_the_new_one(
    storage: RedisVideoStorage, keys: Keys
) -> None:
    old, new = content(2 * PIECE_BYTES, "old"), content(3 * PIECE_BYTES, "new")
    storage.store_video(old, {"title": "Old"}, tags=["old"], key="gate")
    before = storage.get_storage_stats()
    looks = 0

    def look(_: int) -> None:
        nonlocal looks
        looks += 1
        assert storage.retrieve_video("gate") == old
        assert [video["title"] for video in storage.list_videos()] == ["Old"]
        assert storage.search_by_tags(["new"]) == []
        assert storage.get_storage_stats() == before

    storage.store_video(Watched(new, look), {"title": "New"}, tags=["new"], key="gate")
    assert looks > 3
    assert storage.retrieve_video("gate") == new
    assert [video["title"] for video in storage.list_videos()] == ["New"]
    assert storage.search_by_tags(["old"]) == []
    assert keys.faults() == []


def test_a_store_that_breaks_off_leaves_nothing(storage: RedisVideoStorage, keys: Keys) -> None:
    def stop(at: int) -> None:
        if at >= 2 * PIECE_BYTES:
            assert len([name for name in keys.all() if name.startswith("bytes:")]) == 2
            raise OSError("the camera is gone")

    with pytest.raises(OSError, match="the camera is gone"):
        storage.store_video(Watched(content(4 * PIECE_BYTES), stop), {}, key="gate")
    assert keys.all() == []


def test_what_never_became_whole_can_be_dropped_and_what_became_the_video_stays(
    storage: RedisVideoStorage, keys: Keys
) -> None:
    storage.store_video(content(10), {}, key="gate")

    def drop(at: int) -> None:
        if at >= 2 * PIECE_BYTES:
            RedisVideoStorage.drop_unfinished(storage, "gate")

    with pytest.raises(VideoDamaged, match="Nothing was stored; try again"):
        storage.store_video(Watched(content(4 * PIECE_BYTES), drop), {}, key="gate")
    assert storage.retrieve_video("gate") == content(10)
    storage.drop_unfinished("gate")
    assert storage.retrieve_video("gate") == content(10)
    assert keys.faults() == []


def test_a_publication_whose_answer_was_lost_may_be_asked_for_again(storage: RedisVideoStorage, keys: Keys) -> None:
    wire, asked = storage._wire, list[int]()
    run = wire.run

    def twice(name: str, *arguments: Any) -> Any:
        if name != "PUBLISH":
            return run(name, *arguments)
        asked.extend(int(run(name, *arguments)) for _ in range(2))
        raise redis.ConnectionError("the answer is lost")

    wire.run = twice  # type: ignore[method-assign] # as a network that breaks at the worst moment
    with pytest.raises(redis.ConnectionError):
        storage.store_video(content(3 * PIECE_BYTES), {}, key="gate")
    wire.run = run  # type: ignore[method-assign]
    assert asked[0] == asked[1]
    assert storage.retrieve_video("gate") == content(3 * PIECE_BYTES), "the bytes of a video were thrown away"
    assert keys.faults() == []


def test_what_redis_let_expire_is_in_no_index_and_no_figure(storage: RedisVideoStorage, keys: Keys) -> None:
    key = storage.store_video(content(2 * PIECE_BYTES), {}, tags=["a", "b"], ttl_hours=200 * _MS)
    name, piece = keys.name(f"video:{key}"), keys.piece(key, 0)
    wait_until(lambda: not keys.client.exists(name, piece), "Redis to let it go")
    assert keys.client.zcard(keys.name("time")) == 1, "nobody looked yet"
    assert len(storage) == 0
    assert storage.get_storage_stats()["tag_distribution"] == {}
    assert storage.get_storage_stats()["used_memory_bytes"] == 0
    assert storage.search_by_tags(["a"]) == storage.list_videos() == []
    assert keys.all() == ["figures"]


def test_a_video_is_over_at_its_time_although_redis_would_still_have_it(storage: RedisVideoStorage, keys: Keys) -> None:
    before = datetime.now(UTC)
    key = storage.store_video(content(10), {}, tags=["a"], ttl_hours=300 * _MS)
    for name in (keys.name(f"video:{key}"), keys.piece(key, 0)):
        assert 0 < keys.client.pttl(name) <= 300
        keys.client.persist(name)
    wait_until(lambda: key not in storage, "the end of its time")
    assert datetime.now(UTC) - before >= timedelta(milliseconds=300)
    assert storage.search_by_tags(["a"]) == []
    assert keys.all() == ["figures"]


def test_for_ever_is_for_ever_and_its_end_can_be_asked(storage: RedisVideoStorage, keys: Keys) -> None:
    for_ever = storage.store_video(content(10), {}, ttl_hours=0)
    hour = storage.store_video(content(10), {})
    assert keys.client.pttl(keys.name(f"video:{for_ever}")) == keys.client.pttl(keys.piece(for_ever, 0)) == -1
    assert storage.expires_at(for_ever) is None
    ends = storage.expires_at(hour)
    assert ends is not None
    assert timedelta(minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=1)
    storage.update_metadata(hour, {"title": "New"})
    assert storage.expires_at(hour) == ends
    assert storage.expires_at("unknown") is None


def test_what_redis_evicted_is_gone_and_cleaned_away(storage: RedisVideoStorage, keys: Keys) -> None:
    stored = [storage.store_video(content(10), {}, tags=["a"]) for _ in range(3)]
    for key in stored[:2]:
        keys.client.delete(keys.name(f"video:{key}"))
    assert stored[0] not in storage
    assert [video["key"] for video in storage.search_by_tags(["a"])] == [stored[2]]
    assert [video["key"] for video in storage.list_videos()] == [stored[2]]
    assert len(storage) == 1
    assert keys.faults() == []


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("harm", ["gone", "shorter", "longer", "other bytes"])
def test_bytes_that_are_not_what_was_stored_are_an_error_and_never_given_out(
    storage: RedisVideoStorage, keys: Keys, pieces: int, harm: str
) -> None:
    key = storage.store_video(content(pieces * PIECE_BYTES), {})
    name = keys.piece(key, pieces - 1)
    if harm == "gone":
        keys.client.delete(name)
    else:
        piece = keys.client.get(name)
        harmed = {"shorter": piece[:-1], "longer": piece + b"!", "other bytes": piece[:-1] + bytes([piece[-1] ^ 1])}
        keys.client.set(name, harmed[harm])
    with pytest.raises(redis.RedisError, match=f"Piece {pieces} of {pieces}") as failure:
        storage.retrieve_video(key)
    assert isinstance(failure.value, VideoDamaged)
    stream = storage.retrieve_video(key, "stream")
    assert stream is not None
    with stream, pytest.raises(VideoDamaged):
        list(iter(lambda: stream.read(100_000), b""))
    assert storage.delete_video(key)
    assert keys.faults() == []


def test_a_stream_of_a_video_that_goes_meanwhile_ends_with_an_error(storage: RedisVideoStorage) -> None:
    given = content(4 * PIECE_BYTES)
    key = storage.store_video(given, {})
    stream = storage.retrieve_video(key, "stream")
    assert stream is not None
    with stream:
        assert stream.read(1000) == given[:1000]
        storage.delete_video(key)
        with pytest.raises(VideoDamaged, match="deleted or replaced"):
            stream.read()


def test_the_oldest_go_when_there_is_no_room(redis_server: RedisServer, storage: RedisVideoStorage, keys: Keys) -> None:
    storage.max_memory_mb = 5
    stored = [storage.store_video(content(PIECE_BYTES), {}, tags=["a"]) for _ in range(7)]
    assert [video["key"] for video in storage.list_videos()] == stored[:2:-1]
    told = storage.get_storage_stats()
    assert told["used_memory_bytes"] <= 5 * 1024 * 1024
    assert told["tag_distribution"] == {"a": 4}
    storage.update_metadata(stored[3], {"note": "x" * 1_048_000})
    assert stored[3] in storage, "what is made larger is not what goes for it"
    assert stored[4] not in storage
    assert keys.faults() == []
    with pytest.raises(ValueError, match="exceeds maximum allowed size of 5 MB"):
        storage.store_video(content(5 * 1024 * 1024 - 100), {})
    assert stored[3] in storage


def test_what_is_told_as_used_is_at_least_what_redis_takes(storage: RedisVideoStorage, keys: Keys) -> None:
    for number in range(60):
        tags = [f"tag {number % 7}", "ä" * 40, "all"][: number % 4]
        storage.store_video(content(1 + number * 997), {"title": f"Gate {number}", "n": list(range(number))}, tags)
    storage.store_video(content(3 * PIECE_BYTES), {})
    told = storage.get_storage_stats()["used_memory_bytes"]
    assert keys.takes_bytes() <= told <= 1.5 * keys.takes_bytes()


def test_prefixes_know_nothing_of_each_other(redis_server: RedisServer, storage: RedisVideoStorage) -> None:
    with RedisVideoStorage(url=redis_server.url, prefix=f"{storage.prefix}-2") as other:
        storage.store_video(content(10), {}, key="gate")
        assert "gate" not in other
        other.store_video(content(20), {}, key="gate")
        assert other.clear_all()
        assert storage.retrieve_video("gate") == content(10)


@pytest.mark.parametrize(
    "given",
    [
        {"prefix": ""},
        {"prefix": "a{b}"},
        {"prefix": "a b"},
        {"prefix": 5},
        {"url": "http://x"},
        {"url": 5},
        {"max_memory_mb": 0},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - redis-py's own words where it is the URL
        RedisVideoStorage(**given)


def test_nothing_is_connected_before_the_first_call_and_then_trouble_is_a_redis_error() -> None:
    with RedisVideoStorage("127.0.0.1", free_port()) as storage:
        with pytest.raises(redis.ConnectionError):
            storage.store_video(content(10), {})
        with pytest.raises(redis.RedisError):
            len(storage)
