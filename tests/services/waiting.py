"""Waiting for a condition with a deadline: what tests use in place of sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

_PAUSE_SECONDS = 0.02


def wait_until(condition: Callable[[], Result], what: str, *, seconds: float = 10) -> Result:
    """Ask `condition` until it gives something true, and return that; AssertionError after `seconds`.

    `what` completes the sentence "waited N s for …". A condition that raises ends the waiting.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (result := condition()):
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        pause.wait(_PAUSE_SECONDS)
    return result
