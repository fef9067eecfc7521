"""The engine in memory: bounded by what it really takes, the oldest go first, and time ends to the microsecond."""

from __future__ import annotations

import gc
import io
import random
import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from backend.storage import MemoryVideoStorage
from backend.storage.local_time import now_us
from tests.services.waiting import wait_until
from tests.unit.storage.clocks import HOUR_US, Clock

_MIB = 1024 * 1024
_KIB = 1024


def _faults(storage: MemoryVideoStorage) -> list[str]:
    with storage._lock:
        return storage._shelf.faults()


def _keys(found: list[dict[str, Any]]) -> list[str]:
    return [video["key"] for video in found]


def test_its_options_are_as_its_first_users_know_them() -> None:
    storage = MemoryVideoStorage()
    assert (storage.max_memory_mb, storage.ttl_hours) == (2048, 48)
    assert (storage.cleanup_interval, storage.max_video_size_mb) == (50, 100)
    assert storage.operation_count == 0
    storage = MemoryVideoStorage(512, 12, 25, 50)
    assert (storage.max_memory_mb, storage.ttl_hours) == (512, 12)
    assert (storage.cleanup_interval, storage.max_video_size_mb) == (25, 50)
    storage.store_video(b"x", {})
    assert storage.operation_count == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_memory_mb": 0}, "max_memory_mb must be a number greater than 0, not 0"),
        ({"max_video_size_mb": "100"}, "max_video_size_mb must be a number greater than 0, not '100'"),
        ({"cleanup_interval": -1}, "cleanup_interval must be a number greater than 0"),
        ({"ttl_hours": -1}, "ttl_hours must be a number of hours from 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MemoryVideoStorage(**options)


def test_the_oldest_go_first_and_only_as_many_as_must() -> None:
    storage = MemoryVideoStorage(max_memory_mb=1)
    first, second, third = (storage.store_video(bytes(300 * _KIB), {}) for _ in range(3))
    fourth = storage.store_video(bytes(300 * _KIB), {})
    assert _keys(storage.list_videos()) == [fourth, third, second]
    assert first not in storage
    fifth = storage.store_video(bytes(900 * _KIB), {})
    assert _keys(storage.list_videos()) == [fifth]
    assert _faults(storage) == []


def test_what_is_over_goes_before_what_is_old() -> None:
    clock = Clock()
    storage = MemoryVideoStorage(max_memory_mb=1, clock=clock, cleanup_interval=1000)
    old = storage.store_video(bytes(400 * _KIB), {})
    short = storage.store_video(bytes(400 * _KIB), {}, ttl_hours=1)
    clock.forward(hours=1)
    new = storage.store_video(bytes(400 * _KIB), {})
    assert _keys(storage.list_videos()) == [new, old]
    assert short not in storage


def test_what_fits_alone_is_never_refused_and_what_cannot_always() -> None:
    storage = MemoryVideoStorage(max_memory_mb=1, max_video_size_mb=5)
    small = storage.store_video(b"x", {})
    with pytest.raises(ValueError, match=r"exceeds maximum allowed size of 1 MB.*raise max_memory_mb"):
        storage.store_video(bytes(_MIB + 1), {})
    with pytest.raises(ValueError, match=r"would not fit if it were alone\. Raise max_memory_mb"):
        storage.store_video(bytes(_MIB), {})
    assert _keys(storage.list_videos()) == [small], "a refusal takes nobody's place"
    largest = storage.store_video(bytes(_MIB - 2 * _KIB), {})
    assert _keys(storage.list_videos()) == [largest]


def test_metadata_counts_as_well() -> None:
    storage = MemoryVideoStorage(max_memory_mb=0.8)
    first = storage.store_video(b"x", {"note": "y" * 500 * _KIB})
    second = storage.store_video(b"x", {})
    assert storage.update_metadata(second, {"note": "y" * 600 * _KIB})
    assert first not in storage
    assert second in storage
    with pytest.raises(ValueError, match="would not fit if it were alone"):
        storage.update_metadata(second, {"more": "z" * 300 * _KIB})
    assert "more" not in (storage.get_video(second) or {})
    assert _faults(storage) == []


def test_what_is_told_as_used_is_at_least_what_python_takes() -> None:
    storage = MemoryVideoStorage()
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for n in range(2000):
            storage.store_video(bytes(n % 500 + 1), {"title": f"Take {n}", "n": n}, ["all", f"tag {n}"], f"{n}.mp4")
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    told = storage.get_storage_stats()["used_memory_bytes"]
    assert taken <= told <= 3 * taken


def test_a_limit_that_is_lowered_holds_from_the_next_video_on() -> None:
    storage = MemoryVideoStorage(max_memory_mb=4)
    for _ in range(3):
        storage.store_video(bytes(_MIB), {})
    storage.max_memory_mb = 1.5
    last = storage.store_video(bytes(_MIB), {})
    assert _keys(storage.list_videos()) == [last]
    storage.ttl_hours = 0
    storage.max_video_size_mb = 0.5
    with pytest.raises(ValueError, match=r"maximum allowed size of 0\.5 MB"):
        storage.store_video(bytes(_MIB), {})


@pytest.mark.parametrize("look", ["retrieve", "metadata", "tags", "range", "list", "len", "in", "update", "delete"])
def test_a_video_is_there_to_the_last_microsecond_and_not_one_longer(look: str) -> None:
    clock = Clock()
    storage = MemoryVideoStorage(ttl_hours=2, clock=clock, cleanup_interval=10**9)
    key = storage.store_video(b"x", {}, ["a"])
    looks: dict[str, Callable[[], object]] = {
        "retrieve": lambda: storage.retrieve_video(key),
        "metadata": lambda: storage.retrieve_video(key, "metadata"),
        "tags": lambda: storage.search_by_tags(["a"]),
        "range": storage.search_by_timestamp_range,
        "list": storage.list_videos,
        "len": lambda: len(storage),
        "in": lambda: key in storage,
        "update": lambda: storage.update_metadata(key, {"ttl_hours": 5}),
        "delete": lambda: storage.delete_video(key),
    }
    clock.forward(us=2 * HOUR_US - 1)
    if look != "delete":
        assert looks[look]()
    clock.forward(us=1)
    assert not looks[look]()
    stats = storage.get_storage_stats()
    assert (stats["total_videos"], stats["expired_videos"], stats["tag_distribution"]) == (0, 1, {})
    assert (stats["total_size_bytes"], stats["used_memory_bytes"] > 0) == (0, True)


def test_for_ever_is_for_ever() -> None:
    clock = Clock()
    storage = MemoryVideoStorage(ttl_hours=1, clock=clock)
    key = storage.store_video(b"x", {}, ttl_hours=0)
    no_default = MemoryVideoStorage(ttl_hours=None, clock=clock)
    other = no_default.store_video(b"x", {})
    clock.forward(hours=24 * 365 * 50)
    assert key in storage
    assert other in no_default


def test_memory_is_freed_after_so_many_operations_and_reads_count() -> None:
    clock = Clock()
    storage = MemoryVideoStorage(ttl_hours=1, clock=clock, cleanup_interval=5)
    for _ in range(3):
        storage.store_video(b"x", {})
    clock.forward(hours=1)
    storage.retrieve_video("unknown")
    assert storage.get_storage_stats()["expired_videos"] == 3
    storage.list_videos()
    assert storage.get_storage_stats()["expired_videos"] == 0
    assert storage.get_storage_stats()["used_memory_bytes"] == 0


def test_a_stream_survives_that_its_video_is_deleted() -> None:
    storage = MemoryVideoStorage()
    key = storage.store_video(b"0123456789", {})
    stream = storage.retrieve_video(key, "stream")
    assert isinstance(stream, io.BytesIO)
    assert stream.read(4) == b"0123"
    storage.clear_all()
    assert stream.read() == b"456789"


def test_writing_into_what_was_given_or_returned_changes_nothing() -> None:
    storage = MemoryVideoStorage()
    given = bytearray(b"0123456789")
    key = storage.store_video(given, {})
    given[:] = b"x" * 10
    stream = storage.retrieve_video(key, "stream")
    assert stream is not None
    stream.write(b"yyy")
    assert storage.retrieve_video(key) == b"0123456789"


def test_a_clock_that_is_set_back_keeps_the_indexes_in_order() -> None:
    clock = Clock()
    storage = MemoryVideoStorage(max_memory_mb=1, clock=clock)
    later = storage.store_video(bytes(400 * _KIB), {})
    clock.forward(hours=-1)
    earlier = storage.store_video(bytes(400 * _KIB), {})
    assert _keys(storage.list_videos()) == [later, earlier]
    storage.store_video(bytes(400 * _KIB), {})
    assert _faults(storage) == []


def test_after_a_clock_was_set_back_the_oldest_are_still_those_that_came_first() -> None:
    clock = Clock()
    storage = MemoryVideoStorage(max_memory_mb=1, clock=clock)
    for _ in range(2):
        storage.store_video(bytes(400 * _KIB), {})
    clock.forward(hours=-1)
    since = [storage.store_video(bytes(400 * _KIB), {}) for _ in range(2)]
    assert _keys(storage.list_videos()) == since[::-1]
    assert _faults(storage) == []


def test_a_slow_stream_keeps_nobody_waiting() -> None:
    storage = MemoryVideoStorage()
    begun, may_end = threading.Event(), threading.Event()

    class Slow:
        def read(self, size: int, /) -> bytes:
            if begun.is_set():
                return b""
            begun.set()
            assert may_end.wait(60)
            return b"slow"

    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(storage.store_video, Slow(), {})
        assert begun.wait(60)
        quick = storage.store_video(b"quick", {})
        assert _keys(storage.list_videos()) == [quick]
        may_end.set()
        assert storage.retrieve_video(slow.result()) == b"slow"


def test_sixteen_threads_never_pass_the_bound_and_leave_the_indexes_in_agreement() -> None:
    storage = MemoryVideoStorage(max_memory_mb=1, ttl_hours=1, cleanup_interval=7)
    together = threading.Barrier(16)

    def hammer(number: int) -> None:
        dice = random.Random(number)
        own: list[str] = []
        together.wait()
        for act in range(150):
            size = dice.choice([1, 10 * _KIB, 100 * _KIB])
            key = f"shared{dice.randrange(8)}" if dice.random() < 0.3 else None
            ttl_hours = dice.choice([None, 1e-6, 0])
            own.append(storage.store_video(bytes(size), {"n": act}, dice.sample("abcd", 2), None, ttl_hours, key=key))
            chosen = dice.choice(own)
            storage.update_metadata(chosen, {"tags": dice.sample("abcd", 2), "note": "x" * dice.randrange(500)})
            if dice.random() < 0.2:
                storage.delete_video(chosen)
            with storage._lock:
                assert storage._shelf.used_bytes <= _MIB
            for found in storage.search_by_tags(["a"]):
                assert "a" in found["tags"]

    with ThreadPoolExecutor(16) as threads:
        for done in [threads.submit(hammer, number) for number in range(16)]:
            done.result()
    assert _faults(storage) == []
    # What is kept for milliseconds only must not end between the two looks.
    ended_us = now_us() + 4000
    wait_until(lambda: now_us() > ended_us, "the shortest lives to be over")
    listed = _keys(storage.list_videos())
    assert len(listed) == len(set(listed)) == len(storage)
    storage.clear_all()
    assert _faults(storage) == []
    assert storage.get_storage_stats()["used_memory_bytes"] == 0


class Bounded(RuleBasedStateMachine):
    """Against a plain list that evicts and ends as promised, with a clock that is moved at will."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.storage = MemoryVideoStorage(max_memory_mb=0.05, ttl_hours=1, cleanup_interval=3, clock=self.clock)
        self.expected: list[tuple[str, int, int | None]] = []  # key, cost, end; oldest first

    @rule(size=st.integers(1, 30 * _KIB), ttl=st.sampled_from([None, 0, 0.5, 3]), key=st.sampled_from([None, "k"]))
    def store(self, size: int, ttl: float | None, key: str | None) -> None:
        self.clock.forward(us=1)
        key = self.storage.store_video(bytes(size), {}, ["t"], None, ttl, key=key)
        kept = self.storage._shelf.get(key, self.clock())
        assert kept is not None
        self.expected = [video for video in self.expected if video[0] != key]
        # Whether what is over was removed already or only now: it is never counted against what is not.
        self._end()
        while self._used() + kept.cost_bytes > self._most():
            self.expected.pop(0)
        self.expected.append((key, kept.cost_bytes, kept.record.expires_at_us))

    @rule(hours=st.sampled_from([0.1, 0.5, 1, 2]))
    def forward(self, hours: float) -> None:
        self.clock.forward(hours=hours)

    @rule(which=st.integers(0, 20))
    def delete(self, which: int) -> None:
        if self.expected:
            key, _, end = self.expected[which % len(self.expected)]
            assert self.storage.delete_video(key) is (end is None or end > self.clock())
            self.expected = [video for video in self.expected if video[0] != key]

    @rule()
    def cleanup(self) -> None:
        for _ in range(3):
            self.storage.retrieve_video("unknown")

    @invariant()
    def holds_what_the_list_holds(self) -> None:
        there = [key for key, _, end in reversed(self.expected) if end is None or end > self.clock()]
        assert _keys(self.storage.list_videos()) == _keys(self.storage.search_by_tags(["t"])) == there
        assert len(self.storage) == len(there)
        assert self.storage._shelf.used_bytes <= self._most()
        assert self.storage._shelf.faults() == []

    def _most(self) -> int:
        return int(0.05 * _MIB)

    def _used(self) -> int:
        return sum(cost for _, cost, _ in self.expected)

    def _end(self) -> None:
        self.expected = [video for video in self.expected if video[2] is None or video[2] > self.clock()]


def test_any_order_of_calls_keeps_the_newest_that_fit() -> None:
    run_state_machine_as_test(Bounded, settings=settings(max_examples=40, stateful_step_count=30))
