"""RedisVideoStorage when there is trouble: no memory left, a server or a program killed, many at once, a cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.cluster import RedisCluster

from backend.storage import RedisVideoStorage
from tests.contract.engines import MP4
from tests.contract.redis_keys import Keys
from tests.contract.redis_process import MIB, SHARED, Made, content_of, hammer
from tests.services.process import free_port
from tests.services.redis import RedisServer
from tests.services.waiting import wait_until

_ROOT = Path(__file__).resolve().parents[2]
_LARGE_MIB = 1024 if os.environ.get("TORTURE") else 256
_PROCESSES = 4

pytestmark = pytest.mark.service


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
    return f"trouble-{uuid.uuid4()}"


def _acting(act: str, url: str, prefix: str, size_mib: int) -> list[str]:
    return [sys.executable, "-m", "tests.contract.redis_process", act, url, prefix, str(size_mib)]


def test_four_processes_at_once_see_whole_videos_only_and_lose_no_change(
    redis_server: RedisServer, prefix: str
) -> None:
    acts = 100 if os.environ.get("TORTURE") else 20
    keys = Keys(redis_server.url, prefix)
    with RedisVideoStorage(url=redis_server.url, prefix=prefix) as storage, closing(keys.client):
        storage.store_video(MP4, {}, key="counted")
        with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:
            ran = [pool.submit(hammer, redis_server.url, prefix, number, acts) for number in range(_PROCESSES)]
            assert [done.result() for done in ran] == [acts] * _PROCESSES
        counted = storage.retrieve_video("counted", "metadata")
        assert counted is not None
        for number in range(_PROCESSES):
            assert counted[f"field {number}"] == acts - 1
            assert all(counted[f"field {number}-{act}"] for act in range(acts))
        for found in storage.list_videos():
            if found["key"] in SHARED:
                assert storage.retrieve_video(found["key"]) == content_of(found["mark"])
        assert keys.faults() == []
        assert storage.clear_all()


def test_a_program_killed_while_it_stores_leaves_only_what_goes_by_itself(
    redis_server: RedisServer, prefix: str
) -> None:
    keys = Keys(redis_server.url, prefix)
    with RedisVideoStorage(url=redis_server.url, prefix=prefix) as storage, closing(keys.client):
        storage.store_video(MP4, {"title": "Old"}, key="gate")
        before = set(keys.all())
        command = _acting("stop", redis_server.url, prefix, 5)
        with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "stopped\n"
            process.kill()
        left = set(keys.all()) - before
        assert len(left) > 4
        assert all(0 < keys.client.pttl(keys.name(name)) <= 600_000 for name in left)
        assert [video["title"] for video in storage.list_videos()] == ["Old"]
        assert storage.retrieve_video("gate") == MP4
        storage.drop_unfinished("gate")
        assert keys.faults() == []
        storage.clear_all()


def test_a_video_larger_than_memory_passes_in_pieces(boot: Callable[..., RedisServer], prefix: str) -> None:
    server = boot(appendonly="no")
    done = subprocess.run(
        _acting("keep", server.url, prefix, _LARGE_MIB), cwd=_ROOT, stdout=subprocess.PIPE, check=True, text=True
    )
    told = json.loads(done.stdout)
    assert told["same"]
    assert told["stored_grew_kib"] < 12 * 1024, told
    assert told["grew_kib"] < 16 * 1024, told


def test_a_server_without_memory_says_so_and_nothing_half_is_kept(
    boot: Callable[..., RedisServer], prefix: str
) -> None:
    server = boot(maxmemory="24mb", maxmemory_policy="noeviction", appendonly="no")
    keys = Keys(server.url, prefix)
    with RedisVideoStorage(url=server.url, prefix=prefix) as storage, closing(keys.client):
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            [storage.store_video(Made(5 * MIB), {"n": number}, ["a"]) for number in range(10)]
        stored = [video["key"] for video in storage.list_videos()][::-1]
        assert 2 <= len(stored) <= 4
        for _ in range(2):
            with pytest.raises(redis.RedisError):
                storage.store_video(Made(12 * MIB), {}, ["a"], key=stored[0])
        assert keys.faults() == []
        assert [video["key"] for video in storage.search_by_tags(["a"])] == stored[::-1]
        assert len(storage.retrieve_video(stored[0]) or b"") == 5 * MIB
        assert storage.delete_video(stored[0])
        assert storage.update_metadata(stored[1], {"note": "there is room again"})
        storage.store_video(Made(4 * MIB), {}, ["a"])
        assert keys.faults() == []


def test_an_update_without_memory_changes_nothing(boot: Callable[..., RedisServer], prefix: str) -> None:
    server = boot(appendonly="no")
    keys = Keys(server.url, prefix)
    with RedisVideoStorage(url=server.url, prefix=prefix) as storage, closing(keys.client):
        key = storage.store_video(MP4, {"title": "Old"}, ["old"])
        keys.client.config_set("maxmemory", 1)
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            storage.update_metadata(key, {"title": "New", "tags": ["new"]})
        assert storage.search_by_tags(["new"]) == []
        assert [video["title"] for video in storage.search_by_tags(["old"])] == ["Old"]
        keys.client.config_set("maxmemory", 0)
        assert storage.update_metadata(key, {"title": "New", "tags": ["new"]})
        assert keys.faults() == []


def test_a_server_that_is_killed_and_comes_back_has_what_was_stored(
    boot: Callable[..., RedisServer], prefix: str
) -> None:
    server = boot()
    with RedisVideoStorage(url=server.url, prefix=prefix) as storage:
        stored = [storage.store_video(content_of(str(n)), {"n": n}, ["a"]) for n in range(3)]
        server.kill9()
        calls: list[Callable[[], object]] = [
            lambda: storage.store_video(MP4, {}),
            lambda: storage.retrieve_video(stored[0]),
            lambda: storage.update_metadata(stored[0], {}),
            lambda: storage.search_by_tags(["a"]),
            lambda: len(storage),
        ]
        for call in calls:
            with pytest.raises(redis.RedisError):
                call()
        server.start()
        assert [storage.retrieve_video(key) for key in stored] == [content_of(str(n)) for n in range(3)]
        assert [video["key"] for video in storage.search_by_tags(["a"])] == stored[::-1]
        storage.store_video(MP4, {})
        keys = Keys(server.url, prefix)
        assert keys.faults() == []
        keys.client.close()


def test_a_server_that_is_killed_while_a_video_comes_keeps_nothing_half(
    boot: Callable[..., RedisServer], prefix: str
) -> None:
    server = boot()

    class Kills(Made):
        def read(self, size: int, /) -> bytes:
            if self._left <= 2 * MIB and server.process.running:
                server.kill9()
            return super().read(size)

    keys = Keys(server.url, prefix)
    with RedisVideoStorage(url=server.url, prefix=prefix) as storage, closing(keys.client):
        storage.store_video(MP4, {"title": "Old"}, key="gate")
        before = set(keys.all())
        with pytest.raises(redis.RedisError):
            storage.store_video(Kills(6 * MIB), {"title": "New"}, key="gate")
        server.start()
        assert storage.retrieve_video("gate") == MP4
        assert len(storage) == 1
        left = set(keys.all()) - before
        assert left
        assert all(0 < keys.client.pttl(keys.name(name)) <= 600_000 for name in left)


@pytest.fixture
def cluster(boot: Callable[..., RedisServer]) -> Iterator[tuple[RedisCluster, list[Any]]]:
    """Three nodes that share the slots among them."""
    servers = [
        boot(cluster_enabled="yes", cluster_port=str(free_port()), cluster_node_timeout="15000") for _ in range(3)
    ]
    nodes: list[Any] = [redis.Redis.from_url(server.url) for server in servers]
    firsts = [0, 5461, 10923, 16384]
    for number, node in enumerate(nodes):
        node.execute_command("CLUSTER ADDSLOTSRANGE", firsts[number], firsts[number + 1] - 1)
    for server in servers[1:]:
        port = redis.Redis.from_url(server.url).config_get("cluster-port")["cluster-port"]
        nodes[0].execute_command("CLUSTER MEET", "127.0.0.1", server.port, port)
    for node in nodes:
        wait_until(lambda node=node: _is_whole(node), "the cluster's nodes to know each other")  # type: ignore[misc] # bound now
    client = RedisCluster(host="127.0.0.1", port=servers[0].port)
    yield client, nodes
    with suppress(redis.RedisError):
        client.close()
    for node in nodes:
        node.close()


def _is_whole(node: Any) -> bool:
    told = node.execute_command("CLUSTER INFO")
    return bool(told["cluster_state"] == "ok" and told["cluster_known_nodes"] == "3")


def test_on_a_cluster_each_prefix_lies_on_one_node_and_everything_works(
    cluster: tuple[RedisCluster, list[Any]],
) -> None:
    client, nodes = cluster
    for number in range(6):
        with RedisVideoStorage(client=client, prefix=f"shelf{number}", max_memory_mb=16) as storage:
            stored = [storage.store_video(content_of(str(n)), {"n": n}, ["all", f"n{n}"]) for n in range(4)]
            assert [storage.retrieve_video(key) for key in stored] == [content_of(str(n)) for n in range(4)]
            stream = storage.retrieve_video(stored[0], "stream")
            assert stream is not None
            with stream:
                assert stream.read() == content_of("0")
            assert storage.update_metadata(stored[1], {"tags": ["all", "late"]})
            assert [video["key"] for video in storage.search_by_tags(["all", "late"], "AND")] == [stored[1]]
            assert [video["n"] for video in storage.search_by_tags(["n0", "n3"])] == [3, 0]
            assert [video["n"] for video in storage.search_by_timestamp_range()] == [3, 2, 1, 0]
            assert storage.store_video(MP4, {}, key="gate") == "gate"
            assert storage.delete_video(stored[2])
            assert storage.get_storage_stats()["tag_distribution"] == {"all": 3, "late": 1, "n0": 1, "n3": 1}
            assert len(storage) == 4
    held = [{bytes(name).partition(b"}")[0] for name in node.scan_iter("{shelf*")} for node in nodes]
    assert sum(map(len, held)) == 6, "a prefix lies on two nodes"
    assert sum(map(bool, held)) > 1, "all lie on one node"
    with RedisVideoStorage(client=client, prefix="shelf0") as storage:
        assert storage.clear_all()
        assert len(storage) == 0
