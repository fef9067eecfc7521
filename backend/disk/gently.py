"""Reading in the background gives way to everybody else at the disk, where its scheduler knows priorities."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Numbers of ioprio_set(2) and ioprio_get(2), which the C library does not wrap, by machine.
_CALLS = {"x86_64": (251, 252), "aarch64": (30, 31)}
_THIS_THREAD = (1, 0)  # IOPRIO_WHO_PROCESS, and 0: the calling thread
_IDLE = 3 << 13


@contextmanager
def last_in_line() -> Iterator[None]:
    """Inside, the calling thread reads and writes only when nobody else wants the disk. Without effect elsewhere."""
    calls = _CALLS.get(platform.machine())
    before = None
    with suppress(OSError, AttributeError, TypeError):
        system = ctypes.CDLL(None, use_errno=True).syscall
        if calls is not None:
            before = system(calls[1], *_THIS_THREAD)
            system(calls[0], *_THIS_THREAD, _IDLE)
    try:
        yield
    finally:
        if calls is not None and before is not None and before >= 0:
            # The thread goes back to others: what it was is what it is again.
            system(calls[0], *_THIS_THREAD, before)
