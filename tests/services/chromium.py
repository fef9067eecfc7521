"""Where the browser of the browser tests is."""

from __future__ import annotations

from pathlib import Path

from tests.services.process import find_program


def find_chromium() -> Path:
    """The path of Debian's Chromium, or of another build of it."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return Path(find_program(*names, package="chromium"))
