"""What `doctor` asks of the watched folder: is it there, and what lies in it that nobody will take in by itself."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from backend.cli.findings import Finding, notice, well, wrong
from backend.intake.inbox import REFUSED
from backend.settings import Settings

_LONG_SECONDS = 600.0
_MOST_WORDS = 300


@dataclass
class _Lying:
    """What was met below the inbox, as sentences."""

    blocked: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def inbox(settings: Settings) -> Iterator[Finding]:
    """A file that somebody put there and that is not taken in is a video which that person believes to be saved."""
    if not settings.inbox_path:
        return
    folder = Path(settings.inbox_path).absolute()
    if not folder.is_dir():
        yield wrong("inbox", f"{folder} is no folder, so nothing is taken in.", "Make it, or mend INBOX_PATH.")
        return
    lying = _walk(folder, time.time() - _LONG_SECONDS - settings.inbox_settle_seconds)
    refused = tuple(_refused(folder / REFUSED))
    if not (lying.blocked or lying.passed_over or lying.waiting or refused):
        yield well("inbox", f"{folder}: nothing lies there that was not taken in.")
    if lying.blocked:
        says = "These folders of the inbox cannot be read or written."
        yield wrong("inbox", says, "Give the server's user the right to.", tuple(lying.blocked))
    if lying.waiting:
        says = "These files have been waiting in the inbox for more than ten minutes."
        remedy = "Is the worker running, and is nobody still writing them? The log says more: grep inbox_waits"
        yield notice("inbox", says, remedy, tuple(lying.waiting))
    if lying.passed_over:
        says = "These entries of the inbox are never taken in: links, and what is no file."
        yield notice("inbox", says, "Put the files themselves there.", tuple(lying.passed_over))
    if refused:
        says = f"These files were refused and are not saved; they lie in {folder / REFUSED}."
        yield notice("inbox", says, "Mend what is said, and put them into the inbox again; or remove them.", refused)


def _walk(folder: Path, long_ago_seconds: float) -> _Lying:
    lying = _Lying()

    def cannot(error: OSError) -> None:
        lying.blocked.append(f"{error.filename}: {error.strerror}")

    for place, folders, names in os.walk(folder, onerror=cannot):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if not os.access(place, os.W_OK):
            lying.blocked.append(f"{place}: nothing can be moved out of it")
        for name in [*folders, *sorted(names)]:
            path = Path(place, name)
            if name.startswith(".") or (name in folders and not path.is_symlink()):
                continue
            if path.is_symlink() or not path.is_file():
                lying.passed_over.append(str(path.relative_to(folder)))
            elif path.lstat().st_ctime < long_ago_seconds:
                lying.waiting.append(str(path.relative_to(folder)))
    return lying


def _refused(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or (path.suffix == ".txt" and path.with_suffix("").exists()):
            continue
        reason = path.with_name(f"{path.name}.txt")
        words = reason.read_text(encoding="utf-8", errors="replace")[:_MOST_WORDS].strip() if reason.is_file() else ""
        yield f"{path.relative_to(folder)}: {words}" if words else str(path.relative_to(folder))
