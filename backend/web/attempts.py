"""A brake on guessing: a few wrong tokens, or addresses of share links, from one place, then a pause. Kept in each web
process."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app

from backend.errors import TooManyAttempts

_TOKENS, _LINKS = "holdfast_attempts", "holdfast_link_attempts"
_MOST = 30
_WINDOW_SECONDS = 60.0
_MOST_ADDRESSES = 10_000


@dataclass
class Attempts:
    """Wrong `things` by address within the last minute. Thread-safe, bounded."""

    things: str
    _wrong: dict[str, list[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse_guessers(self, address: str) -> None:
        """`TooManyAttempts` while an address has sent too many wrong ones, even for a right one."""
        with self._lock:
            if len(self._recent(address)) >= _MOST:
                raise TooManyAttempts(
                    f"Too many wrong {self.things} came from your address; wait {_WINDOW_SECONDS:.0f} seconds."
                )

    def count(self, address: str) -> None:
        """Note a wrong one."""
        with self._lock:
            recent = self._recent(address)
            if len(self._wrong) > _MOST_ADDRESSES:
                self._wrong.clear()
            self._wrong[address] = [*recent, time.monotonic()]

    def _recent(self, address: str) -> list[float]:
        now = time.monotonic()
        return [at for at in self._wrong.get(address, []) if now - at < _WINDOW_SECONDS]


def install(app: Flask) -> None:
    app.extensions[_TOKENS] = Attempts("tokens")
    app.extensions[_LINKS] = Attempts("links")


def attempts() -> Attempts:
    """The brake on tokens of the app that serves this request."""
    return cast(Attempts, current_app.extensions[_TOKENS])


def link_attempts() -> Attempts:
    """The brake on share links: whoever follows an old bookmark may still sign in."""
    return cast(Attempts, current_app.extensions[_LINKS])
