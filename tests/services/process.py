"""One real server process of a test: started in a group of its own, ended by its own id, its output kept."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

from tests.services.waiting import wait_until
from tests.services.warm import Hearth, WarmProcess

# Chromium refuses some below; from 32768 on the kernel gives them to outgoing connections.
_PORTS = range(12_000, 32_000)
_SHARES = 16


class MissingProgramError(RuntimeError):
    """A program that the tests need is not on this machine. Tests fail for it; they are never skipped."""


def find_program(*names: str, package: str, extra_folders: Sequence[Path] = ()) -> str:
    """The first of `names` on PATH or in `extra_folders`."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *map(str, extra_folders)])
    for name in names:
        if found := shutil.which(name, path=path):
            return found
    raise MissingProgramError(
        f"{names[0]} is not installed. As root: apt-get install --no-install-recommends {package}"
        " (scripts/test does it by itself)"
    )


def _share_of_ports() -> list[int]:
    """The ports of this process among those of xdist. Two runs at once begin at different places."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = list(_PORTS)[number % _SHARES :: _SHARES]
    start = os.getpid() * 97 % len(ports)
    return ports[start:] + ports[:start]


_ports = cycle(_share_of_ports())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment, and that no other test will be given soon.

    It is none of those that the kernel gives to outgoing connections: nobody takes it before the server starts.
    """
    while True:
        port = next(_ports)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def answers(port: int) -> bool:
    """Whether somebody accepts connections on 127.0.0.1:`port`."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@dataclass
class ServerProcess:
    """A command that can be started, stopped, killed and started again.

    Its output goes to `log`, appended over restarts. `user` is the account it runs as, when we are root. It is forked
    from the `hearth`, if there is one and its environment allows that.
    It dies with the thread that started it, so that a test run that is killed leaves no server behind.
    """

    name: str
    command: Sequence[str]
    log: Path
    environ: Mapping[str, str] | None = None
    cwd: Path | None = None
    user: str | None = None
    hearth: Hearth | None = None
    _process: subprocess.Popen[bytes] | WarmProcess | None = field(default=None, init=False)

    @property
    def pid(self) -> int:
        """The id of the started process, which is also that of its group."""
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    def start(self) -> None:
        assert not self.running, f"{self.name} is running already"
        with self.log.open("ab") as log:
            if self.hearth and self.environ is not None and self.cwd and self.hearth.can_start(self.environ):
                self._process = self.hearth.start(self.command, self.environ, self.cwd, log.fileno(), log.fileno())
                return
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environ,
                cwd=self.cwd,
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
                process_group=0,
            )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_for_port(self, port: int, *, seconds: float = 60) -> None:
        """Wait until `port` answers; tell the log's end when the process dies before."""

        def ready() -> bool:
            if not self.running:
                raise AssertionError(f"{self.name} ended while starting:\n{self.tail()}")
            return answers(port)

        try:
            wait_until(ready, f"{self.name} to answer on port {port}", seconds=seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def stop(self, *, number: signal.Signals = signal.SIGTERM, seconds: float = 60) -> int:
        """Ask it to end, wait, return its exit code; what stays longer fails the test and is killed."""
        if self._process is None:
            return 0
        if self.running:
            self._process.send_signal(number)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not stop within {seconds:g} s:\n{self.tail()}") from None
        finally:
            self.kill9()

    def kill9(self) -> None:
        """kill -9 for the whole group; returns when none of it is left."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        wait_until(lambda: not self.group(), f"the group of {self.name} to be gone")

    def pause(self) -> None:
        """SIGSTOP for the whole group: it keeps its connections and answers nothing. Returns when all of it stands.

        The signal stops a process when one of its threads next runs: on a busy machine the others go on until then.
        """
        os.killpg(self.pid, signal.SIGSTOP)
        wait_until(
            lambda: all(_states(pid) <= {"T", "Z"} for pid in self.group()), f"the group of {self.name} to stand still"
        )

    def resume(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def group(self) -> list[int]:
        """The living processes of the group, the started one first, then by age."""
        pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
        members = (pid for pid in pids if _group_of(pid) == self.pid)
        return sorted(members, key=lambda pid: (pid != self.pid, pid))

    def tail(self, lines: int = 40) -> str:
        """The end of its output."""
        if not self.log.exists():
            return "(no output)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Server(ABC):
    """A server that tests may take away and bring back, on the same port with the same data."""

    @abstractmethod
    def start(self) -> None:
        """Start it; returns when it answers."""

    @abstractmethod
    def stop(self) -> None:
        """End it; connections are refused from now on."""

    @abstractmethod
    def kill9(self) -> None:
        """End it without a word: what it had acknowledged must be there after `start`."""

    @abstractmethod
    def pause(self) -> None:
        """Freeze it: connections are accepted and nothing is answered, until `resume`."""

    @abstractmethod
    def resume(self) -> None:
        """Let it go on after `pause`."""

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server is down inside the block and up again after it, however it ends."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The server answers nothing inside the block."""
        self.pause()
        try:
            yield
        finally:
            self.resume()


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that still have it as their parent."""
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def living(pid: int) -> bool:
    """Whether `pid` is a process; a zombie waits only to be counted and is none."""
    return _group_of(pid) is not None


def _group_of(pid: int) -> int | None:
    """The process group of a living process."""
    with suppress(OSError):
        state, _parent, group, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return None if state in "ZX" else int(group)
    return None


def _states(pid: int) -> set[str]:
    """The states of all threads of a process, as proc(5) writes them; none when it is gone."""
    found = set()
    with suppress(OSError):
        for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
            found.add(stat.read_text().rpartition(")")[2].split()[0])
    return found
