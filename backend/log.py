"""`video_uploads.log`: one escaped line for each step of an upload or delivery, from several processes at once.

A line is one write(2) to a file opened with O_APPEND, so lines never mix. Rotation happens under a lock
and everybody else notices by the inode; the standard rotating handler loses lines between processes.
Secrets are never handed to this module: callers log ids, names and sizes.
"""

from __future__ import annotations

import fcntl
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

Level = Literal["debug", "info", "warning", "error"]
_RANK = {"debug": 10, "info": 20, "warning": 30, "error": 40}
MAX_BYTES = 32 * 1024 * 1024
KEPT_FILES = 10
FILE_NAME = "video_uploads.log"

# Hears level, step and facts of each line.
Listener = Callable[[str, str, Mapping[str, Any]], None]


class UploadLog:
    """Writes the log of one process. Thread-safe; keeps no state that a fork would spoil."""

    def __init__(
        self,
        folder: Path,
        level: Level = "info",
        form: Literal["text", "json"] = "text",
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.path = folder / FILE_NAME
        self._least = _RANK[level]
        self._json = form == "json"
        self._max_bytes = max_bytes
        self._fd = -1
        self._lock = threading.Lock()
        self._listener: Listener | None = None

    def tell(self, listener: Listener) -> None:
        """From now on tell `listener` of every line, also of those whose level is not written. It must not raise."""
        self._listener = listener

    def write(self, level: Level, step: str, **facts: object) -> None:
        """Add one line. `facts` that are None are left out. A log that cannot be written never breaks an upload."""
        if self._listener is not None:
            self._listener(level, step, facts)
        if _RANK[level] < self._least:
            return
        known = {k: v for k, v in facts.items() if v is not None}
        line = (_as_json if self._json else _as_text)(datetime.now(UTC), level, step, known)
        try:
            with self._lock:
                self._append(line.encode("utf-8", "backslashreplace"))
        except OSError as error:
            # The disk of the log is full or gone. The line is still told, on the process's own output.
            with suppress(OSError):
                sys.stderr.write(f"video_uploads.log: {error.strerror}: {line}")

    def broke(self, step: str, error: BaseException, **facts: object) -> None:
        """A fault nobody planned for, with its stack in one line."""
        stack = "".join(traceback.format_exception(error))
        self.write("error", step, error=type(error).__name__, stack=stack, **facts)

    def _append(self, line: bytes) -> None:
        self._open_current()
        if os.fstat(self._fd).st_size + len(line) > self._max_bytes:
            self._rotate()
        os.write(self._fd, line)

    def _open_current(self) -> None:
        """Open the file, again when another process has rotated it away."""
        if self._fd >= 0:
            if self._is_current():
                return
            os.close(self._fd)
            self._fd = -1
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _is_current(self) -> bool:
        """Whether the file that is open is still the one of that name; there is none just after a rotation."""
        try:
            return self.path.stat().st_ino == os.fstat(self._fd).st_ino
        except FileNotFoundError:
            return False

    def _rotate(self) -> None:
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever waited for the lock finds a fresh file, or none yet, and must not rotate once more.
            if self._is_current():
                for number in range(KEPT_FILES - 1, 0, -1):
                    older = self._numbered(number)
                    if older.exists():
                        older.rename(self._numbered(number + 1))
                self.path.rename(self._numbered(1))
        finally:
            os.close(lock)
        self._open_current()

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{FILE_NAME}.{number}")


def _as_text(at: datetime, level: str, step: str, facts: dict[str, Any]) -> str:
    words = " ".join(f"{key}={_quoted(value)}" for key, value in facts.items())
    return f"{_instant(at)} {level.upper():7} {step:12} {words}\n"


def _as_json(at: datetime, level: str, step: str, facts: dict[str, Any]) -> str:
    return json.dumps({"at": _instant(at), "level": level, "step": step, **facts}, default=str) + "\n"


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _quoted(value: object) -> str:
    """Bare when it is one plain word; else a JSON string, in which no control or direction mark survives raw."""
    text = str(value)
    if text and text.isascii() and text.isprintable() and not set(text) & set(' "=\\'):
        return text
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown)
