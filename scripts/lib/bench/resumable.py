"""The resumable doors beside the tus servers of others: speed of one large file, and memory."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

from scripts.lib.bench.client import Client
from scripts.lib.bench.measure import MEMORY_DISK, MIB, Result, kind_of, peak_of, rss_bytes, source_file
from scripts.lib.bench.servers import Server, holdfast
from scripts.lib.bench.tus_servers import tus_server, versions

_OURS = {"tus": "/files/", "tus, in the creation": "/files/", "IETF": "/uploads", "PUT": "/uploads"}
_OTHERS = ("@tus/server", "tuspyserver")


def resumable(client: Client, size_bytes: int, rounds: int) -> Result:
    """One large file by each resumable door on a memory disk, in MB/s: ours with SHA-256 and fsync."""
    result = Result(f"One resumable upload of {size_bytes // MIB} MiB on a memory disk", "MB/s")
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(source_file(MEMORY_DISK, min(size_bytes, 256 * MIB)))
        ours = stack.enter_context(holdfast(MEMORY_DISK, workers=1, threads=8))
        others = [stack.enter_context(tus_server(name, MEMORY_DISK)) for name in _OTHERS]
        for number in range(rounds + 1):
            for server, way in _turns(ours, others):
                seconds = client.resumable(server, way, source, size_bytes)
                server.forget_files()
                if number:  # the first round warms up
                    result.figures.setdefault(f"{server.name}, {_words(way)}", []).append(size_bytes / seconds / 1e6)
    result.note = f"the others, without hash and fsync: {versions()}"
    return result


def resumable_memory(client: Client, size_bytes: int, disk: Path) -> Result:
    """How much the web process grows while it takes one upload by tus, in MiB of resident memory."""
    result = Result(f"Growth of the web process during one tus upload of {size_bytes / 1024**3:.1f} GiB", "MiB")
    with source_file(MEMORY_DISK, 64 * MIB) as source, holdfast(disk, workers=1, threads=8) as server:
        door = replace(server, door=_OURS["tus"])
        client.resumable(door, "tus", source, 64 * MIB)
        server.forget_files()
        pid = server.worker_pids()[0]
        before = rss_bytes(pid)
        with peak_of(pid) as peak:
            seconds = client.resumable(door, "tus", source, size_bytes)
        result.figures[server.name] = [(max(peak) - before) / MIB]
        result.note = f"{before / MIB:.0f} MiB before; {size_bytes / seconds / 1e6:.0f} MB/s to {kind_of(disk)}"
    return result


def _turns(ours: Server, others: list[Server]) -> list[tuple[Server, str]]:
    """Who sends what in one round."""
    doors = [(replace(ours, door=door), way) for way, door in _OURS.items()]
    return doors + [(server, way) for server in others for way in _OURS if way.startswith("tus")]


def _words(way: str) -> str:
    return {
        "tus": "tus: creation, one PATCH",
        "tus, in the creation": "tus: creation with upload",
        "IETF": "IETF: one POST",
        "PUT": "plain PUT",
    }[way]
