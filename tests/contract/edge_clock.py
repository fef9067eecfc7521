"""Time for an edge device's pace: it passes when somebody sleeps, and at no other moment."""

from __future__ import annotations

import asyncio


class Clock:
    """Of one loop's thread; `now` in seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)

    async def never(self, _seconds: float) -> None:
        """The time that is slept for never comes."""
        await asyncio.Event().wait()
