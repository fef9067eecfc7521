"""What the catalog tells those who watch: the same cost for ten videos and for a million."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from backend.catalog.database import Database
from backend.catalog.figures import _segments, picture
from backend.catalog.models import Camera, Segment, Video
from backend.disk.sidecar import DeliveryFacts
from tests.unit.catalog.test_listing import add, document

_NOON = datetime(2025, 1, 23, 12, tzinfo=UTC)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def database(database_url: str) -> Database:
    return Database(database_url)


def test_no_figure_reads_every_video_copy_or_job(database: Database) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, parameters: Any, _x: Any, _m: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    picture(database, ["drive", "nas"], ["drive", "nas"], [], 10)
    event.remove(database.engine, "before_cursor_execute", note)
    assert len(asked) < 30
    with database.read() as session:
        for statement, parameters in asked:
            rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plan = [row[-1] for row in rows]
            # An index of the few that are meant is no reading of all.
            whole = [line for line in plan if re.match(r"SCAN (videos|deliveries|media_jobs|webhook_deliveries)", line)]
            assert [line for line in whole if "INDEX" not in line] == [], statement
    database.close()


def test_cameras_beyond_the_most_are_told_together(database: Database) -> None:
    with database.write() as session:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        for camera in range(4):
            for number in range(camera + 1):
                _segment(session, camera, number)
    with database.read() as session:
        found = _segments(session, 2)
    assert list(found.values()) == [4, 3, 3]
    assert "" in found
    database.close()


def _segment(session: Session, camera: int, number: int) -> None:
    camera_id, key = f"123e4567-e89b-12d3-a456-42661417400{camera}", f"{camera:018d}{number:018d}"
    session.merge(Camera(id=camera_id, longest_seconds=60, created_at=_NOON))
    session.add(
        Video(
            id=key, project_id="", original_filename="a", stored_filename=key, relative_path=key, sha256="",
            size_bytes=1, mime_type="", bytes_id=key, created_at=_NOON, updated_at=_NOON, name_key="",
        )
    )  # fmt: skip
    session.flush()
    session.add(
        Segment(
            id=key, camera_id=camera_id, start_time=_NOON, end_time=_NOON, duration_seconds=1, size_bytes=1,
            storage_backend="MINIO", storage_path=key, created_at=_NOON, video_id=key, project_id="",
        )
    )  # fmt: skip


def test_what_ended_at_a_required_target_is_no_unsafe_video(database: Database) -> None:
    """Else an alarm about what is meant to be gone would last for ever."""
    every = list(itertools.product(("delivered", "deleted", "pending", "failed", ""), repeat=2))
    for number, states in enumerate(every):
        named = zip(("nas", "drive"), states, strict=True)
        add(database, document(number, deliveries=[DeliveryFacts(target=t, state=s) for t, s in named if s]))
    wanted = sum(not set(states) <= {"delivered", "deleted"} for states in every)
    assert picture(database, ["drive", "nas"], ["drive", "nas"], [], 10).unsafe == wanted == 21
    assert picture(database, ["drive", "nas"], ["nas"], [], 10).unsafe == 15
