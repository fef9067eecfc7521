"""One fetch for all who want the same: nobody begins a second, nobody who leaves ends it, and all hear how it ended."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.actor import Actor, acting, actor
from backend.errors import NotFound, TransientFailure
from backend.outbox.shared import Shared
from tests.services.waiting import wait_until


def test_who_comes_while_it_runs_waits_for_it_and_who_comes_after_begins_anew() -> None:
    shared, go, done = Shared(), threading.Event(), list[int]()

    def work() -> None:
        assert go.wait(30)
        done.append(1)

    running = [shared.join("a", work) for _ in range(5)]
    assert len(set(map(id, running))) == 1
    assert not running[0].wait(0), "who does not wait for it has not ended it"
    assert shared.runs("a")
    go.set()
    with ThreadPoolExecutor(5) as threads:
        assert all(threads.map(lambda one: one.wait(30), running))
    assert done == [1]
    wait_until(lambda: not shared.runs("a"), "it to be over")
    assert shared.join("a", work).wait(30)
    assert done == [1, 1]


def test_everybody_hears_why_it_failed() -> None:
    shared, go = Shared(), threading.Event()

    def work() -> None:
        go.wait(30)
        raise TransientFailure("The remote is away.", retry_after_seconds=3)

    running = [shared.join("a", work) for _ in range(3)]
    go.set()
    for one in running:
        with pytest.raises(TransientFailure, match="away") as raised:
            one.wait(30)
        assert raised.value.retry_after_seconds == 3


def test_no_more_than_four_run_at_once() -> None:
    shared, go, lock, seen = Shared(), threading.Event(), threading.Lock(), [0, 0]

    def work() -> None:
        with lock:
            seen[0] += 1
            seen[1] = max(seen)
        go.wait(30)
        with lock:
            seen[0] -= 1

    running = [shared.join(str(n), work) for n in range(9)]
    wait_until(lambda: seen[0] == 4, "four to run")
    go.set()
    assert all(one.wait(30) for one in running)
    assert seen == [0, 4]


def test_what_is_written_down_of_it_was_asked_for_by_who_came_first() -> None:
    shared, who = Shared(), list[str]()
    with acting(Actor("t-ann", "ann")):
        assert shared.join("a", lambda: who.append(actor().name)).wait(30)
    assert who == ["ann"]


def test_a_failure_leaves_no_trace() -> None:
    shared = Shared()

    def fail() -> None:
        raise NotFound("No copy.")

    with pytest.raises(NotFound):
        shared.join("a", fail).wait(30)
    wait_until(lambda: not shared.runs("a"), "it to be over")
    assert shared.join("a", lambda: None).wait(30)
