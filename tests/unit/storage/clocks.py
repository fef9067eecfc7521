"""A clock that stands still until it is moved."""

from __future__ import annotations

HOUR_US = 3600 * 1_000_000


class Clock:
    def __init__(self, now_us: int = 1_750_000_000_000_000) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us

    def forward(self, hours: float = 0, us: int = 0) -> None:
        self.now_us += round(hours * HOUR_US) + us
