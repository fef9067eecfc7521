"""A brake on guessing tokens: a few failed sign-ins per address, then a pause. Kept in each web process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from backend.errors import TooManyAttempts

_NAME = "holdfast_attempts"
_MOST = 10
_WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 10_000


@dataclass
class Attempts:
    """Failed attempts by address within the last minute. Thread-safe, bounded."""

    _spent: dict[str, list[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, address: str) -> None:
        """Count one attempt before it is tried; `TooManyAttempts` when there were too many."""
        now = time.monotonic()
        with self._lock:
            recent = [at for at in self._spent.get(address, []) if now - at < _WINDOW_SECONDS]
            if len(recent) >= _MOST:
                raise TooManyAttempts(
                    f"Too many failed sign-ins from your address; wait {_WINDOW_SECONDS:.0f} seconds."
                )
            if len(self._spent) > _MOST_ADDRESSES:
                self._spent.clear()
            self._spent[address] = [*recent, now]

    def forgive(self, address: str) -> None:
        """Forget an address that signed in."""
        with self._lock:
            self._spent.pop(address, None)


def install(app: Flask) -> None:
    app.extensions[_NAME] = Attempts()


def attempts() -> Attempts:
    """The brake of the app that serves this request."""
    return cast(Attempts, current_app.extensions[_NAME])
