"""Looks after the appends under way in this process, four times a second: what came is made durable, and one that
another request waits for is asked to end. So a kill costs little of a transfer, however long it is.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

_BEAT_SECONDS = 0.25
# A slow fsync of one upload must not keep the others waiting.
_AT_ONCE = 4


class Patient(Protocol):
    """An append under way."""

    def beat(self) -> None:
        """Called about every quarter of a second, never twice at once. Must not raise."""


class Pulse:
    """One for each process, with threads only while something is under way."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[Patient, Future[None] | None] = {}
        self._pool: ThreadPoolExecutor | None = None

    def watch(self, patient: Patient) -> None:
        with self._changed:
            self._watched[patient] = None
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pulse")
                threading.Thread(target=self._run, name="pulse", daemon=True).start()
            self._changed.notify()

    def forget(self, patient: Patient) -> None:
        """Watch it no longer; a beat that is under way has ended when this returns."""
        with self._changed:
            beating = self._watched.pop(patient, None)
        if beating is not None and not beating.cancel():
            beating.result()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            with self._changed:
                while not self._watched:
                    self._changed.wait()
            # A short append ends before its first beat.
            pause.wait(_BEAT_SECONDS)
            with self._changed:
                self._beat_all()

    def _beat_all(self) -> None:
        assert self._pool is not None
        for patient, beating in self._watched.items():
            if beating is None or beating.done():
                self._watched[patient] = self._pool.submit(patient.beat)
