"""Cameras: what is told of each is what its listed segments are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from backend.catalog import cameras
from backend.catalog.database import Database
from backend.catalog.migrate import migrate
from backend.catalog.models import Video
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import NotFound
from tests.unit.catalog.lines_of_time import CAMERA, OTHER, START, Model, at, stretch


@pytest.fixture
def model(database_url: str) -> Iterator[Model]:
    database = Database(database_url)
    yield Model(database)
    database.close()


def test_cameras_are_told_with_their_listed_segments(model: Model) -> None:
    model.put(stretch(10, 20), size_bytes=5)
    model.put(stretch(0, 5), size_bytes=7, project_id="q")
    trashed = model.put(stretch(50, 60))
    model.put(stretch(0, 1), OTHER)
    with model.database.write() as session:
        session.execute(update(Video).where(Video.id == trashed).values(trashed_at=START))
        cameras.rename(session, OTHER, "Gate")
    with model.database.read() as session:
        unnamed, gate = cameras.every(session, EVERYTHING)
        (mine,) = cameras.every(session, Scope(frozenset({"q"})))
    assert (unnamed.camera_id, unnamed.segments, unnamed.bytes) == (CAMERA, 2, 12)
    assert (unnamed.first_at, unnamed.last_at) == (at(0), at(20))
    assert (gate.camera_id, gate.name) == (OTHER, "Gate")
    assert (mine.segments, mine.bytes, mine.first_at) == (1, 7, at(0))


@pytest.mark.parametrize("camera_id", [OTHER, "gate", ""])
def test_a_camera_of_which_nothing_is_seen_is_not_there(model: Model, camera_id: str) -> None:
    model.put(stretch(0, 1))
    model.put(stretch(0, 1), OTHER, project_id="q")
    with model.database.read() as session, pytest.raises(NotFound):
        cameras.one(session, camera_id, Scope(frozenset({"p"})))


def test_a_camera_is_found_however_its_id_is_written(model: Model) -> None:
    model.put(stretch(0, 1))
    with model.database.read() as session:
        assert cameras.one(session, f"{{{CAMERA.upper()}}}", EVERYTHING).camera_id == CAMERA


def test_names_come_back_out_of_a_backup_where_there_are_none_now(model: Model, tmp_path: Path) -> None:
    migrate(url := f"sqlite:///{tmp_path / 'backup.db'}")
    old = Database(url)
    Model(old).put(stretch(0, 1))
    Model(old).put(stretch(0, 1), OTHER)
    model.put(stretch(0, 1))
    model.put(stretch(0, 1), OTHER)
    for database, camera_id, name in ((old, CAMERA, "Gate"), (old, OTHER, "Yard"), (model.database, OTHER, "Court")):
        with database.write() as session:
            cameras.rename(session, camera_id, name)
    with old.look() as before, model.database.insert() as now:
        assert cameras.bring_back_names(before, now) == 1
    old.close()
    with model.database.read() as session:
        assert {one.camera_id: one.name for one in cameras.every(session, EVERYTHING)} == {
            CAMERA: "Gate",
            OTHER: "Court",
        }
