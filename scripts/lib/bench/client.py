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

_TAKEN = (200, 201, 204)


class Client:
    """Gives jobs to a sender that runs as long as this does."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def large(self, server: Server, source: Path, size_bytes: int) -> float:
        """Seconds from connecting to the whole answer, for one file."""
        answer = self._do(server, do="large", source=str(source), bytes=size_bytes)
        _all_taken(server, [answer["status"]])
        return float(answer["seconds"])

    def small(self, server: Server, size_bytes: int, count: int, clients: int) -> tuple[float, list[float]]:
        """Uploads per second, and the seconds of each upload."""
        answer = self._do(server, do="small", bytes=size_bytes, count=count, clients=clients)
        _all_taken(server, answer["statuses"])
        return len(answer["statuses"]) / float(answer["seconds"]), answer["each_seconds"]

    def resumable(self, server: Server, way: str, source: Path, size_bytes: int) -> float:
        """Seconds for one file by a resumable door; `way` as the sender knows it."""
        answer = self._do(server, do="resumable", way=way, source=str(source), bytes=size_bytes)
        _all_taken(server, [answer["status"]])
        if not server.has_file_of(size_bytes):
            raise SystemExit(f"{server.name} said {answer['status']}, but there is no file of {size_bytes} bytes.")
        return float(answer["seconds"])

    def in_time(self, server: Server, source: Path, size_bytes: int, limit_seconds: float) -> float | None:
        """Seconds for one file by tus; None when it was not taken within `limit_seconds`."""
        job = {"way": "tus", "source": str(source), "bytes": size_bytes, "limit_seconds": limit_seconds}
        answer = self._do(server, do="in time", **job)
        return answer["seconds"] if answer["status"] in _TAKEN else None

    def gets(self, server: Server, path: str, count: int, limit_seconds: float) -> list[float | None]:
        """Seconds of each GET, one after the other; the first that nobody answers in time is the last, as None."""
        answer = self._do(server, do="gets", path=path, count=count, limit_seconds=limit_seconds)
        return list(answer["each_seconds"])

    def download(self, server: Server, path: str, size_bytes: int) -> float:
        """Seconds for one whole file."""
        answer = self._do(server, do="download", path=path, bytes=size_bytes)
        _all_taken(server, [answer["status"]])
        return float(answer["seconds"])

    def parts(
        self, server: Server, path: str, size_bytes: int, *, readers: int, count: int, part_bytes: int
    ) -> dict[str, Any]:
        """Many readers of parts at once: the seconds of all, of each part, and what was wrong."""
        job = {"readers": readers, "count": count, "part_bytes": part_bytes}
        return self._do(server, do="parts", path=path, bytes=size_bytes, **job)

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


def _all_taken(server: Server, statuses: list[int]) -> None:
    """A refused upload is fast and proves nothing."""
    others = [status for status in statuses if status not in _TAKEN]
    if others or not statuses:
        raise SystemExit(f"{server.name} did not take every upload: {others[:5]}")
