"""Reading, beside plain Flask `send_file` under the same gunicorn: one large download, and many players at once."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib.bench.client import Client, client
from scripts.lib.bench.measure import MEMORY_DISK, MIB, Result, peak_of, rss_bytes, source_file
from scripts.lib.bench.servers import Server, holdfast, rival

_READERS = 100
_PARTS = 5  # for each reader in a round
_WORKERS, _THREADS = 2, 256  # as the settings' defaults
_LIMIT_SECONDS = 30.0
_HEAD = (
    "| server | MB/s | part p50, ms | part p99, ms | small GET p50, ms | small GET p99, ms | wrong answers |",
    "|---|---|---|---|---|---|---|",
)


@dataclass
class Seen:
    """What all readers of a server met; one figure for each round."""

    speeds: list[float] = field(default_factory=list)
    parts: list[list[float]] = field(default_factory=list)
    gets: list[float] = field(default_factory=list)
    wrong: int = 0


def download(sender: Client, size_bytes: int, rounds: int) -> Result:
    """One reader of one whole file in memory, in MB/s; ours asks the catalog who may read what first."""
    result, load = Result(f"One download of {size_bytes // MIB} MiB from a memory disk", "MB/s"), _load()
    with _both(sender, size_bytes, workers=1) as servers:
        pid = servers[0][0].worker_pids()[0]
        before = rss_bytes(pid)
        with peak_of(pid) as peak:
            for number in range(rounds + 1):
                for server, path in servers:
                    seconds = sender.download(server, path, size_bytes)
                    if number:  # the first round warms up
                        result.figures.setdefault(server.name, []).append(size_bytes / seconds / 1e6)
        grown = (max(peak) - before) / MIB
    result.note = f"ours grew by {grown:.0f} MiB in these {rounds + 1} downloads; {load}"
    return result


def readers(sender: Client, size_bytes: int, rounds: int) -> Result:
    """Many readers of parts of one file, and what a small GET takes meanwhile."""
    words = f"{_READERS} readers at once of parts of 1 MiB of a file of {size_bytes // MIB} MiB on a memory disk"
    seen: dict[str, Seen] = {}
    load = _load()
    with _both(sender, size_bytes, workers=_WORKERS) as servers, client() as beside:
        for number in range(rounds + 1):
            for server, path in servers:
                met = seen.setdefault(server.name, Seen()) if number else Seen()  # the first round warms up
                _round(sender, beside, server, path, size_bytes, met)
    note = f"medians of {rounds} rounds of {_READERS * _PARTS} parts each; the small GET is GET /api/session; {load}"
    return Result(f"{words}, two web processes", "", note=note, table=(*_HEAD, *map(_line, seen, seen.values())))


def _round(sender: Client, beside: Client, server: Server, path: str, size_bytes: int, met: Seen) -> None:
    over = threading.Event()
    gets: list[float] = []

    def ask() -> None:
        while not over.is_set():
            gets.extend(
                s if s is not None else _LIMIT_SECONDS for s in beside.gets(server, "/api/session", 1, _LIMIT_SECONDS)
            )

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        answer = sender.parts(server, path, size_bytes, readers=_READERS, count=_PARTS, part_bytes=MIB)
    finally:
        over.set()
        asking.join()
    met.speeds.append(len(answer["each_seconds"]) * MIB / answer["seconds"] / 1e6)
    met.parts.append(answer["each_seconds"])
    met.gets += gets
    met.wrong += len(answer["wrong"])


def _line(name: str, met: Seen) -> str:
    words = {"rival_send_file": "Flask `send_file`"}.get(name, name)
    p50, p99 = (statistics.median(_percentile(each, share) for each in met.parts) for share in (0.5, 0.99))
    cells = [
        f"{statistics.median(met.speeds):.0f}",
        *(f"{1000 * seconds:.0f}" for seconds in (p50, p99, _percentile(met.gets, 0.5), _percentile(met.gets, 0.99))),
        str(met.wrong or "none"),
    ]
    return f"| {words} | {' | '.join(cells)} |"


def _load() -> str:
    return f"before it began, others kept {os.getloadavg()[0]:.0f} processes busy on this machine"


def _percentile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))]


@contextlib.contextmanager
def _both(sender: Client, size_bytes: int, *, workers: int) -> Iterator[list[tuple[Server, str]]]:
    """Ours and the rival with the same file in memory; and where each of them serves it."""
    with (
        source_file(MEMORY_DISK, min(size_bytes, 256 * MIB)) as source,
        holdfast(MEMORY_DISK, workers=workers, threads=_THREADS) as ours,
        rival("rival_send_file", MEMORY_DISK, workers=workers, threads=_THREADS) as other,
    ):
        sender.large(ours, source, size_bytes)
        shutil.copyfile(_only_file(ours.files), other.files / "file.mp4")
        yield [(ours, f"/api/videos/{_only_video(ours)}/content"), (other, "/file")]


def _only_file(folder: Path) -> Path:
    (found,) = folder.rglob("*.mp4")
    return found


def _only_video(server: Server) -> str:
    address = f"http://127.0.0.1:{server.port}/api/videos/list"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        (video,) = json.load(answer)["videos"]
    return str(video["id"])
