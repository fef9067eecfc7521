"""The way of what a job made into the video's own folders, and what is known of it there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.catalog.media import Planned
from backend.catalog.media_claims import JobClaim
from backend.catalog.models import MediaJob
from backend.disk import made
from backend.disk.layout import Layout
from backend.media.kinds import KINDS


def publish(layout: Layout, claim: JobClaim, scratch: Path, result: dict[str, Any]) -> None:
    """Put everything that lies in `scratch` into its place. What was there under these names is replaced."""
    folder = KINDS[claim.kind].folder(layout, claim.relative_path)
    note = (_key(claim.kind, claim.parameters), result)
    made.keep(layout, claim.relative_path, claim.video_id, scratch, folder, note)


def remove(layout: Layout, relative_path: str, video_id: str, job: MediaJob) -> None:
    """Remove what one conversion made: its file, or the folder that this lies in."""
    place = KINDS[job.kind].folder(layout, relative_path) / Path(job.result["file"]).parts[0]
    made.remove(layout, relative_path, video_id, place, _key(job.kind, job.parameters))


def found(layout: Layout, relative_path: str) -> Iterator[tuple[Planned, dict[str, Any]]]:
    """What lies on disk already, whole, of the kinds that this version knows."""
    for key, result in made.notes(layout, relative_path).items():
        kind, _, parameters = key.partition(" ")
        if kind in KINDS and isinstance(result, dict) and _is_there(layout, relative_path, kind, result):
            yield KINDS[kind].planned(kind, parameters), result


def is_whole(layout: Layout, relative_path: str, job: MediaJob) -> bool:
    """Whether all files that a job made are where it put them."""
    return _is_there(layout, relative_path, job.kind, job.result)


def _is_there(layout: Layout, relative_path: str, kind: str, result: dict[str, Any]) -> bool:
    folder = KINDS[kind].folder(layout, relative_path)
    return all((folder / name).is_file() for name in _files_of(result))


def _files_of(result: dict[str, Any]) -> Iterator[str]:
    for name, value in result.items():
        if name == "file":
            yield str(value)
        elif name == "sheets":
            yield from map(str, value)
        elif isinstance(value, dict):
            yield from _files_of(value)


def _key(kind: str, parameters: str) -> str:
    return f"{kind} {parameters}".strip()
