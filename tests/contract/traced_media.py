"""The door to ffmpeg with programs that are forked, not executed, and under strace: what each run opened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from backend.confine import Confinement
from tests.services.process import find_program
from tests.services.waiting import wait_until
from tests.services.warm_media import WarmMedia

_CALLS = "open,openat,openat2,creat,execve,socket,connect,bind,sendto"
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")
_NAME = re.compile(r'"([^"]*)"')
# What libraries look up about the machine.
_OF_THE_MACHINE = ("/proc/", "/sys/", "/dev/null", "/dev/urandom", "/etc/ld.so.cache", "/lib/", "/usr/lib/")


@dataclass
class TracedMedia:
    media: WarmMedia
    trace: Path
    _door: Confinement = field(default_factory=lambda: Confinement(bubblewrap=False))
    _read: int = 0

    @classmethod
    @contextmanager
    def light(cls, trace: Path) -> Iterator[TracedMedia]:
        strace = find_program("strace", package="strace")
        # -D: the process stays our own child, and its children are those of its runs.
        options = ["-D", "-f", "--seccomp-bpf", "-qq", "-s", "4096", "-e", f"trace={_CALLS}", "-e", "signal=none"]
        traced = cls(WarmMedia.light([strace, *options, "-o", str(trace)]), trace)
        try:
            wait_until(trace.exists, "strace to begin")
            yield traced
        finally:
            traced.media.end()

    @contextmanager
    def door(self) -> Iterator[Confinement]:
        """What it runs inside the block is forked; afterwards nothing of it may be at work any more."""
        self._door.describe()  # whether the programs start is found out by starting them
        self._read = self.trace.stat().st_size
        with mock.patch("backend.confine.door.run", self.media.run):
            yield self._door
        assert self.media.at_work() == []

    def opened(self) -> set[str]:
        """The files that runs opened since `door` was called; AssertionError when one did more than open files."""
        with self.trace.open("rb") as trace:
            trace.seek(self._read)
            text = trace.read().decode(errors="replace")
        lines = [found for line in text.splitlines() if (found := _LINE.match(line))]
        by_runs = [line for line in lines if int(line[1]) != self.media.hearth.process.pid]
        assert [line[0] for line in by_runs if not line[2].startswith(("open", "creat"))] == []
        names = {_NAME.findall(line[3])[0] for line in by_runs}
        return {name for name in names if not name.startswith(_OF_THE_MACHINE)}
