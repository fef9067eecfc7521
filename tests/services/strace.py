"""strace on a running process: see its system calls, kill it at one of them, make some fail.

strace counts for each thread and each call by itself, so a point is (call, how often in its thread); the same
program doing the same work passes the same points again.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.services.process import find_program
from tests.services.waiting import wait_until

# Every call by which a process changes what lies on disk.
CHANGING = ("openat", "write", "pwrite64", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "link", "linkat",
            "rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir", "mkdirat")  # fmt: skip
_LINE = re.compile(r"(\d+) +(\w+)\((.*)")
_QUOTED = re.compile(r'"([^"]*)"')
_DESCRIPTOR = re.compile(r"^\d+<([^>]*)>")


@dataclass(frozen=True)
class Point:
    """The `number`-th `call` of a thread since strace began to look; `path` is what it touches."""

    call: str
    number: int
    path: str
    creates: bool

    def __str__(self) -> str:
        return f"{self.call}-{self.number}-{Path(self.path).name}"


def changes(point: Point) -> bool:
    """Whether the call can change the disk: an openat that creates nothing only looks."""
    return point.call != "openat" or point.creates


@contextmanager
def traced(pid: int, output: Path, calls: Sequence[str] = CHANGING) -> Iterator[None]:
    """Write the calls of `pid` and of every thread it has and makes to `output`."""
    with _attached(pid, ["-y", "-s", "0", "-o", str(output), "-e", f"trace={','.join(calls)}"]):
        yield


@contextmanager
def killed_at(pid: int, call: str, number: int) -> Iterator[None]:
    """kill -9 for `pid` just before any of its threads does its `number`-th `call`."""
    injected = f"inject={call}:signal=KILL:when={number}"
    with _attached(pid, ["-o", "/dev/null", "-e", f"trace={call}", "-e", injected]):
        yield


@contextmanager
def failing(pid: int, faults: Sequence[str], *, output: Path, paths: Sequence[Path] = ()) -> Iterator[None]:
    """Make calls of `pid` fail: `faults` like "fsync:error=EIO:when=1+"; with `paths`, only on these files."""
    calls = ",".join(fault.partition(":")[0] for fault in faults)
    options = ["-y", "-s", "0", "-o", str(output), "-e", f"trace={calls}"]
    for fault in faults:
        options += ["-e", f"inject={fault}"]
    for path in paths:
        options += ["-P", str(path)]
    with _attached(pid, options):
        yield


def points(output: Path) -> list[Point]:
    """What `traced` wrote, in the order of the calls."""
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for line in output.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match is None:
            continue
        thread, call, rest = match.groups()
        seen[thread, call] += 1
        found.append(Point(call, seen[thread, call], _path_in(call, rest), "O_CREAT" in rest))
    return found


def _path_in(call: str, arguments: str) -> str:
    """The file behind a descriptor, or the last name that is given (where a link or rename leads to)."""
    descriptor = _DESCRIPTOR.match(arguments)
    names = _QUOTED.findall(arguments)
    if descriptor and not call.endswith("at"):
        return descriptor.group(1)
    return names[-1] if names else ""


@contextmanager
def _attached(pid: int, options: Sequence[str]) -> Iterator[None]:
    strace = find_program("strace", package="strace")
    # --seccomp-bpf is not for attaching; -qq: no word about attaching and exits.
    process = subprocess.Popen([strace, "-f", "-qq", *options, "-p", str(pid)], stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: _all_traced(pid, process), f"strace to hold every thread of {pid}")
        yield
    finally:
        _end(process)


def _end(strace: subprocess.Popen[str]) -> None:
    """strace that has just killed its process may wait for ever; the kernel lets go of what a killed one held."""
    strace.terminate()
    try:
        strace.communicate(timeout=0.5)
    except subprocess.TimeoutExpired:
        strace.kill()
        strace.communicate(timeout=30)


def _all_traced(pid: int, strace: subprocess.Popen[str]) -> bool:
    tasks = Path(f"/proc/{pid}/task")
    try:
        return all(f"TracerPid:\t{strace.pid}\n" in (task / "status").read_text() for task in tasks.iterdir())
    except (FileNotFoundError, ProcessLookupError):
        # A thread ended meanwhile: look again; or a call of its own killed the process before the test did a thing.
        return not tasks.exists()
    finally:
        if strace.poll() not in (None, 0):
            assert strace.stderr
            raise AssertionError(f"strace ended: {strace.stderr.read()}")
