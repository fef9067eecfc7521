"""RedisVideoStorage and its connection: clients it cannot use, a server that hangs, one that is a replica."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
import redis.asyncio

from backend.storage import RedisVideoStorage
from backend.storage.redis.wire import ANSWER_SECONDS, client_for
from tests.contract.engines import MP4
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until


@pytest.fixture
def boot() -> Iterator[Callable[..., RedisServer]]:
    """Servers of this test's own."""
    booted: list[RedisServer] = []

    def make(**options: str) -> RedisServer:
        booted.append(RedisServer.boot(**options))
        return booted[-1]

    yield make
    for server in booted:
        server.close()


@pytest.fixture
def prefix() -> str:
    return f"connection-{uuid.uuid4()}"


@pytest.mark.parametrize(
    ("client", "words"),
    [
        (redis.Redis(decode_responses=True), "makes texts of bytes"),
        (redis.asyncio.Redis(), r"redis\.asyncio\.client\.Redis.*not awaited"),
        ("localhost", r"type builtins\.str"),
    ],
)
def test_a_client_that_cannot_carry_bytes_is_refused(client: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RedisVideoStorage(client=client)
    with pytest.raises(ValueError, match="makes texts of bytes"):
        RedisVideoStorage(url="redis://localhost/0?decode_responses=True")


@pytest.mark.service
def test_a_server_that_hangs_is_an_error_in_time_and_is_asked_once(
    boot: Callable[..., RedisServer], prefix: str
) -> None:
    own = client_for("127.0.0.1", 1, 0, None, None).connection_pool.connection_kwargs
    assert 0 < own["socket_timeout"] == ANSWER_SECONDS < 60
    server = boot()
    with RedisVideoStorage(url=f"{server.url}?socket_timeout=0.5", prefix=prefix) as storage:
        key = storage.store_video(MP4, {})
        server.pause()
        began = time.monotonic()
        with pytest.raises(redis.TimeoutError):
            storage.retrieve_video(key)
        waited = time.monotonic() - began
        server.resume()
        assert 0.4 < waited < 1.9, "asked again and again"
        assert storage.retrieve_video(key) == MP4


@pytest.mark.service
def test_a_replica_is_read_also_for_what_is_not_there(boot: Callable[..., RedisServer], prefix: str) -> None:
    first, second = boot(repl_diskless_sync_delay="0"), boot()
    with RedisVideoStorage(url=first.url, prefix=prefix) as storage:
        key = storage.store_video(MP4, {}, tags=["gate"])
    with RedisVideoStorage(url=second.url, prefix=prefix) as replica, redis.Redis.from_url(second.url) as admin:
        admin.replicaof("127.0.0.1", first.port)
        wait_until(lambda: admin.info("replication")["master_link_status"] == "up", "the replica has it all")
        assert replica.retrieve_video(key) == MP4
        assert [video["key"] for video in replica.search_by_tags(["gate"])] == [key]
        assert replica.retrieve_video("unknown") is None
        with pytest.raises(redis.exceptions.ReadOnlyError):
            replica.store_video(MP4, {})
