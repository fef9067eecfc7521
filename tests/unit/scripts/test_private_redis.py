"""The demo's own Redis: nobody else's, and gone when it is not needed any more, however that comes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.lib.demo.private_redis import NoRedis, Place, private_redis
from tests.services.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]


def _ask(place: Place, *words: str) -> bytes:
    with socket.create_connection((place.host, place.port), timeout=20) as line:
        line.sendall("".join(f"{word}\r\n" for word in words).encode())
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(4096), b""))


def _listens(place: Place) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((place.host, place.port)) == 0


@pytest.mark.service
def test_it_answers_who_knows_its_password_and_is_gone_afterwards() -> None:
    with private_redis() as place:
        assert place.host == "127.0.0.1"
        assert _ask(place, "PING").startswith(b"-NOAUTH")
        assert _ask(place, f"AUTH {place.password}", "PING") == b"+OK\r\n+PONG\r\n"
        assert _ask(place, f"AUTH {place.password}", "CONFIG GET save").endswith(b"$0\r\n\r\n")
    assert not _listens(place)


@pytest.mark.service
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_program_even_when_that_is_killed(number: signal.Signals) -> None:
    program = (
        "import signal, sys\n"
        "from scripts.lib.demo.private_redis import private_redis\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n"
        "with private_redis() as place:\n"
        "    print(place.port, flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        place = Place("127.0.0.1", int(process.stdout.readline()))
        assert _listens(place)
        process.send_signal(number)
        process.wait(60)
    wait_until(lambda: not _listens(place), "the Redis to end")


def test_where_there_is_no_redis_it_says_what_helps(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(NoRedis, match=r"no redis-server on this machine.*apt-get install redis-server"),
        private_redis(),
    ):
        pass


def test_one_that_ends_at_once_is_told_and_tried_again_a_few_times(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "redis-server"
    program.write_text(f"#!/bin/sh\necho >>{tmp_path}/tried\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NoRedis, match="ends as soon as it is started"), private_redis():
        pass
    assert (tmp_path / "tried").read_text() == "\n" * 5
