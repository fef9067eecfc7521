"""`manifest`: every video with its digest and its copies, as one file that outlives this server."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import click

from backend.catalog import lookup
from backend.catalog.describe import status_of
from backend.catalog.listing import Wanted
from backend.catalog.models import DeliveryState, Video
from backend.catalog.types import iso
from backend.cli.main import CallersPath
from backend.cli.opened import opened
from backend.cli.terminal import say
from backend.disk.atomic import fsync_folder
from backend.services import Services

_SCHEMA = 1


@click.command()
@click.option("--output", type=CallersPath(), help="write this file (whole or not at all) instead of to stdout")
@click.option("--sums", is_flag=True, help="lines for `sha256sum -c`, run in the storage folder, instead of JSON")
def manifest(output: Path | None, sums: bool) -> None:
    """Write a JSON manifest of every video with its digest.

    Names, size, SHA-256, place on disk and verified copies of each; those in the trash too.
    """
    with opened() as services:
        lines = _sums(services) if sums else _manifest(services)
        if output is None:
            sys.stdout.writelines(lines)
            return
        write_whole(output, lines)
    say(f"Written: {output.absolute()}")


def _every(services: Services) -> Iterator[Video]:
    return chain(
        lookup.every(services.database, Wanted()),
        lookup.every(services.database, Wanted(state="trashed")),
    )


def _manifest(services: Services) -> Iterator[str]:
    """The document in pieces, so that a million videos need no more memory than one; the totals come last."""
    settings, count, size_bytes = services.settings, 0, 0
    head = {"schema": _SCHEMA, "made_at": iso(datetime.now(UTC)), "node": settings.node_name}
    yield "{\n " + json.dumps(head)[1:-1] + ',\n "videos": ['
    for video in _every(services):
        yield ("," if count else "") + "\n  " + json.dumps(_entry(video))
        count, size_bytes = count + 1, size_bytes + video.size_bytes
    yield f'\n ],\n "count": {count},\n "size_bytes": {size_bytes}\n}}\n'


def _entry(video: Video) -> dict[str, Any]:
    copies = [d for d in video.deliveries if d.state == DeliveryState.DELIVERED]
    return {
        "id": video.id,
        "project_id": video.project_id,
        "original_filename": video.original_filename,
        "relative_path": video.relative_path,
        "sha256": video.sha256 or None,
        "size_bytes": video.size_bytes,
        "saved_at": iso(video.created_at),
        "status": status_of(video),
        "local_state": video.local_state,
        "duplicate_of": video.duplicate_of,
        "copies": [{"target": d.target, "key": d.remote_key, "verified_at": iso(d.verified_at)} for d in copies],
    }


def _sums(services: Services) -> Iterator[str]:
    """Stored names hold nothing that sha256sum would want escaped."""
    here = (video for video in _every(services) if video.local_state == "present" and video.sha256)
    return (f"{video.sha256}  {video.relative_path}\n" for video in here)


def write_whole(output: Path, lines: Iterator[str]) -> None:
    """Temporary file beside it, fsync, rename: a reader sees the old manifest or the new one."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=output.parent, prefix=f".{output.name}.", delete=False
    ) as temporary:
        try:
            temporary.writelines(lines)
            temporary.flush()
            os.fsync(temporary.fileno())
            Path(temporary.name).replace(output)
        except BaseException:
            Path(temporary.name).unlink()
            raise
    fsync_folder(output.parent)
