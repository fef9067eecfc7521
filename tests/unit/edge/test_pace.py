"""Promises of edge.pace: no more than the limit over all streams together, and each has its turn."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from backend.edge.pace import Pace
from tests.contract.edge_clock import Clock

MIB = 1024 * 1024


def test_each_frame_waits_until_the_ones_before_it_are_paid_for() -> None:
    clock = Clock()
    pace, began = Pace(2, clock=clock, sleep=clock.sleep), list[float]()

    async def send() -> None:
        for size in (MIB, 4 * MIB, 1):
            await pace.turn(size)
            began.append(clock.now)

    asyncio.run(send())
    assert began == [0, 0.5, 2.5]


def test_streams_share_it_by_turns() -> None:
    clock = Clock()
    pace, sent = Pace(1, clock=clock, sleep=clock.sleep), list[tuple[str, float]]()

    async def stream(name: str) -> None:
        for _ in range(3):
            await pace.turn(MIB)
            sent.append((name, clock.now))

    async def run() -> None:
        await asyncio.gather(stream("a"), stream("b"))

    asyncio.run(run())
    # The second one asks when the first one has its second turn; from then on by turns.
    assert sent == [("a", 0), ("a", 1), ("b", 2), ("a", 3), ("b", 4), ("b", 5)]


def test_what_was_not_used_is_not_saved_up() -> None:
    """But for what a loop that woke up late has missed: else many small frames would never come up to the limit."""
    clock = Clock()
    pace = Pace(1, clock=clock, sleep=clock.sleep)

    async def send() -> None:
        await pace.turn(MIB)
        clock.now = 100.0
        await pace.turn(MIB)
        await pace.turn(MIB)

    asyncio.run(send())
    assert clock.now == pytest.approx(100.95)


def test_who_stops_waiting_has_taken_nothing() -> None:
    clock = Clock()

    async def run() -> None:
        pace = Pace(1, clock=clock, sleep=clock.never)
        await pace.turn(MIB)
        waits = asyncio.create_task(pace.turn(50 * MIB))
        await asyncio.sleep(0)
        waits.cancel()
        with suppress(asyncio.CancelledError):
            await waits
        clock.now = 1.0
        await pace.turn(MIB)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert clock.now == 1.0


def test_without_a_limit_nobody_waits() -> None:
    clock = Clock()
    asyncio.run(Pace(None, clock=clock, sleep=clock.never).turn(2**40))
    assert clock.now == 0
