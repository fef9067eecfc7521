"""A recorder's folder and an installation that takes files from it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.catalog.models import Segment
from backend.intake.receive import Caller
from backend.intake.segment_wish import Wish, read_wish
from backend.intake.segments import Registered
from tests.unit.intake.house import ANN, VIDEO, House

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
SHA256 = hashlib.sha256(VIDEO).hexdigest()
TIMES: dict[str, Any] = {"start_time": "2025-01-23T11:00:00Z", "end_time": "2025-01-23T12:00:00Z"}


@dataclass
class Recorder:
    house: House
    folder: Path

    @classmethod
    def beside(cls, build: Callable[..., House], folder: Path, **env: str) -> Recorder:
        folder.mkdir(parents=True, exist_ok=True)
        return cls(build(SEGMENT_ROOTS=str(folder), **env), folder)

    def file(self, name: str = "a.ts", content: bytes = VIDEO) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def register(self, path: Path | str, caller: Caller = ANN, **fields: Any) -> Registered:
        return self.house.services.registrar.register(wish(path, **fields), caller)

    def segment(self, video_id: str) -> Segment:
        with self.house.services.database.read() as session:
            return session.scalars(select(Segment).where(Segment.video_id == video_id)).one()


def wish(path: Path | str, **fields: Any) -> Wish:
    return read_wish(body(path, **fields), datetime.now(UTC))


def body(path: Path | str, **fields: Any) -> Mapping[str, Any]:
    times = {"start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
    return {"camera_id": CAMERA, "file_path": str(path), **times, **fields}


def hash_all(recorder: Recorder) -> int:
    """As the worker does; how many were hashed."""
    return recorder.house.services.hasher.run_due()
