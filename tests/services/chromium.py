"""Where the browsers of the browser tests are."""

from __future__ import annotations

from pathlib import Path

from tests.services.process import find_program


def find_chromium() -> Path:
    """The path of Debian's Chromium, or of another build of it."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return Path(find_program(*names, package="chromium"))


def find_bare_chromium() -> Path:
    """The same without the window that nobody sees: drawing its tabs and buttons took half of each test's time."""
    names = ("chromium-headless-shell", "chrome-headless-shell")
    return Path(find_program(*names, package="chromium-headless-shell"))
