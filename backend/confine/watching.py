"""What is watched during a run: how much it prints, how far it is, how much it writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from backend.confine.limits import Limits

# A file that holds nothing still costs a block and a name.
_LEAST_BYTES = 4096
_LONGEST_LINE_BYTES = 4096
# Looking through a folder of many thousand segments takes its time; no more than a twentieth of the run's.
_SHARE = 20


class Collector:
    """Keeps what ffprobe prints, as long as that is within its limit."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept = bytearray()

    def __call__(self, chunk: bytes) -> None:
        self._kept += chunk
        if len(self._kept) > self._limits.output_bytes:
            raise self._limits.over_output()

    def collected(self) -> bytes:
        return bytes(self._kept)


class Progress:
    """Reads what `-progress` writes, and tells the seconds of output made so far."""

    def __init__(self, tell: Callable[[float], None] | None) -> None:
        self._tell = tell
        self._line = b""

    def __call__(self, chunk: bytes) -> None:
        *lines, rest = (self._line + chunk).split(b"\n")
        self._line = rest[:_LONGEST_LINE_BYTES]
        for line in lines:
            name, _, value = line.strip().partition(b"=")
            # "N/A" until there is a first frame; negative for sound that begins before the picture.
            if self._tell is not None and name == b"out_time_us" and value.isdigit():
                self._tell(int(value) / 1_000_000)


class Growth:
    """How much a workspace has grown since the run began."""

    def __init__(self, workspace: Path, limits: Limits) -> None:
        self._workspace = workspace
        self._limits = limits
        self._next_at = 0.0
        self._before = 0
        self._before = self.measure()

    def measure(self) -> int:
        """Bytes."""
        return sum(_sizes(self._workspace)) - self._before

    def bounded(self) -> int:
        """As `measure`; raises `OverLimit`."""
        if (grown := self.measure()) > self._limits.output_bytes:
            raise self._limits.over_output()
        return grown

    def check(self) -> None:
        """Raises `OverLimit`; looks less often when looking takes long."""
        now = time.monotonic()
        if now < self._next_at:
            return
        self.bounded()
        self._next_at = time.monotonic() + _SHARE * (time.monotonic() - now)


def _sizes(folder: Path) -> Iterator[int]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(Path(entry.path))
            else:
                yield _size(entry)


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return max(entry.stat(follow_symlinks=False).st_size, _LEAST_BYTES)
    except FileNotFoundError:  # ffmpeg renamed it just now
        return 0
