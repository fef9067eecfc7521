"""Deliveries to a local stand-in of Google Drive, against Google's own client: speed and memory."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.lib.bench.measure import MEMORY_DISK, MIB, Result
from scripts.lib.bench.servers import ROOT

_LATENCY_SECONDS = 0.05
_THREADS = 4
_NAMES = {"ours": "Holdfast", "sdk": "google-api-python-client, file by file"}


def drive_large(size_bytes: int, rounds: int) -> Result:
    """One large file, in MB/s: ours verifies it too."""
    result = Result(f"One file of {size_bytes // MIB} MiB to a local Drive, chunks of 16 MiB", "MB/s")
    with _bench(1, size_bytes) as (files, drive):
        for number in range(rounds + 1):
            for who, name in _NAMES.items():
                told = _send(drive, who, files, f"large-{number}", threads=1)
                if number:
                    result.figures.setdefault(name, []).append(size_bytes / told["seconds"] / 1e6)
    return result


def drive_small(count: int, rounds: int) -> Result:
    """Many small files against a Drive that takes 50 ms for each request, per second."""
    words = f"{count} files of 100 kB to a local Drive that needs {_LATENCY_SECONDS * 1000:.0f} ms for each request"
    result = Result(f"{words} ({_THREADS} at once)", "files/s")
    with _bench(count, 100_000, latency_seconds=_LATENCY_SECONDS) as (files, drive):
        for number in range(rounds):
            for who, name in _NAMES.items():
                told = _send(drive, who, files, f"small-{number}", threads=_THREADS)
                result.figures.setdefault(name, []).append(count / told["seconds"])
    return result


def drive_memory(size_bytes: int) -> Result:
    """How much the sending process grows, in MiB, with four large files at once."""
    result = Result(
        f"Growth of the worker during {_THREADS} deliveries of {size_bytes // MIB} MiB at once to Drive", "MiB"
    )
    with _bench(_THREADS, size_bytes) as (files, drive):
        told = _send(drive, "ours", files, "memory", threads=_THREADS)
    result.figures["Holdfast"] = [(told["peak_kib"] - told["before_kib"]) / 1024]
    result.note = f"{told['before_kib'] / 1024:.0f} MiB before"
    return result


def _send(drive: dict[str, Any], who: str, files: list[str], name: str, *, threads: int) -> dict[str, Any]:
    table = {
        "name": "drive",
        "kind": "drive",
        "credentials": drive["service_account_file"],
        "folder_id": drive["folder_id"],
        "root_url": drive["root_url"],
    }
    with tempfile.NamedTemporaryFile("w", suffix=".json") as job:
        json.dump({"who": who, "files": files, "warm_up": drive["warm_up"], "name": name, "threads": threads,
                   "table": table}, job)  # fmt: skip
        job.flush()
        command = [sys.executable, "-m", "scripts.lib.bench.drive_sender", job.name]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@contextlib.contextmanager
def _bench(count: int, size_bytes: int, latency_seconds: float = 0) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Files to send, and the stand-in in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=MEMORY_DISK) as folder:
        files = [_file(Path(folder, f"{n}.mp4"), size_bytes) for n in range(count)]
        warm_up = _file(Path(folder, "warm-up.mp4"), 1000)
        command = [sys.executable, "-m", "tests.services.drive", "--latency-seconds", str(latency_seconds)]
        environ = {**os.environ, "TMPDIR": folder}
        with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield files, {**json.loads(process.stdout.readline()), "warm_up": warm_up}
            finally:
                process.terminate()


def _file(path: Path, size_bytes: int) -> str:
    path.write_bytes(os.urandom(size_bytes))
    return str(path)
