"""How fast the device may send, over all its streams together: `max_mib_per_second` of the target it serves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

_MIB = 1024 * 1024
# A loop wakes up a little late: what was missed meanwhile may be sent at once, but never more than this long's worth.
_CREDIT_SECONDS = 0.05


class Pace:
    """One per device, of one event loop; streams take their turns in the order they ask. Only frames are counted, by
    their own bytes: answers, reports and goodbyes never wait."""

    def __init__(
        self,
        mib_per_second: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """None: as fast as clients take it. `clock`: in seconds."""
        self.mib_per_second = mib_per_second
        self._clock, self._sleep = clock, sleep
        self._turns = asyncio.Lock()
        self._free_at = 0.0

    async def turn(self, n_bytes: int) -> None:
        """Returns when a frame of `n_bytes` may be sent; the next one waits until that is paid for. Who is cancelled
        meanwhile has taken nothing."""
        if self.mib_per_second is None:
            return
        async with self._turns:
            if (early := self._free_at - self._clock()) > 0:
                await self._sleep(early)
            begins = max(self._free_at, self._clock() - _CREDIT_SECONDS)
            self._free_at = begins + n_bytes / (self.mib_per_second * _MIB)
