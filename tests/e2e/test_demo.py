"""scripts/demo as people run it: both engines in a pipe and on a terminal, and plain words where there is no Redis."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from backend.storage import RedisVideoStorage
from tests.services.app import ROOT
from tests.services.redis import RedisServer

pytestmark = pytest.mark.service
_PLAIN = {name: value for name, value in os.environ.items() if name not in ("REDIS_URL", "NO_COLOR", "FORCE_COLOR")}


def _demo(command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8"
    )


def test_one_command_shows_both_engines_in_plain_lines_where_nobody_looks() -> None:
    done = _demo(["scripts/demo"], _PLAIN)
    assert done.returncode == 0, done.stderr
    memory, _, redis = done.stdout.partition("== Videos in Redis")
    for told in (memory, redis):
        assert told.count("-> gone after ") == 1
        assert "title\tSample video 1, seen\n" in told
        assert "-> 524288 bytes\n" in told
        assert "1024 bytes from the middle, the same" in told
        assert "ValueError: Video data cannot be empty" in told
        assert "-> True, 0 videos left\n" in told
        assert "error" not in told.lower().replace("valueerror", "")
    assert "400 kB, number 3" in memory
    assert "400 kB, number 1" not in memory
    assert "\x1b" not in done.stdout


def test_in_a_redis_of_others_it_removes_only_its_own(redis_server: RedisServer) -> None:
    with (
        RedisVideoStorage("127.0.0.1", redis_server.port, db=3, max_memory_mb=8192) as storage,
        redis.Redis("127.0.0.1", redis_server.port, db=3) as client,
    ):
        theirs = storage.store_video(b"theirs", {}, ["demo"])
        # Theirs may take more than the demo allows itself: as if it did.
        client.hincrby("{holdfast}:figures", "used", 4 << 30)
        url = redis_server.url.removesuffix("/0") + "/3"
        done = _demo([sys.executable, "-m", "scripts.lib.demo"], _PLAIN | {"REDIS_URL": url})
        assert done.returncode == 0, done.stdout + done.stderr
        assert "-> the Redis of REDIS_URL, beside what is there\n" in done.stdout
        assert theirs not in done.stdout
        assert [video["key"] for video in storage.list_videos()] == [theirs]
        storage.clear_all()
        assert list(client.scan_iter()) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://localhost/", "REDIS_URL must be like redis://"),
        ("redis://localhost:no/", "REDIS_URL must be like redis://"),
        ("redis://127.0.0.1:1/0", "Redis failed: "),
    ],
)
def test_a_redis_that_was_named_and_cannot_be_used_is_told_and_fails(url: str, words: str) -> None:
    done = _demo([sys.executable, "-m", "scripts.lib.demo"], _PLAIN | {"REDIS_URL": url})
    assert (done.returncode, words in done.stdout) == (1, True), done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_where_no_redis_can_be_had_it_says_so_and_shows_memory(tmp_path: Path) -> None:
    done = _demo([sys.executable, "-m", "scripts.lib.demo"], _PLAIN | {"PATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert "-> True, 0 videos left" in done.stdout
    assert "Redis is not shown. There is no redis-server on this machine." in done.stdout


@pytest.mark.parametrize("no_color", [False, True])
def test_on_a_terminal_it_has_colours_unless_they_are_not_wanted(no_color: bool, tmp_path: Path) -> None:
    environment = _PLAIN | {"TERM": "xterm-256color", "PATH": str(tmp_path)} | ({"NO_COLOR": "1"} if no_color else {})
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "scripts.lib.demo"], cwd=ROOT, env=environment, stdout=theirs)
    os.close(theirs)
    seen = b""
    with suppress(OSError):  # EIO: nobody writes to this terminal any more
        while piece := os.read(ours, 65536):
            seen += piece
    os.close(ours)
    assert process.wait(60) == 0
    assert (b"\x1b[36m" in seen) is not no_color
    assert "Videos in memory" in seen.decode()
