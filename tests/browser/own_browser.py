"""A Chromium of its own with a profile that outlives it, killed without a word and started again."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, Error

from tests.browser.visit import Visit
from tests.services.process import children, living
from tests.services.waiting import wait_until


class OwnBrowser:
    """`start` and `kill9` may be called in turn; cookies, storage and granted files are those of `profile`."""

    def __init__(self, profile: Path, launch: Callable[[Path], BrowserContext]) -> None:
        self._profile = profile
        self._launch = launch
        self._context: BrowserContext | None = None

    def start(self, base_url: str) -> Visit:
        self._context = self._launch(self._profile)
        return Visit(self._context.pages[0], base_url)

    def kill9(self) -> None:
        """kill -9 for every process of it."""
        pids = self.pids()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(living, pids)), "the browser to be gone")
        self.close()

    def close(self) -> None:
        if self._context is not None:
            with suppress(Error):
                self._context.close()
        self._context = None

    def pids(self) -> list[int]:
        """Every living process of it."""
        mark = f"--user-data-dir={self._profile}".encode()
        (first,) = [
            pid for pid, words in _commands() if mark in words and not any(b"--type=" in word for word in words)
        ]
        return [first, *_offspring(first)]


def _commands() -> list[tuple[int, list[bytes]]]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found.append((int(folder.name), (folder / "cmdline").read_bytes().split(b"\0")))
    return found


def _offspring(pid: int) -> list[int]:
    return [each for child in children(pid) for each in (child, *_offspring(child))]
