"""The measurements: each compares servers in turn within one run and returns what was seen."""

from __future__ import annotations

import contextlib
import os
import statistics
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from scripts.lib.bench.client import Client
from scripts.lib.bench.servers import Server, holdfast, rival

MIB = 1024 * 1024
MEMORY_DISK = Path("/dev/shm")  # a folder of Linux, not of one machine


@dataclass
class Result:
    """One measurement: figures by server, the first one ours; `unit` of each figure."""

    title: str
    unit: str
    figures: dict[str, list[float]] = field(default_factory=dict)
    note: str = ""
    table: tuple[str, ...] = ()  # lines in the place of the figures' own table

    def median(self, name: str) -> float:
        return statistics.median(self.figures[name])


def large(client: Client, size_bytes: int, rounds: int) -> Result:
    """One large form upload on a memory disk, in MB/s: ours with SHA-256 and fsync, the rivals as they are."""
    result = Result(f"One form upload of {size_bytes // MIB} MiB on a memory disk", "MB/s")
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(source_file(MEMORY_DISK, min(size_bytes, 256 * MIB)))
        servers = [stack.enter_context(holdfast(MEMORY_DISK, workers=1, threads=8))]
        servers += [
            stack.enter_context(rival(name, MEMORY_DISK, workers=1, threads=8))
            for name in ("rival_form", "rival_stream")
        ]
        for number in range(rounds + 1):
            for server in servers:
                seconds = client.large(server, source, size_bytes)
                server.forget_files()
                if number:  # the first round warms up
                    result.figures.setdefault(server.name, []).append(size_bytes / seconds / 1e6)
    return result


def memory(client: Client, size_bytes: int, disk: Path) -> Result:
    """How much the web process grows while it takes one upload, in MiB of resident memory."""
    result = Result(f"Growth of the web process during one upload of {size_bytes / 1024**3:.1f} GiB", "MiB")
    with source_file(MEMORY_DISK, 64 * MIB) as source, holdfast(disk, workers=1, threads=8) as server:
        client.large(server, source, 64 * MIB)
        server.forget_files()
        pid = server.worker_pids()[0]
        before = rss_bytes(pid)
        with peak_of(pid) as peak:
            seconds = client.large(server, source, size_bytes)
        result.figures[server.name] = [(max(peak) - before) / MIB]
        result.note = f"{before / MIB:.0f} MiB before; {size_bytes / seconds / 1e6:.0f} MB/s to {kind_of(disk)}"
    return result


def small(client: Client, count: int, rounds: int, disk: Path) -> Result:
    """Uploads of 100 kB with contents of their own by eight clients, per second, on a real disk."""
    result = Result(f"Small uploads ({count} of 100 kB, 8 clients, 2 workers) on a real disk", "uploads/s")
    with contextlib.ExitStack() as stack:
        servers: list[Server] = [
            stack.enter_context(holdfast(disk, workers=2, threads=8)),
            stack.enter_context(rival("rival_small", disk, workers=2, threads=8)),
        ]
        for number in range(rounds + 1):
            for server in servers:
                rate, _ = client.small(server, 100_000, count, 8)
                if number:
                    result.figures.setdefault(server.name, []).append(rate)
    return result


@contextlib.contextmanager
def source_file(folder: Path, size_bytes: int) -> Iterator[Path]:
    """A file of random bytes to send from."""
    path = folder / f"holdfast-bench-source-{os.getpid()}"
    try:
        with path.open("wb") as file:
            for _ in range(size_bytes // MIB):
                file.write(os.urandom(MIB))
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def peak_of(pid: int) -> Iterator[list[int]]:
    """Sample a process's resident memory ten times a second."""
    seen, stop = [rss_bytes(pid)], threading.Event()

    def sample() -> None:
        while not stop.wait(0.1):
            seen.append(rss_bytes(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def rss_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kind_of(disk: Path) -> str:
    return "a memory disk" if disk == MEMORY_DISK else "the disk"
