"""`targets login` as a process against the Drive emulator, and somebody who follows the address that it prints."""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import urllib3

from tests.services.app import RunningApp
from tests.services.drive.server import DriveServer
from tests.services.waiting import wait_until

_COMMAND = ("targets", "login")
ANN = "ann@example.org"
# How Google's secrets of every sort begin: codes, access tokens, refresh tokens, clients' secrets.
SECRET = re.compile(r"4(?:/|%2F)0|ya29\.|1//|GOCSPX-")
_ADDRESS = re.compile(r"^http\S+/o/oauth2/auth\?\S+$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err


class Login:
    """One running `targets login`; its output goes to files, so that nobody has to read along."""

    def __init__(self, app: RunningApp, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        self._out, self._err = app.home / "login.out", app.home / "login.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*prefix, "env", "--default-signal=INT", sys.executable, "-m", "backend", *_COMMAND, *arguments],
                cwd=app.home, env=app.environ, stdin=subprocess.PIPE, stdout=out, stderr=err,
            )  # fmt: skip

    @property
    def told(self) -> str:
        """What stands on its stderr so far."""
        return self._err.read_text()

    def address(self) -> str:
        """What it asks a person to open."""

        def found() -> str:
            match = _ADDRESS.search(self.told)
            if match is None and self.process.poll() is not None:
                raise AssertionError(self.end())
            return match[0] if match else ""

        return wait_until(found, "the address to open")

    def paste(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def end(self, seconds: float = 30) -> Ended:
        assert self.process.stdin
        self.process.stdin.close()
        code = self.process.wait(seconds)
        return Ended(code, self._out.read_text(), self.told)


@dataclass
class Installation:
    """A home with one target `drive` whose sign-in is kept in drive-login.json, and the client's file beside it."""

    app: RunningApp
    drive: DriveServer
    credentials: Path
    client: Path

    @classmethod
    def make(cls, app: RunningApp, drive: DriveServer, **options: object) -> Installation:
        """Nothing was prepared yet: the command does."""
        # Google's library sends codes and secrets over https only; the emulator speaks http.
        app.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
        credentials, client = app.home / "drive-login.json", app.home / "client.json"
        client.write_text(json.dumps(drive.client_secrets()))
        table = {"name": "drive", "kind": "drive", "credentials": str(credentials), "root_url": drive.root_url}
        lines = [f"{key} = {json.dumps(value)}" for key, value in (table | options).items()]
        (app.home / "targets.toml").write_text("\n".join(["[[target]]", *lines, ""]))
        return cls(app, drive, credentials, client)

    def login(self, *arguments: str, prefix: tuple[str, ...] = ()) -> Login:
        return Login(self.app, *arguments, prefix=prefix)

    def sign_in(self, *arguments: str, prefix: tuple[str, ...] = ()) -> Ended:
        """All of it: the command, and a browser of this machine."""
        login = self.login(*arguments, prefix=prefix)
        follow(login.address())
        return login.end()

    @property
    def kept(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.credentials.read_text())
        return found


MakePlace = Callable[..., Installation]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def consent(address: str) -> str:
    """Where the consent page sends the browser."""
    answer = _get(address)
    assert answer.status == 302, answer.data
    return str(answer.headers["Location"])


def follow(address: str, change: Callable[[dict[str, str]], dict[str, str]] = lambda found: found) -> bytes:
    """Be the browser, from the printed address to the page that it ends at; `change` meddles with the answer."""
    parts = urlsplit(consent(address))
    changed = urlencode(change(dict(parse_qsl(parts.query))))
    return _get(f"{parts.scheme}://{parts.netloc}{parts.path}?{changed}").data


def _get(address: str) -> urllib3.BaseHTTPResponse:
    with urllib3.PoolManager(retries=False) as pool:
        return pool.request("GET", address, redirect=False, timeout=20)
