"""Existing videos for a target that came later: each is queued once, whoever asks and however often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.catalog.models import Delivery, Video
from backend.disk.sidecar import read_sidecar
from backend.errors import NotFound
from backend.outbox.backfill import Amount, Backfill
from backend.outbox.clock import instant
from tests.unit.intake.house import VIDEO, House


@pytest.fixture
def backfill(tmp_path: Path, database_url: str) -> Iterator[Backfill]:
    (tmp_path / "nas").mkdir()
    targets = tmp_path / "targets.toml"
    targets.write_text(f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{tmp_path / "nas"}"\n')
    before = House.fresh(tmp_path / "house", DATABASE_URL=database_url)
    for number in range(12):
        before.upload(VIDEO + bytes([number]), f"{number}.mp4")
    before.close()
    house = House.open(tmp_path / "house", DATABASE_URL=database_url, TARGETS_FILE=str(targets))
    services = house.services
    yield Backfill(services.database, services.layout, services.places, services.log)
    house.close()


def queued(backfill: Backfill) -> int:
    with backfill.database.read() as session:
        return session.scalar(select(func.count()).select_from(Delivery)) or 0


def test_each_video_is_queued_once_though_several_ask_at_once(backfill: Backfill) -> None:
    threads = [threading.Thread(target=backfill.enqueue, args=("nas",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert queued(backfill) == 12
    assert backfill.count("nas") == Amount(0, 0)
    for sidecar in backfill.layout.uploads.rglob("*.json"):
        assert [d.target for d in read_sidecar(sidecar).deliveries] == ["nas"]


def test_a_stop_in_the_middle_is_made_good_by_the_next_call(
    backfill: Backfill, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(100))

    def interrupted(session: Session) -> datetime:
        if next(moments) == 5:
            raise KeyboardInterrupt
        return instant(session)

    with monkeypatch.context() as patch:
        patch.setattr("backend.outbox.backfill.instant", interrupted)
        with pytest.raises(KeyboardInterrupt):
            backfill.enqueue("nas")
    assert queued(backfill) == 5
    assert backfill.enqueue("nas").count == 7
    assert queued(backfill) == 12


def test_only_videos_whose_bytes_are_here_are_queued(backfill: Backfill) -> None:
    with backfill.database.write() as session:
        session.scalars(select(Video).limit(1)).one().local_state = "pruned"
    assert backfill.count("nas").elsewhere == 1
    assert backfill.enqueue("nas").count == 11


def test_an_unknown_target_is_refused(backfill: Backfill) -> None:
    with pytest.raises(NotFound):
        backfill.enqueue("moon")


def test_to_a_vms_only_recordings_are_queued_unless_others_are_named(backfill: Backfill) -> None:
    with backfill.database.write() as session:
        first, second, *_ = session.scalars(select(Video).order_by(Video.original_filename))
        first.camera_id, first.start_at, first.end_at = "gate", first.created_at, first.updated_at
        second.camera_id, second.project_id = "gate", "garden"
    of_vms = replace(backfill, places=replace(backfill.places, of_recordings=frozenset({"nas"})))
    assert of_vms.count("nas") == Amount(1, len(VIDEO) + 1)
    assert of_vms.count("nas", "garden").count == 1
    assert of_vms.enqueue("nas").count == 1
    assert (of_vms.enqueue("nas", "garden").count, queued(backfill)) == (1, 2)
