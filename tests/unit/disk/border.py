"""The border to the kernel: every call that changes the disk, recorded, made to fail or to kill when a test says so.

Only the `os` functions are wrapped, below our own code. SQLite's calls are made in C and are not seen here;
tests/e2e reaches those with strace.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

CHANGING = (
    "open", "write", "pwrite", "copy_file_range", "fsync", "fdatasync",
    "link", "rename", "unlink", "mkdir", "ftruncate",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call and the names it concerns; for calls on a file descriptor, the file's name at that moment."""

    name: str
    path: str
    to: str = ""

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix


@dataclass
class Border:
    """`calls` in their order. `fail_at` and `kill_at` count them from 1."""

    below: Path
    only: Callable[[str], bool] = lambda _path: True
    calls: list[Call] = field(default_factory=list)
    _fault: Callable[[int, Call], None] | None = None
    always: Callable[[Call], None] = lambda _call: None  # a fault beside the one under test

    def fail_at(self, number: int, code: int, *, sticky: bool = False) -> None:
        """The call of that number fails with `code`; `sticky`: so does every later one of its kind."""
        first: list[Call] = []

        def fault(at: int, call: Call) -> None:
            if at == number:
                first.append(call)
            if at == number or (sticky and first and call.name == first[0].name):
                raise OSError(code, os.strerror(code), call.path)

        self._fault = fault

    def fail_when(self, wanted: Callable[[Call], bool], code: int) -> None:
        """Every call that `wanted` recognises fails with `code`."""

        def fault(_at: int, call: Call) -> None:
            if wanted(call):
                raise OSError(code, os.strerror(code), call.path)

        self._fault = fault

    def kill_at(self, number: int) -> None:
        """kill -9 for this process just before the call of that number."""

        def fault(at: int, _call: Call) -> None:
            if at == number:
                os.kill(os.getpid(), signal.SIGKILL)

        self._fault = fault

    def heal(self) -> None:
        self._fault = None
        self.calls.clear()

    def names(self, suffix: str = "") -> list[str]:
        return [c.name for c in self.calls if c.path.endswith(suffix)]

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in CHANGING:
            monkeypatch.setattr(os, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **options: Any) -> Any:
            path = _path_of(first)
            reads = name == "open" and not (rest[0] & (os.O_CREAT | os.O_DIRECTORY))
            if not reads and path.startswith(str(self.below)) and self.only(path):
                made = Call(name, path, str(rest[0]) if name in ("link", "rename") else "")
                self.calls.append(made)
                if self._fault is not None:
                    self._fault(len(self.calls), made)
                self.always(made)
            return original(first, *rest, **options)

        return call


def _path_of(first: Any) -> str:
    return str(Path(f"/proc/self/fd/{first}").readlink()) if isinstance(first, int) else os.fspath(first)
