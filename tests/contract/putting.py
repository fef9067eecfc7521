"""Starts put_process.py, so that a put can be killed, traced or measured from outside."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.targets.base import Source

_ROOT = Path(__file__).resolve().parents[2]


def _files(source: Source, name: str) -> tuple[Path, Path]:
    return source.path.with_name(f"{name}.job"), source.path.with_name(f"{name}.state")


@contextmanager
def putting(
    table: Mapping[str, Any],
    source: Source,
    key: str,
    name: str,
    *,
    stop_at_bytes: int | None = None,
    quiet: bool = False,
    under: Sequence[str] = (),
) -> Iterator[subprocess.Popen[str]]:
    """Run a put in a process of its own, killed at the end of the block. `under` is a command that runs it."""
    job, state = _files(source, name)
    settings = {"stop_at_bytes": stop_at_bytes, "quiet": quiet, "state": str(state)}
    plain_source = {**asdict(source), "path": str(source.path)}
    job.write_text(json.dumps({"table": dict(table), "source": plain_source, "key": key, **settings}))
    command = [*under, sys.executable, "-m", "tests.contract.put_process", str(job)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.kill()


def stored_state(source: Source, name: str) -> dict[str, Any]:
    """What the process of that name stored for its next attempt."""
    _, state = _files(source, name)
    return dict(json.loads(state.read_text())) if state.exists() else {}


def wait_until_at(process: subprocess.Popen[str], at_bytes: int) -> None:
    """Return once so many bytes are at the remote, or the process is over."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("at ") and int(line.split()[1]) >= at_bytes:
            return


def last_line(process: subprocess.Popen[str]) -> str:
    """Wait for the end; the last line it wrote."""
    output, _ = process.communicate(timeout=120)
    return output.rstrip().rpartition("\n")[2]
