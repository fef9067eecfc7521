"""Supervisor over what the Procfile names: its configuration, and the running of it."""

from __future__ import annotations

import configparser
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, BinaryIO

RELEASE = "release"
EDGE = "edge"
# What a process may take beyond STOP_SECONDS before it is killed: for one that hangs.
STOP_MARGIN_SECONDS = 10
# Never give up: a worker whose database is away for an hour comes back alone. Each pause is a second longer.
START_TRIES = 1_000_000
# Were its parent killed with -9, the kernel tells a process to end: none stays that nobody can stop.
_ENDS_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")


def read_procfile(path: Path) -> dict[str, str]:
    """The commands by name, in the order of the file."""
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.partition(":") for line in lines if line and not line.startswith("#"))
    return {name.strip(): command.strip() for name, _, command in pairs}


def long_running(procfile: Mapping[str, str]) -> dict[str, str]:
    """What stays up: everything but the release step."""
    return {name: command for name, command in procfile.items() if name != RELEASE}


def supervisor_config(programs: Mapping[str, str], home: Path, *, stop_seconds: int) -> str:
    """The text of a supervisord.conf that keeps `programs` running in `home` until it is told to end."""
    config = configparser.RawConfigParser()
    config["supervisord"] = {
        "nodaemon": "true",
        "logfile": "/dev/null",
        "logfile_maxbytes": "0",
        "loglevel": "warn",
        "pidfile": _literal(str(home / ".run" / "supervisord.pid")),
    }
    if os.geteuid() == 0:
        # Saying so is how supervisor is told that root is meant.
        config["supervisord"]["user"] = "root"
    # One group: supervisor ends the members of a group together, but groups one after the other.
    config["group:holdfast"] = {"programs": ",".join(programs)}
    for name, command in programs.items():
        config[f"program:{name}"] = {
            "command": _literal(f"{' '.join(_ENDS_WITH_PARENT)} {command}"),
            "directory": _literal(str(home)),
            "autorestart": "true",
            "startretries": str(START_TRIES),
            "stopsignal": "TERM",
            "stopwaitsecs": str(stop_seconds + STOP_MARGIN_SECONDS),
            "killasgroup": "true",
            "stdout_logfile": "/dev/fd/1",
            "stdout_logfile_maxbytes": "0",
            "stderr_logfile": "/dev/fd/2",
            "stderr_logfile_maxbytes": "0",
        }
    text = io.StringIO()
    config.write(text)
    return text.getvalue()


class Supervisor:
    """A running supervisord. It has a session of its own, so that a terminal's Ctrl-C reaches only us."""

    def __init__(self, programs: Mapping[str, str], home: Path, *, stop_seconds: int) -> None:
        run = home / ".run"
        run.mkdir(exist_ok=True)
        config = run / "supervisord.conf"
        config.write_text(supervisor_config(programs, home, stop_seconds=stop_seconds))
        self._wanted = len(programs)
        self._seen: set[int] = set()
        self._process = subprocess.Popen(
            [*_ENDS_WITH_PARENT, Path(sys.executable).with_name("supervisord"), "-c", config],
            cwd=home, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        # /dev/fd/1 can be opened again when it is a pipe, but not when it is a socket, as under systemd.
        self._pumps = [
            _pump(self._process.stdout, sys.stdout.buffer),
            _pump(self._process.stderr, sys.stderr.buffer),
        ]

    def deaths(self) -> int:
        """How many processes had to be started again, as far as calls of this saw."""
        self._seen.update(self._children())
        return max(0, len(self._seen) - self._wanted)

    def ended_within(self, seconds: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            return True
        return False

    def wait(self) -> None:
        self._process.wait()
        for pump in self._pumps:
            pump.join()

    def terminate(self) -> None:
        """SIGTERM to all, SIGKILL after `stop_seconds` and a margin."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to all, now."""
        for pid in self._children():
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def _children(self) -> Iterator[int]:
        pid = self._process.pid
        with suppress(OSError):
            yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _literal(text: str) -> str:
    """Supervisor expands % in values."""
    return text.replace("%", "%%")


def _pump(source: IO[bytes] | None, sink: BinaryIO) -> threading.Thread:
    """Pass on what comes, until it ends; when nobody reads us any more, drain it all the same."""
    assert source is not None

    def copy() -> None:
        while piece := os.read(source.fileno(), 65536):
            with suppress(OSError):
                sink.write(piece)
                sink.flush()

    thread = threading.Thread(target=copy, daemon=True)
    thread.start()
    return thread
