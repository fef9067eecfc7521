"""The tus servers of others, each in a process of its own as its README starts it; `scripts/bench` installs them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.lib.bench.servers import ROOT, Server, free_port, fresh_home, running

_FOLDER = Path(__file__).parent / "tus_rivals"
_PYTHON = ROOT / ".tools" / "bench"


@contextmanager
def tus_server(name: str, parent: Path) -> Iterator[Server]:
    """`name` is "@tus/server" or "tuspyserver"."""
    with fresh_home(parent) as home:
        port, files = free_port(), home / "files"
        files.mkdir()
        # Its own folder for temporary files, so that nobody spools to a slower disk.
        environ = {"PATH": _path(), "PORT": str(port), "BENCH_FOLDER": str(files), "TMPDIR": str(home)}
        command = {"@tus/server": _node_command(), "tuspyserver": _python_command(port)}[name]
        with running(command, home, environ, port) as process:
            yield Server(name, port, "/files", "", home, files, process)


def versions() -> str:
    """What was measured, for the page."""
    packages = _FOLDER / "node_modules" / "@tus"
    node = [json.loads((packages / name / "package.json").read_text()) for name in ("server", "file-store")]
    site = next(_PYTHON.glob("lib/python*/site-packages"))
    python = [
        f"{found.name} {found.version}"
        for found in importlib.metadata.distributions(path=[str(site)])
        if found.name in ("tuspyserver", "uvicorn")
    ]
    return ", ".join([*(f"{package['name']} {package['version']}" for package in node), *sorted(python)])


def _node_command() -> list[str]:
    node = shutil.which("node", path=_path())
    if node is None:
        raise SystemExit("There is no Node for @tus/server; start scripts/bench, which installs it.")
    return [node, str(_FOLDER / "node_server.mjs")]


def _python_command(port: int) -> list[str]:
    words = ["--app-dir", str(_FOLDER), "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    return [str(_PYTHON / "bin" / "uvicorn"), "python_server:app", *words]


def _path() -> str:
    return os.pathsep.join([str(ROOT / ".venv" / "bin"), os.environ.get("PATH", os.defpath)])
