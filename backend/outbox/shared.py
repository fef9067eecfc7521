"""One fetch for all who want the same bytes: who comes later waits for the one that runs, and who leaves stops nothing.

Threads of one process meet here; those of several meet at the video's lock, and find the file there when they get it.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field

# The others wait for their turn: each holds a connection and some memory.
_AT_ONCE = 4
# Well below what a web process has by default (WEB_THREADS).
_MOST_WAITING = 100


@dataclass
class Running:
    """A fetch under way. `since`: by the monotonic clock."""

    since: float = field(default_factory=time.monotonic)
    _over: threading.Event = field(default_factory=threading.Event)
    _error: Exception | None = None

    def wait(self, seconds: float) -> bool:
        """True when it came to an end, and well; raises what it ended with."""
        if not self._over.wait(seconds):
            return False
        if self._error is not None:
            # Several threads raise it, and each adds to what it raises where it was.
            raise copy(self._error)
        return True

    def end(self, error: Exception | None = None) -> None:
        self._error = error
        self._over.set()


class Shared:
    """The fetches of this process, by video."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._running: dict[str, Running] = {}
        self._waiting = 0

    def join(self, video_id: str, work: Callable[[], object]) -> Running:
        """The fetch that runs, or one that is begun now, in a thread of its own."""
        with self._lock:
            running = self._running.get(video_id)
            if running is None:
                running = self._running[video_id] = Running()
                # What is written down of it was asked for by whoever came first.
                run = contextvars.copy_context().run
                # A process that ends does not wait for it: nothing half-done is ever in place.
                args = (self._do, video_id, running, work)
                threading.Thread(target=run, args=args, name="restore", daemon=True).start()
        return running

    def wait(self, running: Running, seconds: float) -> bool:
        """As `Running.wait`, but not so many wait at once that no thread is left to answer anybody else."""
        with self._lock:
            self._waiting += 1
            too_many = self._waiting > _MOST_WAITING
        try:
            return running.wait(0 if too_many else seconds)
        finally:
            with self._lock:
                self._waiting -= 1

    def runs(self, video_id: str) -> bool:
        return video_id in self._running

    def _do(self, video_id: str, running: Running, work: Callable[[], object]) -> None:
        error: Exception | None = None
        try:
            with self._turns:
                work()
        except Exception as failure:
            error = failure
        finally:
            with self._lock:
                del self._running[video_id]
            running.end(error)
