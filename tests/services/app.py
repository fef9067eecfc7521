"""The real program for end-to-end tests: what the Procfile names, each process in a group of its own."""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import urllib3

from backend.catalog.database import sqlite_path
from backend.catalog.migrate import migrate
from backend.cli.release import release
from backend.settings import load_settings
from scripts.lib.supervise import long_running, read_procfile
from tests.services.process import ServerProcess, free_port
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60


@dataclass
class RunningApp:
    """One installation: its folder, its settings, its processes. `start` and `stop` may be called again.

    `environ` may be changed between a stop and a start. `home` is the working directory: `.env` and
    `targets.toml` are looked for there.
    """

    home: Path
    port: int
    admin_token: str
    environ: dict[str, str]
    hearth: Hearth | None = None
    _processes: dict[str, ServerProcess] = field(default_factory=dict, init=False)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def storage_path(self) -> Path:
        return Path(self.environ["STORAGE_PATH"])

    @property
    def log_file(self) -> Path:
        return Path(self.environ["LOG_DIR"]) / "video_uploads.log"

    def release(self, *, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run the release step (migrations, keys, sweep) to its end, whatever its exit code."""
        return self.run(*_command("release"), prefix=prefix)

    def release_here(self) -> None:
        """The same without a process of its own: most tests are not about it, and starting Python is what it costs.

        Where there is no database yet, it finds one with tables and nothing in them: migrations take longest.
        """
        catalog = sqlite_path(load_settings(self.environ, None).catalog_url)
        if catalog is not None and not catalog.exists():
            catalog.parent.mkdir(parents=True, exist_ok=True)
            catalog.write_bytes(_new_catalog())
        with mock.patch.dict(os.environ, self.environ, clear=True), chdir(self.home):
            release(load_settings())

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `video_manager ARGUMENTS` with this installation's settings, whatever its exit code."""
        command = ("python", "-m", "backend", *arguments)
        if self.hearth and self.hearth.can_start(self.environ):
            return self.hearth.run(_resolved(command), self.environ, self.home)
        return self.run(*command)

    def run(self, *command: str, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        """Run any command in this installation's folder and environment."""
        return subprocess.run(
            [*prefix, *_resolved(command)], cwd=self.home, env=self.environ,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def start(self, *names: str, prefix: Mapping[str, Sequence[str]] | None = None) -> None:
        """Start these processes of the Procfile (all but release when none is named), and wait for /healthz.

        `prefix` puts words before a command: `{"web": ["strace", "-f", …]}`.
        """
        for name in names or tuple(long_running(_procfile())):
            words = [*(prefix or {}).get(name, ()), *_resolved(_command(name))]
            hearth = None if name in (prefix or {}) else self.hearth
            process = ServerProcess(name, words, self.home / f"{name}.log", self.environ, self.home, hearth=hearth)
            process.start()
            self._processes[name] = process
            if name == "web":
                self._wait_until_healthy(process)

    def process(self, name: str) -> ServerProcess:
        """The started process `name`: to pause it, to read its output's tail, to ask whether it runs."""
        return self._processes[name]

    def pids(self, name: str) -> list[int]:
        """Every living process of `name`: the one that was started first, then those it started."""
        return self._processes[name].group()

    def kill9(self, name: str) -> None:
        """kill -9 for all of `name` at once; returns when it is gone and, for web, its port is free."""
        self._processes[name].kill9()

    def stop(self, *names: str, seconds: float = 90) -> None:
        """SIGTERM for these processes (all when none is named); they must end well within `seconds`."""
        for name in reversed(names or tuple(self._processes)):
            process = self._processes.pop(name)
            code = process.stop(seconds=seconds)
            assert code == 0, f"{name} ended with {code}:\n{process.tail()}"

    def end(self) -> None:
        """Leave nothing running, whatever state it is in."""
        for process in self._processes.values():
            process.kill9()

    def request(self, method: str, path: str, *, token: str | None = None, **options: Any) -> urllib3.BaseHTTPResponse:
        """One HTTP request as the admin, or with another token ("" for none).

        `options` are urllib3's: `fields={"video": ("a.mp4", data, "video/mp4")}` sends a form, `json=…` JSON.
        """
        headers = dict(options.pop("headers", None) or {})
        token = self.admin_token if token is None else token
        if token:
            headers.setdefault("Authorization", f"Bearer {token}")
        options.setdefault("timeout", urllib3.Timeout(60))
        with urllib3.PoolManager(retries=False) as pool:
            return pool.request(method, self.base_url + path, headers=headers, redirect=False, **options)

    def _wait_until_healthy(self, web: ServerProcess) -> None:
        def healthy() -> bool:
            if not web.running:
                raise AssertionError(f"web ended while starting:\n{web.tail()}")
            with suppress(urllib3.exceptions.HTTPError):
                return self.request("GET", "/healthz", token="", timeout=5).status == 200
            return False

        try:
            wait_until(healthy, "/healthz to answer 200", seconds=_START_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{web.tail()}") from None


class AppFactory:
    """Makes installations in fresh folders and ends all of them with the test.

    With a `hearth` their processes are forked from it; without, the Procfile's very commands are executed.
    """

    def __init__(self, fresh_folder: Callable[[], Path], hearth: Hearth | None = None) -> None:
        self._fresh_folder = fresh_folder
        self._hearth = hearth
        self._apps: list[RunningApp] = []

    def __call__(
        self,
        env: Mapping[str, str] | None = None,
        *,
        processes: Sequence[str] = (),
        targets_toml: str = "",
        start: bool = True,
        prefix: Mapping[str, Sequence[str]] | None = None,
    ) -> RunningApp:
        """An installation with `env` over the tests' defaults, released and running unless `start` is false.

        `processes` names what to start (default: all of the Procfile); `targets_toml` is the text of its
        targets file; `prefix` is that of `RunningApp.start`.
        """
        home, port, token = self._fresh_folder(), free_port(), f"hf_{secrets.token_hex(16)}"
        app = RunningApp(home, port, token, _environ(home, port, token), self._hearth)
        if targets_toml:
            (home / "targets.toml").write_text(targets_toml)
            app.environ["TARGETS_FILE"] = str(home / "targets.toml")
        app.environ.update(env or {})
        self._apps.append(app)
        if start:
            app.release_here()
            app.start(*processes, prefix=prefix)
        return app

    def close(self) -> None:
        for app in self._apps:
            app.end()


@cache
def _new_catalog() -> bytes:
    """A SQLite database as the migrations make it."""
    with TemporaryDirectory() as folder:
        catalog = Path(folder) / "catalog.db"
        migrate(f"sqlite:///{catalog}")
        return catalog.read_bytes()


def light_hearth() -> Hearth:
    """One for all installations of a test run."""
    return Hearth.light(_environ(ROOT, 0, ""), ROOT)


def _environ(home: Path, port: int, token: str) -> dict[str, str]:
    """A clean environment: nothing of the person who runs the tests reaches the program."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return kept | {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "STORAGE_PATH": str(home / "storage"),
        "LOG_DIR": str(home / "logs"),
        "ADMIN_TOKEN": token,
        "MIN_FREE_BYTES": "0",
        "WEB_WORKERS": "1",
        "STOP_SECONDS": "10",
    }


def _procfile() -> dict[str, str]:
    return read_procfile(ROOT / "Procfile")


def _command(name: str) -> list[str]:
    return shlex.split(_procfile()[name])


def _resolved(command: Sequence[str]) -> list[str]:
    """`python` and `gunicorn` of the environment that runs the tests."""
    place = Path(sys.executable).parent / command[0]
    return [str(place) if place.exists() else command[0], *command[1:]]
