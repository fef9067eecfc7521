"""RedisVideoStorage when the clock is set back, and when videos are replaced while somebody reads the list."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import redis

from backend.storage import RedisVideoStorage
from tests.contract.redis_keys import Keys
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until

pytestmark = pytest.mark.service
_YEAR_US = 365 * 24 * 3600 * 1_000_000


@pytest.fixture
def prefix() -> str:
    return f"time-{uuid.uuid4()}"


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


def restamp(keys: Keys, key: str, at_us: int) -> None:
    """As if it had been stored while the server's clock said so."""
    keys.client.hset(keys.name(f"video:{key}"), "at", at_us)
    keys.client.zadd(keys.name("time"), {key: at_us})


def a_year_ahead() -> int:
    return time.time_ns() // 1000 + _YEAR_US


def test_after_a_clock_was_ahead_times_are_right_again_at_once(storage: RedisVideoStorage, keys: Keys) -> None:
    restamp(keys, storage.store_video(b"ahead", {}), a_year_ahead())
    key = storage.store_video(b"since", {}, ttl_hours=1 / 3600)
    stored_at = datetime.fromisoformat((storage.get_video(key) or {})["stored_at"])
    assert abs(stored_at - datetime.now()) < timedelta(minutes=1)
    wait_until(lambda: key not in storage, "its time is over")
    later = storage.store_video(b"later", {})
    assert [video["key"] for video in storage.search_by_timestamp_range(end_time=datetime.now())] == [later]


def test_after_the_clock_was_set_back_the_new_are_not_taken_for_the_oldest(
    storage: RedisVideoStorage, keys: Keys
) -> None:
    mib = bytes(1_000_000)
    storage.max_memory_mb = 4
    for number in range(3):
        restamp(keys, storage.store_video(mib, {}), a_year_ahead() + number)
    since = [storage.store_video(mib, {}) for _ in range(3)]
    assert {video["key"] for video in storage.list_videos()} == set(since)
    assert keys.faults() == []


def test_an_instant_is_given_once_and_a_clock_a_little_behind_keeps_the_order(
    storage: RedisVideoStorage, keys: Keys
) -> None:
    first = storage.store_video(b"first", {})
    restamp(keys, first, time.time_ns() // 1000 + 900_000)
    stored = [first, *(storage.store_video(b"next", {}) for _ in range(5))]
    listed = storage.list_videos()
    assert [video["key"] for video in listed] == stored[::-1]
    assert len({video["stored_at"] for video in listed}) == 6


def test_however_many_end_at_once_none_of_them_is_shown_and_no_step_has_to_take_them_all(
    storage: RedisVideoStorage, keys: Keys
) -> None:
    ended = [storage.store_video(b"a film", {}, tags=["a"]) for _ in range(1300)]
    kept = storage.store_video(b"kept", {}, tags=["a"])
    past = time.time_ns() // 1000 - 1
    with keys.client.pipeline() as pipeline:
        for key in ended:
            pipeline.hset(keys.name(f"video:{key}"), "ends", past)
            pipeline.zadd(keys.name("end"), {key: past})
        pipeline.execute()
    last = sorted(ended)[-1]  # ended at the same instant as the others, so its turn is the last one
    assert storage.retrieve_video(last) is None
    assert keys.client.zcard(keys.name("end")) > 500, "one step took them all"
    assert not storage.delete_video(sorted(ended)[-2])
    assert storage.get_storage_stats()["tag_distribution"] == {"a": 1}
    assert [video["key"] for video in storage.list_videos()] == [kept]
    assert len(storage) == 1
    assert keys.faults() == []


class Interrupting(redis.Redis):
    """A client that lets somebody else in once, behind the first page of a list."""

    between: Callable[[], object] | None = None

    def zrevrangebyscore(self, *given: Any, **named: Any) -> Any:
        page = super().zrevrangebyscore(*given, **named)
        meanwhile, self.between = self.between, None
        if meanwhile is not None:
            meanwhile()
        return page


def test_what_is_replaced_while_the_list_is_read_is_in_it_once_and_in_its_place(
    redis_server: RedisServer, storage: RedisVideoStorage
) -> None:
    stored = [storage.store_video(b"a film", {}, key=f"video-{number}") for number in range(250)]
    client = Interrupting(host="127.0.0.1", port=redis_server.port)
    for moved in (stored[3], stored[-3]):  # before its page is read, and after
        client.between = lambda moved=moved: storage.store_video(b"again", {}, key=moved)
        listed = RedisVideoStorage(client=client, prefix=storage.prefix).list_videos()
        assert sorted(video["key"] for video in listed) == sorted(stored)
        times = [video["stored_at"] for video in listed]
        assert times == sorted(times, reverse=True)
    client.close()


def test_when_all_is_cleared_nothing_at_all_is_left(storage: RedisVideoStorage, keys: Keys) -> None:
    for number in range(3):
        storage.store_video(b"a film", {}, tags=[f"tag {number}"], ttl_hours=number)
    storage.clear_all()
    assert keys.all() == []
    assert storage.get_storage_stats()["used_memory_bytes"] == 0
