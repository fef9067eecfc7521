"""A Redis for one program: on a free port of this machine, behind a password, in memory alone, and gone with it."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

_ATTEMPTS = 5
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0


class NoRedis(Exception):
    """Why there is none, and what helps."""


@dataclass(frozen=True)
class Place:
    """Where a Redis is: what RedisVideoStorage takes."""

    host: str
    port: int
    db: int = 0
    password: str | None = None


@contextlib.contextmanager
def private_redis() -> Iterator[Place]:
    """Start one, and end it when done. Raises `NoRedis`."""
    program = shutil.which("redis-server")
    if program is None:
        raise NoRedis(
            "There is no redis-server on this machine. As root: apt-get install redis-server. "
            "Or name a Redis: REDIS_URL=redis://host:6379/0 scripts/demo"
        )
    with contextlib.ExitStack() as stack:
        for _ in range(_ATTEMPTS):
            place = Place("127.0.0.1", _free_port(), password=secrets.token_urlsafe(24))
            if stack.enter_context(_running(program, place)):
                yield place
                return
    raise NoRedis(f"redis-server ends as soon as it is started. Try it by hand: {program} --port 0")


@contextlib.contextmanager
def _running(program: str, place: Place) -> Iterator[bool]:
    """Whether it answers; false when it ended by itself, as when somebody else took the port."""
    # Ends with us even if we are killed. The password comes by stdin: everybody may read a command line.
    command = [program, "-"]
    if setpriv := shutil.which("setpriv"):
        command = [setpriv, "--pdeathsig", "KILL", "--", *command]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError), process.stdin as config:
            config.write(_config(place).encode())
        yield _answers(process, place)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _config(place: Place) -> str:
    return (
        f"bind {place.host}\nport {place.port}\nrequirepass {place.password}\n"
        'save ""\nappendonly no\ndir /\nlogfile ""\ndaemonize no\n'
    )


def _answers(process: subprocess.Popen[bytes], place: Place) -> bool:
    pause, deadline = threading.Event(), time.monotonic() + _START_SECONDS
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection((place.host, place.port), timeout=1) as line:
            # Whoever else listens there does not know the password.
            line.sendall(f"AUTH {place.password}\r\n".encode())
            if line.recv(5) == b"+OK\r\n":
                return True
        if time.monotonic() > deadline:
            raise NoRedis(f"redis-server does not answer within {_START_SECONDS:g} seconds of its start.")
        pause.wait(0.02)
    return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
