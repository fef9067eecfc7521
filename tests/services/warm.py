"""Python processes that start warm: forked from one that has the program imported, and waits to be asked.

Starting Python for web and worker is what most end-to-end tests took their time for. What is forked is the same code
over the same environment, in a process group of its own; only the imports are not done again. Tests about starts and
kills start the real commands (see `AppFactory`).
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gunicorn.app.wsgiapp import run as serve
from gunicorn.config import Chdir

from backend.cli.main import _COMMANDS
from tests.services.forking import tend

# Not backend.web.server and backend.wsgi: they read the settings when they are imported.
_IMPORTED = (
    "backend.app", "backend.cli.main", "backend.cli.opened", "backend.cli.processes", "backend.worker.run",
    "backend.web.connections", "backend.targets.folder", "backend.targets.minio", "backend.targets.drive.target",
    "gunicorn.arbiter", "sqlalchemy.dialects.sqlite", "sqlalchemy.dialects.postgresql", "psycopg",
)  # fmt: skip
# What Python, its libraries and the C library read only while they start.
_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "TZ", "MALLOC_", "OPENSSL_", "SSL_")
_LONGEST_SECONDS = 120


@dataclass
class WarmProcess:
    """What `subprocess.Popen` is to a process that was executed, as far as `ServerProcess` uses it."""

    pid: int
    _ended: int  # the end of a pipe, into which the exit code comes
    _code: int | None = field(default=None, init=False)

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            with selectors.PollSelector() as watched:  # its number may be above what select(2) takes
                watched.register(self._ended, selectors.EVENT_READ)
                if not watched.select(timeout):
                    raise subprocess.TimeoutExpired("(forked)", timeout or 0)
            said = os.read(self._ended, 16)
            os.close(self._ended)
            self._code = int(said) if said else -signal.SIGKILL
        return self._code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@dataclass
class Hearth:
    """The process that others are forked from. It ends with the thread that lit it."""

    process: subprocess.Popen[bytes]
    line: socket.socket
    environ: Mapping[str, str]

    @classmethod
    def light(
        cls,
        environ: Mapping[str, str],
        root: Path,
        module: str = "tests.services.warm",
        prefix: Sequence[str] = (),
        words: Sequence[str] = (),
    ) -> Hearth:
        """Run `module`, which tends the line it is given; `prefix` stands before its command, `words` behind."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *prefix, sys.executable, "-m", module, str(theirs.fileno()), *words],
            cwd=root, env=dict(environ), pass_fds=[theirs.fileno()], process_group=0, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        return cls(process, ours, environ)

    def can_start(self, environ: Mapping[str, str]) -> bool:
        """Whether a process with this environment would be the same if it were executed."""
        return _read_at_start(environ) == _read_at_start(self.environ)

    def start(self, command: Sequence[str], environ: Mapping[str, str], cwd: Path, out: int, err: int) -> WarmProcess:
        """Run `gunicorn …` or `python -m …`; its output goes to the descriptors `out` and `err`."""
        ended, to_tell = os.pipe()
        words = json.dumps([list(command), dict(environ), str(cwd)]).encode()
        socket.send_fds(self.line, [words], [out, err, to_tell])
        os.close(to_tell)
        pid = int(self.line.recv(16))
        return WarmProcess(pid, ended)

    def run(self, command: Sequence[str], environ: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """As `subprocess.run` does, with all it said."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = self.start(command, environ, cwd, out.fileno(), err.fileno())
            try:
                code = process.wait(_LONGEST_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                raise
            for file in (out, err):
                file.seek(0)
            return subprocess.CompletedProcess(command, code, out.read(), err.read())

    def end(self) -> None:
        self.line.close()
        self.process.wait(60)


def _read_at_start(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(_AT_START)}


def main(line: socket.socket) -> None:
    for name in (*_IMPORTED, *(f"backend.cli.{place.partition(':')[0]}" for place in _COMMANDS.values())):
        importlib.import_module(name)
    tend(line, _become)


def _become(command: list[str]) -> None:
    """This process is the command from now on; it ends as that does, threads and all."""
    program, *words = command
    if Path(program).name == "gunicorn":
        sys.argv = command
        Chdir.default = str(Path.cwd())  # it was read when gunicorn was imported
        serve()
    else:
        _, module, *words = words
        sys.argv = [program, *words]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
