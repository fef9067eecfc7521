"""Notes of a target that was given none to keep them in (see `targets.base.Notes`)."""

from __future__ import annotations

import threading


class MemoryNotes:
    """Of any thread; gone with the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        with self._lock:
            return self._kept.get(name)

    def put(self, name: str, value: str, instead_of: str | None = None) -> str:
        with self._lock:
            if self._kept.get(name) == instead_of:
                self._kept[name] = value
            return self._kept.get(name, value)
