"""The command line in this process: the real program over a folder of its own, what it printed and how it ended."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from backend.catalog.database import sqlite_path
from backend.cli.main import main
from backend.disk.layout import Layout
from backend.installation import make_keys
from backend.services import build_services
from backend.settings import load_settings

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 64


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[list[str]]:
        """The plain lines, cut at their tabs."""
        return [line.split("\t") for line in self.out.splitlines()]


@dataclass
class CommandLine:
    """One installation. `home` is the working folder; `files` is where a person keeps theirs."""

    home: Path
    files: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    copies: Path = field(init=False)

    def __post_init__(self) -> None:
        self.copies = self.home / "copies"
        for folder in (self.files, self.copies):
            folder.mkdir()

    @property
    def storage(self) -> Path:
        return self.home / "storage"

    def __call__(self, *arguments: str, terminal: bool = False) -> Answer:
        self.capsys.readouterr()
        with self.monkeypatch.context() as patch:
            patch.chdir(self.home)
            if terminal:
                patch.setattr(sys.stdout, "isatty", lambda: True)
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        assert isinstance(ended.value.code, int)
        out, err = self.capsys.readouterr()
        return Answer(ended.value.code, out, err)

    def well(self, *arguments: str) -> Answer:
        """Run a command that must succeed."""
        answer = self(*arguments)
        assert answer.code == 0, answer
        return answer

    def file(self, name: str = "holiday.mp4", content: bytes = VIDEO) -> Path:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def upload(self, name: str = "holiday.mp4", content: bytes = VIDEO, *options: str) -> dict[str, Any]:
        """Save one video; its entry as `list --json` shows it."""
        answer = self.well("upload", str(self.file(name, content)), "--json", *options)
        video: dict[str, Any] = self.well("info", answer.json[0]["video_id"], "--json").json
        return video

    def use_target(self, name: str = "nas", **options: str) -> None:
        """Configure one folder as a place for copies."""
        more = "".join(f"{key} = {value}\n" for key, value in options.items())
        (self.home / "targets.toml").write_text(
            f'[[target]]\nname = "{name}"\nkind = "folder"\npath = "{self.copies}"\n{more}'
        )

    def path(self, video: dict[str, Any]) -> Path:
        return self.storage / str(video["relative_path"])


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """`cli("list", "--json")` runs that command on an installation that nobody has prepared yet, over SQLite."""
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "LANG", "TMPDIR"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name, value in {
        "STORAGE_PATH": str(home / "storage"),
        "LOG_DIR": str(home / "logs"),
        "MIN_FREE_BYTES": "0",
        "COLUMNS": "200",
    }.items():
        monkeypatch.setenv(name, value)
    return CommandLine(home, tmp_path / "files", monkeypatch, capsys)


@pytest.fixture
def either(cli: CommandLine, database_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The same on SQLite and on PostgreSQL, as the first command leaves it: its tables are copied, not made again."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    layout = Layout(cli.storage)
    layout.prepare()
    make_keys(layout)
    services = build_services(load_settings(dotenv=None))
    services.seal.begin()
    services.close()
    return cli


Prepared = Callable[[], CommandLine]


@pytest.fixture
def prepared(cli: CommandLine, migrated_sqlite: Path) -> CommandLine:
    """An installation after its release step, without a video. That step found its tables made."""
    catalog = sqlite_path(load_settings(dotenv=None).catalog_url)
    assert catalog
    catalog.parent.mkdir(parents=True)
    shutil.copy(migrated_sqlite, catalog)
    cli.well("release")
    return cli
