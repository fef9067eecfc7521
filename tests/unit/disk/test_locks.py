"""Locks between processes: one holder at a time, families apart, gone with their process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from pathlib import Path

from backend.disk.layout import Layout
from backend.disk.locks import lock
from tests.services.waiting import wait_until


def test_lock_waits_for_its_holder_and_goes_with_a_killed_process(layout: Layout) -> None:
    child = multiprocessing.get_context("fork").Process(target=_hold, args=(layout.root,), daemon=True)
    child.start()
    wait_until((layout.root / "held").exists, "the child to take the lock")
    taken = threading.Event()

    def take() -> None:
        with lock(layout, "sidecar", "a"):
            taken.set()

    waiting = threading.Thread(target=take)
    waiting.start()
    # Another family and another key are free meanwhile.
    with lock(layout, "sweep", "a"), lock(layout, "sidecar", "b"):
        assert not taken.is_set()
    assert child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    assert taken.wait(10)
    waiting.join()


def _hold(root: Path) -> None:
    with lock(Layout(root), "sidecar", "a"):
        (root / "held").touch()
        threading.Event().wait()
