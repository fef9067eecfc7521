"""Which storage is meant: chosen for a thread or a task, and not seen by others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path

import pytest

from backend.storage import AutoStorage, MemoryVideoStorage, get_storage, use_storage
from backend.storage.base import StorageEngine
from tests.services.loops import run_apart


def test_the_innermost_choice_counts_and_ends_with_its_block() -> None:
    outer, inner = MemoryVideoStorage(), MemoryVideoStorage()
    with use_storage(outer) as given:
        assert given is get_storage() is outer
        with suppress(RuntimeError), use_storage(inner):
            assert get_storage() is inner
            raise RuntimeError
        assert get_storage() is outer
    assert isinstance(get_storage(), AutoStorage)


def test_without_a_choice_there_is_one_for_the_whole_process_and_nothing_is_opened_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found: list[StorageEngine] = []
    threads = [threading.Thread(target=lambda: found.append(get_storage())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {get_storage()}
    assert list(tmp_path.iterdir()) == []


def test_the_process_s_own_is_made_anew_when_somebody_closed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with get_storage() as closed:
        assert get_storage() is closed
    fresh = get_storage()
    assert fresh is not closed
    assert isinstance(fresh, AutoStorage)
    assert not fresh.closed


def test_choices_may_end_in_any_order() -> None:
    first, second = MemoryVideoStorage(), MemoryVideoStorage()
    outer, inner = use_storage(first), use_storage(second)
    outer.__enter__()
    inner.__enter__()
    outer.__exit__(None, None, None)
    assert get_storage() is second
    inner.__exit__(None, None, None)
    assert get_storage() not in (first, second)


def test_a_choice_may_end_in_another_context_than_it_began_in() -> None:
    chosen = MemoryVideoStorage()
    choice = use_storage(chosen)
    began = copy_context()
    assert began.run(choice.__enter__) is chosen
    copy_context().run(choice.__exit__, None, None, None)

    async def pieces() -> AsyncGenerator[bool, None]:
        with use_storage(chosen):
            yield get_storage() is chosen
            yield False

    async def program() -> bool:
        given = pieces()

        async def first() -> bool:
            return await anext(given)

        seen = await asyncio.create_task(first())
        await given.aclose()
        return seen and get_storage() is not chosen

    assert run_apart(program())


def test_threads_see_only_their_own_choice() -> None:
    mine, seen = MemoryVideoStorage(), []
    chosen, looked = threading.Barrier(2), threading.Barrier(2)

    def other() -> None:
        with use_storage(MemoryVideoStorage()) as theirs:
            chosen.wait(20)
            seen.append(get_storage() is theirs)
            looked.wait(20)

    thread = threading.Thread(target=other)
    with use_storage(mine):
        thread.start()
        chosen.wait(20)
        assert get_storage() is mine
        looked.wait(20)
        thread.join()
    assert seen == [True]


def test_tasks_see_only_their_own_choice_and_begin_with_that_of_their_maker() -> None:
    async def task(own: StorageEngine, turn: asyncio.Event, other: asyncio.Event) -> bool:
        before = get_storage() is outer
        with use_storage(own):
            other.set()
            await turn.wait()
            return before and get_storage() is own

    async def program() -> list[bool]:
        first, second = asyncio.Event(), asyncio.Event()
        with use_storage(outer):
            both = asyncio.gather(task(MemoryVideoStorage(), first, second), task(MemoryVideoStorage(), second, first))
            assert get_storage() is outer
            return [*await both]

    outer = MemoryVideoStorage()
    assert run_apart(program()) == [True, True]


def test_what_is_no_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="takes a StorageEngine, not dict"), use_storage({}):  # type: ignore[type-var] # that is the point
        pass
