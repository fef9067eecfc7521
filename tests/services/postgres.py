"""A real PostgreSQL for the tests: its own cluster in a temporary folder, gone when the tests end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from tests.services.process import Server, ServerProcess, children, find_program, free_port, living
from tests.services.scratch import memory_disk, scratch_folder
from tests.services.waiting import wait_until

_PACKAGE = "postgresql"
# Tests kill processes, never the power: what was written need not reach the disk, but it must be written.
_FAST = ("fsync=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=128MB")


@dataclass
class PostgresServer(Server):
    """`url` names the maintenance database; tests take `fresh_database()`."""

    folder: Path
    port: int
    process: ServerProcess
    _numbers: count[int] = field(default_factory=lambda: count(1), init=False)

    @classmethod
    def boot(cls, programs: Path | None = None) -> PostgresServer:
        """`programs`: the folder of others than Debian's."""
        user = _account()
        folder = scratch_folder("postgres", parent=memory_disk(), user=user)
        port = free_port()
        data = folder / "data"
        subprocess.run(
            [_program("initdb", programs), "-D", data, "-U", "holdfast", "-A", "trust", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, user=user, group=user,
            extra_groups=None if user is None else [], cwd=folder,
        )  # fmt: skip
        options = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200", *_FAST)
        command = [_program("postgres", programs), "-D", str(data), "-p", str(port)]
        command += [part for option in options for part in ("-c", option)]
        process = ServerProcess("postgres", command, folder / "postgres.log", cwd=folder, user=user)
        server = cls(folder, port, process)
        server.start()
        return server

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://holdfast@127.0.0.1:{self.port}/{database}"

    def fresh_database(self, *, like: str = "template1") -> str:
        """Make an empty database, or a copy of the one at the URL `like`, to which nobody is connected."""
        name = f"holdfast_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {_name(like)} STRATEGY FILE_COPY")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete a database, whoever is still connected: hundreds of them would fill the disk."""
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE {_name(url)} WITH (FORCE)")

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """A connection of the test's own, each statement a transaction."""
        return psycopg.connect(host="127.0.0.1", port=self.port, user="holdfast", dbname=database, autocommit=True)

    def start(self) -> None:
        def ready() -> bool:
            if not self.process.running:
                # After kill -9 the old backends hold the shared memory for a moment longer.
                self.process.start()
            return self._takes_queries()

        wait_until(ready, f"PostgreSQL to take queries; its log: {self.process.log}", seconds=60)

    def stop(self) -> None:
        """Fast shutdown: sessions are cut, the data is whole."""
        self.process.stop(number=signal.SIGINT)

    def kill9(self) -> None:
        # Each backend has a group of its own, and answers once more before it sees that its parent is gone.
        backends = children(self.process.pid)
        self.process.kill9()
        for pid in backends:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(map(living, backends)), "PostgreSQL's backends to be gone")

    def pause(self) -> None:
        self.process.pause()

    def resume(self) -> None:
        self.process.resume()

    def close(self) -> None:
        # Nobody needs the data: writing them out for a proper end would be in vain.
        self.kill9()
        shutil.rmtree(self.folder)

    def _takes_queries(self) -> bool:
        try:
            with self.connect() as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def _program(name: str, programs: Path | None) -> str:
    if programs is not None:
        return str(programs / name)
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return find_program(name, package=_PACKAGE, extra_folders=folders)


def _account() -> str | None:
    """The account to run as: postgres refuses root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
