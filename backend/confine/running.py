"""One run of a program: started in a group of its own, its pipes drained, watched, and gone when this returns."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from backend.confine.leftovers import mark
from backend.errors import MediaError

_CHUNK_BYTES = 65536
_SAID_BYTES = 65536
_LOOK_SECONDS = 0.2
_GONE_SECONDS = 5.0


@dataclass(frozen=True)
class Ended:
    """How it ended by itself: the exit code (negative: the signal), and the end of its standard error."""

    code: int
    said: str


def run(
    command: Sequence[str],
    *,
    cwd: str,
    environ: Mapping[str, str],
    take: Callable[[bytes], None],
    look: Callable[[int], None],
) -> Ended:
    """Run `command`. `take` gets its standard output; `look` is called with its process id a few times a second.

    What either raises ends the run. However this is left, no process of the group is alive afterwards.
    """
    process = _started(command, cwd, environ)
    try:
        said = _follow(process, take, look)
    finally:
        _end(process)
    return Ended(process.returncode, said)


def _started(command: Sequence[str], cwd: str, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**environ, **mark()},
            start_new_session=True,
        )
    except OSError as error:  # no memory or no process left for it, or a program went away just now
        raise MediaError(f"ffmpeg could not be started: {error.strerror}.") from error


def _follow(process: subprocess.Popen[bytes], take: Callable[[bytes], None], look: Callable[[int], None]) -> str:
    """Drain both pipes until the process has ended; what it said on standard error."""
    assert process.stdout is not None
    assert process.stderr is not None
    said, look_at = b"", 0.0
    with selectors.DefaultSelector() as pipes:
        for pipe in (process.stdout, process.stderr):
            os.set_blocking(pipe.fileno(), False)
            pipes.register(pipe, selectors.EVENT_READ)
        while True:
            # Asked before the pipes are: what was written before the end is then still read.
            ended = _has_ended(process.pid)
            ready = pipes.select(0 if ended else _LOOK_SECONDS) if pipes.get_map() else []
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK_BYTES)
                if not chunk:
                    pipes.unregister(key.fileobj)
                elif key.fileobj is process.stdout:
                    take(chunk)
                else:
                    said = (said + chunk)[-_SAID_BYTES:]
            if time.monotonic() >= look_at:
                look(process.pid)
                look_at = time.monotonic() + _LOOK_SECONDS
            if ended and not ready:
                return said.decode(errors="replace")
            if not pipes.get_map():
                # It closed both, which is nearly always its last act.
                threading.Event().wait(0.002)


def _has_ended(pid: int) -> bool:
    """Whether it ended. It is not reaped: until then nobody else can be given its number, which the group has too."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the group, and wait until it is gone."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    _see_off(process.pid)


def _see_off(group: int) -> None:
    """Wait until nothing of the group is alive. A dead member is left to init; if that is us, we reap it."""
    give_up_at, pause = time.monotonic() + _GONE_SECONDS, threading.Event()
    while time.monotonic() < give_up_at:
        with suppress(ChildProcessError):
            while os.waitpid(-group, os.WNOHANG)[0]:
                pass
        try:
            os.killpg(group, 0)
        except (ProcessLookupError, PermissionError):
            return
        if not any(living(group)):
            return
        pause.wait(0.002)


def living(group: int) -> Iterator[int]:
    """The processes of a group that are no zombies."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                state, _parent, found, *_ = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(found) == group and state not in "ZX":
                    yield int(entry.name)
