"""What others notice of many slow uploads on one web process, by how many threads it has."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from scripts.lib.bench.client import Client
from scripts.lib.bench.measure import MEMORY_DISK, MIB, Result, kind_of, peak_of, rss_bytes, source_file
from scripts.lib.bench.servers import ROOT, Server, holdfast

_COUNT = 200
_THREADS = (32, 256, 512)
_LIMIT_SECONDS = 5.0  # whoever waits longer is told as not served
_HEAD = (
    "| WEB_THREADS | slow uploads | upload, MB/s | small GET, ms | slowest GET, ms | memory, MiB |",
    "|---|---|---|---|---|---|",
)


@dataclass
class Seen:
    """What a fast client met: MB/s of each upload, seconds of each GET; None where nobody answered in time."""

    uploads: list[float | None] = field(default_factory=list)
    gets: list[float | None] = field(default_factory=list)
    memory_bytes: int = 0


def slow(client: Client, quick: bool, disk: Path) -> Result:
    """An upload and small GETs, alone and beside `_COUNT` slow uploads, on a disk where durability has its price."""
    size_bytes, rounds = (64 if quick else 256) * MIB, 2 if quick else 5
    lines, notes = list(_HEAD), []
    with source_file(MEMORY_DISK, 64 * MIB) as source:
        for threads in _THREADS[:2] if quick else _THREADS:
            with holdfast(disk, workers=1, threads=threads) as server:
                _look(client, server, source, size_bytes, 1)  # warms up
                lines.append(_line(threads, 0, _look(client, server, source, size_bytes, rounds)))
                with _slow_uploads(server) as told:
                    lines.append(_line(threads, _COUNT, _look(client, server, source, size_bytes, rounds)))
                notes.append(f"{told['kept'] / max(1, told['sent']):.0%} with {threads} threads")
    where = kind_of(disk)
    words = f"An upload of {size_bytes // MIB} MiB by tus to {where} and small GETs beside {_COUNT} slow uploads"
    note = f"of the slow uploads' bytes, kept when their connections ended: {', '.join(notes)}"
    return Result(f"{words} (4 kB/s each), one web process", "", note=note, table=tuple(lines))


def _look(client: Client, server: Server, source: Path, size_bytes: int, rounds: int) -> Seen:
    seen, door = Seen(), replace(server, door="/files/")
    pid = server.worker_pids()[0]
    with peak_of(pid) as peak:
        for _ in range(rounds):
            seconds = client.in_time(door, source, size_bytes, _LIMIT_SECONDS)
            seen.uploads.append(size_bytes / seconds / 1e6 if seconds else None)
            server.forget_files()
            seen.gets += client.gets(server, "/api/session", 20, _LIMIT_SECONDS)
    seen.memory_bytes = max(*peak, rss_bytes(pid))
    return seen


def _line(threads: int, count: int, seen: Seen) -> str:
    never = f"none in {_LIMIT_SECONDS:.0f} s"
    gets = sorted(1000 * seconds if seconds else float("inf") for seconds in seen.gets)
    uploads = sorted(speed or 0 for speed in seen.uploads)
    upload, middle, most = statistics.median(uploads), statistics.median(gets), gets[-1]
    cells = [
        f"{upload:.0f}" if upload else never,
        never if middle == float("inf") else f"{middle:.1f}",
        never if most == float("inf") else f"{most:.0f}",
        f"{seen.memory_bytes / MIB:.0f}",
    ]
    return f"| {threads} | {count or 'none'} | {' | '.join(cells)} |"


@contextmanager
def _slow_uploads(server: Server) -> Iterator[dict[str, Any]]:
    """All of them are on their way inside the block; the dictionary holds what came of them after it."""
    job = server.home / "slow.json"
    job.write_text(json.dumps({"port": server.port, "token": server.token, "door": "/files/", "count": _COUNT}))
    command = [sys.executable, "-m", "scripts.lib.bench.slow_sender", str(job)]
    told: dict[str, Any] = {}
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                raise SystemExit("The slow uploads did not start; the reason stands above.")
            yield told
            told |= json.loads(process.communicate(timeout=60)[0])
        finally:
            process.kill()
