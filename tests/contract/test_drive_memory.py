"""Spec 16: large files on their way to Drive take memory by chunk and by how many go at once, not by their size."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from backend.targets.base import Source
from tests.contract.places import MIB

_ROOT = Path(__file__).resolve().parents[2]
_CHUNK_MIB = 16
_AT_ONCE = 2
_LARGE_BYTES = 300 * 10**6


@pytest.fixture
def drive_process() -> Iterator[dict[str, Any]]:
    """The emulator in a process of its own: its memory is not ours."""
    command = [sys.executable, "-m", "tests.services.drive"]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield dict(json.loads(process.stdout.readline()))
        process.terminate()


def _sparse(path: Path, size_bytes: int) -> dict[str, Any]:
    """A source of zeros that takes no room on our own disk, with its MD5 as its name."""
    with path.open("wb") as file:
        file.truncate(size_bytes)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    source = Source(path, size_bytes, sha256, "video/mp4", path.name, path.stem)
    return {**asdict(source), "path": str(path)}


def test_two_large_files_at_once_take_no_more_than_their_chunks_and_32_mib(
    drive_process: dict[str, Any], tmp_path: Path
) -> None:
    sizes = [1000, 6 * MIB, _LARGE_BYTES, _LARGE_BYTES]
    table = {
        "name": "drive", "kind": "drive", "credentials": drive_process["service_account_file"],
        "folder_id": drive_process["folder_id"], "root_url": drive_process["root_url"], "chunk_mib": _CHUNK_MIB,
    }  # fmt: skip
    sources = [_sparse(tmp_path / f"{number}.mp4", size) for number, size in enumerate(sizes)]
    job = tmp_path / "job.json"
    job.write_text(json.dumps({"table": table, "sources": sources, "at_once": _AT_ONCE}))

    command = [sys.executable, "-m", "tests.contract.puts_process", str(job)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120, check=True)

    told = json.loads(done.stdout)
    with (tmp_path / "2.mp4").open("rb") as file:
        md5 = hashlib.file_digest(file, "md5").hexdigest()
    assert told["md5s"] == [md5, md5]
    assert told["grown_kib"] < (32 + _CHUNK_MIB * _AT_ONCE) * 1024
