"""Our end of the sender process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.lib.bench.servers import ROOT, Server

_CREATED = 201


class Client:
    """Gives jobs to a sender that runs as long as this does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def large(self, server: Server, source: Path, size_bytes: int) -> float:
        """Seconds from connecting to the whole answer, for one file."""
        answer = self._do(server, do="large", source=str(source), bytes=size_bytes)
        _all_created(server, [answer["status"]])
        return float(answer["seconds"])

    def small(self, server: Server, size_bytes: int, count: int, clients: int) -> tuple[float, list[float]]:
        """Uploads per second, and the seconds of each upload."""
        answer = self._do(server, do="small", bytes=size_bytes, count=count, clients=clients)
        _all_created(server, answer["statuses"])
        return len(answer["statuses"]) / float(answer["seconds"]), answer["each_seconds"]

    def _do(self, server: Server, **job: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        job |= {"port": server.port, "door": server.door, "token": server.token}
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"The sender ended while sending to {server.name}; its reason stands above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def client() -> Iterator[Client]:
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.lib.bench.sender"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield Client(process)
    finally:
        process.kill()
        process.communicate()


def _all_created(server: Server, statuses: list[int]) -> None:
    """A refused upload is fast and proves nothing."""
    others = [status for status in statuses if status != _CREATED]
    if others or not statuses:
        raise SystemExit(f"{server.name} did not take every upload: {others[:5]}")
