"""Waiting for a condition with a deadline: what tests use in place of sleeping."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

# What is true soon is seen soon. Whoever waits long asks less often: questions take the time that the answer needs.
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.1
_SHARE_OF_WAITING = 0.1


def wait_until(condition: Callable[[], Result], what: str, *, seconds: float = 60) -> Result:
    """Ask `condition` until it gives something true, and return that; AssertionError after `seconds`.

    `what` completes the sentence "waited N s for …". A condition that raises ends the waiting.
    """
    began = time.monotonic()
    pause = threading.Event()
    while not (result := condition()):
        waited = time.monotonic() - began
        if waited >= seconds:
            raise AssertionError(f"waited {seconds:g} s for {what}")
        pause.wait(min(max(_FIRST_PAUSE_SECONDS, _SHARE_OF_WAITING * waited), _LONGEST_PAUSE_SECONDS))
    return result
