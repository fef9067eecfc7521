"""Background reading gives way at the disk, and its thread is what it was afterwards."""

from __future__ import annotations

import ctypes
import platform

from backend.disk.gently import _CALLS, last_in_line


def priority() -> int:
    number: int = ctypes.CDLL(None).syscall(_CALLS[platform.machine()][1], 1, 0)
    return number


def test_a_thread_is_last_in_line_inside_and_itself_again_outside() -> None:
    before = priority()
    with last_in_line():
        assert priority() >> 13 == 3, "idle"
    assert priority() == before
