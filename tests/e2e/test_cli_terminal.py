"""video_manager as people start it: on a terminal, from any folder, in pipes, as the wrong user."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.services.app import ROOT, RunningApp
from tests.services.waiting import wait_until

pytestmark = pytest.mark.service

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 64


class Terminal:
    """A command on a terminal of its own: what it showed so far, and keys for it."""

    def __init__(self, app: RunningApp, *arguments: str) -> None:
        self._ours, theirs = pty.openpty()
        os.set_blocking(self._ours, False)
        self.process = subprocess.Popen(
            # Whoever runs the tests in the background hands down an ignored SIGINT; a terminal's command has none.
            ["env", "--default-signal=INT", sys.executable, "-m", "backend", *arguments],
            cwd=app.home, env=app.environ | {"TERM": "xterm", "COLUMNS": "120"},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._seen = b""

    @property
    def text(self) -> str:
        """All that was shown so far."""
        with suppress(BlockingIOError, OSError):
            while piece := os.read(self._ours, 65536):
                self._seen += piece
        return self._seen.decode()

    def wait_for(self, words: str) -> None:
        wait_until(lambda: words in self.text, f"{words!r} on the terminal")

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Its exit code; what nobody reads would keep it from ending."""

        def ended() -> bool:
            return (self.text, self.process.poll())[1] is not None

        wait_until(ended, "the command to end")
        return self.process.wait()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(app: RunningApp) -> Iterator[Open]:
    """`open_terminal("list")` runs that command on a terminal of its own."""
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        opened.append(Terminal(app, *arguments))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


@pytest.fixture
def app(running_app: Callable[..., RunningApp]) -> RunningApp:
    """An installation after its release step; nothing runs."""
    found = running_app(start=False)
    found.release_here()
    return found


def save(app: RunningApp, name: str = "a.mp4", content: bytes = VIDEO) -> str:
    (app.home / name).write_bytes(content)
    done = app.cli("upload", name)
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\t")[1]


def test_on_a_terminal_the_answer_is_a_table_and_names_are_harmless(app: RunningApp, open_terminal: Open) -> None:
    video_id = save(app, "\x1b[2J\u202e[red]x.mp4")
    command = open_terminal("list")
    assert command.end() == 0
    shown = command.text
    assert video_id[:8] in shown
    assert "\\x1b[2J\\u202e[red]x.mp4" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("key", "code", "status"), [("y\r", 0, "trashed"), ("n\r", 1, "processing"), ("\r", 1, "processing")]
)
def test_only_a_typed_yes_deletes(app: RunningApp, open_terminal: Open, key: str, code: int, status: str) -> None:
    video_id = save(app)
    command = open_terminal("delete", video_id)
    command.wait_for("[y/N]")
    command.type(key)
    assert command.end() == code
    assert f"\t{status}\t" in app.cli("list", *(["--state", "trashed"] if status == "trashed" else [])).stdout


def test_ctrl_c_at_a_question_changes_nothing(app: RunningApp, open_terminal: Open) -> None:
    video_id = save(app)
    command = open_terminal("delete", video_id)
    command.wait_for("[y/N]")
    command.process.send_signal(signal.SIGINT)
    assert command.end() == 1
    assert video_id in app.cli("list").stdout


def test_a_bar_shows_how_far_an_upload_is(app: RunningApp, open_terminal: Open) -> None:
    (app.home / "big.mp4").write_bytes(os.urandom(30_000_000))
    command = open_terminal("upload", "big.mp4")
    assert command.end() == 0
    shown = command.text
    assert "/28.6 MiB" in shown
    assert "saved: " in shown
    assert "sha256:" in shown


def test_the_log_is_followed_while_it_grows(app: RunningApp, open_terminal: Open) -> None:
    save(app, "before.mp4")
    command = open_terminal("logs", "-n", "1", "--follow")
    command.wait_for("before.mp4")
    video_id = save(app, "after.mp4", VIDEO + b"2")
    command.wait_for(f"saved        upload={video_id}")
    command.process.send_signal(signal.SIGINT)
    assert command.end() == 0


@pytest.mark.parametrize("reader", ["head -n 1", "true"])
def test_a_pipe_that_closes_early_ends_it_quietly(app: RunningApp, reader: str) -> None:
    done = app.run("sh", "-c", f"python -m backend settings | {reader}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == (1 if reader.startswith("head") else 0)


def test_a_terminal_that_knows_few_characters_shows_escapes(app: RunningApp) -> None:
    save(app, "日本.mp4")
    app.environ["PYTHONIOENCODING"] = "latin-1"
    done = app.cli("list")
    assert done.returncode == 0
    assert "\\u65e5\\u672c.mp4" in done.stdout


@pytest.mark.parametrize(
    ("folder", "command"),
    [
        (ROOT / "backend", [sys.executable, "video_manager.py"]),
        (ROOT, [sys.executable, "-m", "backend.video_manager"]),
        (Path("/"), [str(ROOT / "scripts" / "video_manager")]),
    ],
)
def test_every_way_of_starting_it_reaches_the_same_server(app: RunningApp, folder: Path, command: list[str]) -> None:
    save(app)
    done = subprocess.run(
        [*command, "stats", "--json"], cwd=folder, env=app.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"total_videos": 1' in done.stdout


def test_from_another_folder_files_are_those_of_the_caller(app: RunningApp, tmp_path: Path) -> None:
    (tmp_path / "mine.mp4").write_bytes(VIDEO)
    (tmp_path / "films").mkdir()
    script = str(ROOT / "scripts" / "video_manager")
    for words in (["upload", "mine.mp4", "--project", "films"], ["manifest", "--output", "all.json"]):
        done = subprocess.run(
            [script, *words], cwd=tmp_path, env=app.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "\tfilms\t" in app.cli("list").stdout
    assert (tmp_path / "all.json").exists()


def test_python_app_py_starts_the_whole_server(tmp_path: Path) -> None:
    (tmp_path / "backend").mkdir()
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "backend" / "app.py", tmp_path / "backend")
    serve = tmp_path / "scripts" / "serve"
    serve.write_text("#!/bin/sh\necho this is scripts/serve\n")
    serve.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-S", "app.py"], cwd=tmp_path / "backend", capture_output=True, text=True, check=False
    )
    assert done.stdout == "this is scripts/serve\n"


def test_another_user_is_told_whose_storage_it_is_and_makes_nothing_there(app: RunningApp) -> None:
    save(app)
    app.run("chown", "-R", "nobody", str(app.storage_path))
    before = sorted(path.name for path in app.storage_path.rglob("*"))
    done = app.cli("list")
    assert done.returncode == 3
    assert "sudo -u nobody" in done.stderr
    assert sorted(path.name for path in app.storage_path.rglob("*")) == before
    assert '"owner"' in app.cli("doctor", "--json").stdout
