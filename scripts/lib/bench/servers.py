"""The servers under test: Holdfast and its rivals, each in a fresh folder; gunicorn's under the very same settings."""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_BIN = Path(sys.executable).parent
_START_SECONDS = 60
_STOP_SECONDS = 20
_TARGETS = '[[target]]\nname = "second"\nkind = "folder"\npath = "{path}"\n'


@dataclass(frozen=True)
class Server:
    """A running server. `door` is where it takes uploads, `files` where they end up."""

    name: str
    port: int
    door: str
    token: str
    home: Path
    files: Path
    process: subprocess.Popen[bytes]

    def worker_pids(self) -> list[int]:
        """gunicorn's children: the processes that answer requests."""
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def has_file_of(self, size_bytes: int) -> bool:
        """Whether a file of this size lies where the uploads go."""
        return any(path.is_file() and path.stat().st_size == size_bytes for path in self.files.rglob("*"))

    def forget_files(self) -> None:
        """Remove what was uploaded, so that a memory disk holds one upload at a time."""
        for path in self.files.rglob("*"):
            if path.is_file():
                path.unlink()


@contextmanager
def holdfast(parent: Path, *, workers: int, threads: int, environ: dict[str, str] | None = None) -> Iterator[Server]:
    """Holdfast as `scripts/serve` runs its web process, with one folder target, so that each upload has a ledger row.

    The worker process does not run: the rivals make no copies either.
    """
    with fresh_home(parent) as home:
        token = f"hf_{secrets.token_hex(16)}"
        port = free_port()
        (home / "second").mkdir()
        (home / "targets.toml").write_text(_TARGETS.format(path=home / "second"))
        environ = _environ(home, port, workers, threads) | {"ADMIN_TOKEN": token} | (environ or {})
        subprocess.run(
            [_BIN / "python", "-m", "backend", "release"], cwd=home, env=environ, check=True, stdout=subprocess.DEVNULL
        )
        with _gunicorn("backend.web.server", "backend.wsgi:app", home, environ, port) as process:
            yield Server("Holdfast", port, "/api/upload-video", token, home, home / "storage" / "uploads", process)


@contextmanager
def rival(module: str, parent: Path, *, workers: int, threads: int) -> Iterator[Server]:
    """One of the rivals of this folder."""
    with fresh_home(parent) as home:
        port = free_port()
        files = home / "files"
        files.mkdir()
        environ = _environ(home, port, workers, threads) | {"BENCH_FOLDER": str(files)}
        with _gunicorn(
            "scripts.lib.bench.rival_gunicorn", f"scripts.lib.bench.{module}:app", home, environ, port
        ) as process:
            yield Server(module, port, "/upload", "", home, files, process)


@contextmanager
def fresh_home(parent: Path) -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="holdfast-bench-", dir=parent))
    try:
        yield home
    finally:
        shutil.rmtree(home)


def _environ(home: Path, port: int, workers: int, threads: int) -> dict[str, str]:
    """A clean environment. TMPDIR lies beside the files, so that nobody spools to a slower disk."""
    temporary = home / "tmp"
    temporary.mkdir()
    return {
        "PATH": os.pathsep.join([str(_BIN), os.defpath]),
        "PYTHONPATH": str(ROOT),
        "TMPDIR": str(temporary),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "WEB_WORKERS": str(workers),
        "WEB_THREADS": str(threads),
        "STORAGE_PATH": str(home / "storage"),
        "LOG_DIR": str(home / "logs"),
        "TARGETS_FILE": str(home / "targets.toml"),
        "MIN_FREE_BYTES": "0",
        "STOP_SECONDS": "10",
    }


@contextmanager
def _gunicorn(
    config: str, app: str, home: Path, environ: dict[str, str], port: int
) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(_BIN / "gunicorn"), "--config", f"python:{config}", app]
    with running(command, home, environ, port) as process:
        yield process


@contextmanager
def running(command: list[str], home: Path, environ: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server's process, from its first answer on; it ends with the block, and with us."""
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            cwd=home, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        _wait_for_answer(process, port, log)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for_answer(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Any answer will do: it comes from a worker that has loaded its program."""
    deadline = time.monotonic() + _START_SECONDS
    pause = threading.Event()
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, http.client.HTTPException), closing(connection):
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        pause.wait(0.05)
    raise SystemExit(f"The server did not start:\n{log.read_text(errors='replace')}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
