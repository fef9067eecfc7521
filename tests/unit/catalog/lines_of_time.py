"""Segments put into a catalog without any files, and a naive model of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete

from backend.catalog import segments
from backend.catalog.database import Database
from backend.catalog.gaps import Stretch
from backend.catalog.models import Camera, Segment, Video
from backend.catalog.videos import add as add_video
from backend.catalog.videos import row_of
from backend.disk.sidecar import LocalFacts, Sidecar, VideoFacts

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
OTHER = "223e4567-e89b-12d3-a456-426614174000"
# Half a minute before midnight, UTC.
START = datetime(2025, 1, 23, 23, 59, 30, tzinfo=UTC)


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def stretch(start: float, end: float) -> Stretch:
    return Stretch(at(start), at(end))


def document(bounds: Stretch | None, camera_id: str = CAMERA, *, local: str = "present", **facts: Any) -> Sidecar:
    video_id = str(uuid.uuid4())
    own = {
        "id": video_id, "bytes_id": video_id, "project_id": "p", "original_filename": "a.ts",
        "stored_filename": f"{video_id}.ts", "relative_path": f"uploads/project_p/{video_id}.ts",
        "sha256": uuid.uuid4().hex * 2, "size_bytes": 10, "mime_type": "video/mp2t", "camera_id": camera_id,
        "start_at": bounds.start if bounds else None, "end_at": bounds.end if bounds else None,
        "saved_at": START, "updated_at": START,
    }  # fmt: skip
    return Sidecar(video=VideoFacts(**(own | facts)), local=LocalFacts.model_validate({"state": local}))


@dataclass
class Model:
    """`by_id`: what was put in, as it should be found."""

    database: Database
    by_id: dict[str, Stretch] = field(default_factory=dict)

    def put(self, bounds: Stretch, camera_id: str = CAMERA, **facts: Any) -> str:
        doc = document(bounds, camera_id, **facts)
        with self.database.insert() as connection:
            row = row_of(doc)
            add_video(connection, row)
            segments.add(connection, row)
        if camera_id == CAMERA:
            self.by_id[doc.video.id] = bounds
        return doc.video.id

    def put_all(self, every: Iterable[Stretch]) -> None:
        for bounds in every:
            self.put(bounds)

    def overlapping(self, bounds: Stretch) -> list[str]:
        """Every one, looked at on its own."""
        found = [(one, name) for name, one in self.by_id.items() if one.start < bounds.end and one.end > bounds.start]
        return [name for _, name in sorted(found)]


@contextmanager
def emptied(database: Database) -> Iterator[Model]:
    """For each example of a property: nothing of the one before."""
    with database.write() as session:
        for model in (Segment, Camera, Video):
            session.execute(delete(model))
    yield Model(database)
