"""The manifest of an export: what was asked, what is given, where each second comes from, what is missing. Signed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backend.catalog.export_claims import ExportClaim
from backend.catalog.gaps import Stretch
from backend.catalog.types import iso
from backend.exports.making import CameraFindings
from backend.exports.wish import Problem, Recording, Wish

TYPE, VERSION = "holdfast-export", 1


@dataclass(frozen=True)
class Content:
    """One file of the result as it was made: before a manifest was put behind or beside it."""

    path: Path
    name: str
    camera_id: str | None
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Origin:
    """Who made it, where, and with what. `holdfast`, `ffmpeg`: their versions."""

    node: str
    holdfast: str
    ffmpeg: str
    created_at: datetime
    completed_at: datetime


def payload(
    claim: ExportClaim,
    wish: Wish,
    recordings: Sequence[Recording],
    cameras: Sequence[CameraFindings],
    files: Sequence[Content],
    origin: Origin,
) -> dict[str, Any]:
    """What is signed. Times are UTC to the microsecond."""
    by_id = {one.segment_id: one for one in recordings}
    return {
        "type": TYPE,
        "version": VERSION,
        "id": claim.id,
        "requester": claim.requester,
        "reason": claim.reason,
        "asked": _range(claim.bounds) | {"camera_ids": list(claim.camera_ids)},
        "format": wish.format,
        "cut": wish.cut,
        "layout": wish.layout,
        "slate": wish.slate,
        "incomplete": wish.incomplete,
        "partial": any(one.lacking for one in cameras),
        "cameras": [_camera(one, wish, by_id) for one in cameras],
        "files": [
            {"name": one.name, "camera_id": one.camera_id, "size_bytes": one.size_bytes, "sha256": one.sha256}
            for one in files
        ],
        "made": {
            "node": origin.node,
            "holdfast": origin.holdfast,
            "ffmpeg": origin.ffmpeg,
            "created_at": exact(origin.created_at),
            "completed_at": exact(origin.completed_at),
        },
    }


def findings(cameras: Sequence[CameraFindings]) -> dict[str, Any]:
    """What of it is told with the export itself."""
    return {
        "bounds": [
            {
                "camera_id": one.camera_id,
                "asked": _told(one.asked),
                "given": _told(one.given) if one.given else None,
                "encoded": one.encoded,
                "why_encoded": one.why_encoded,
            }
            for one in cameras
        ],
        "gaps": [{"camera_id": one.camera_id} | _told(gap) for one in cameras for gap in one.gaps],
        "problems": [told | _told(problem.bounds) for one in cameras for problem, told in _problems(one)],
    }


def payload_of(signed: str) -> dict[str, Any]:
    """What a manifest says, unchecked: for one that we signed ourselves."""
    text = signed.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def exact(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _camera(one: CameraFindings, wish: Wish, by_id: Mapping[str, Recording]) -> dict[str, Any]:
    return {
        "camera_id": one.camera_id,
        "name": dict(wish.names).get(one.camera_id, ""),
        "asked": _range(one.asked),
        "given": _range(one.given) if one.given else None,
        "stretches": [_range(stretch) for stretch in one.stretches],
        "gaps": [_range(gap) for gap in one.gaps],
        "encoded": one.encoded,
        "why_encoded": one.why_encoded,
        "problems": [told | _range(problem.bounds) for problem, told in _problems(one)],
        "sources": [_source(by_id[used.segment_id], used.bounds) for used in one.sources],
    }


def _source(recording: Recording, used: Stretch) -> dict[str, Any]:
    return {
        "segment_id": recording.segment_id,
        "filename": recording.filename,
        "sha256": recording.sha256,
        "size_bytes": recording.size_bytes,
        **_range(recording.bounds),
        "used": _range(used),
    }


def _problems(one: CameraFindings) -> Iterator[tuple[Problem, dict[str, Any]]]:
    """Each, and what is told of it but for its bounds. `covered`: another recording shows that time."""
    lacking = one.lacking
    for problem in one.problems:
        yield problem, _problem(problem) | {"covered": problem not in lacking}


def _problem(one: Problem) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "camera_id": one.camera_id,
        "segment_id": one.segment_id,
        "filename": one.filename,
        "words": one.words,
    }


def _range(stretch: Stretch) -> dict[str, Any]:
    return {"start": exact(stretch.start), "end": exact(stretch.end)}


def _told(stretch: Stretch) -> dict[str, Any]:
    return {"start": iso(stretch.start), "end": iso(stretch.end)}
