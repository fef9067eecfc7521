"""Retention of segments by camera: a rule that names one meets its recordings and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog import segments
from backend.catalog.gaps import Stretch
from backend.catalog.models import Segment
from backend.errors import Held
from backend.intake.receive import Caller
from backend.intake.segment_wish import read_wish
from backend.retention.rules import Retention, Rule
from tests.services.ledger import VIDEO, Ledger, OpenLedger

GATE = "123e4567-e89b-12d3-a456-426614174000"
TIMES = {"start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
YARD = "223e4567-e89b-12d3-a456-426614174000"


@pytest.fixture
def ledger(open_ledger: OpenLedger) -> Ledger:
    return open_ledger(TRASH_DAYS="0")


def keep(ledger: Ledger, *rules: Rule) -> None:
    s, retention = ledger.services, Retention(rules)
    ledger.services = replace(s, retention=retention, trash=replace(s.trash, retention=retention))


def record(ledger: Ledger, camera_id: str, days_ago: float) -> str:
    content = VIDEO + f"{camera_id} {days_ago}".encode()
    video_id = ledger.add(content, "a.mp4", camera_id=camera_id, **TIMES)
    ledger.age(video_id, days_ago)
    return video_id


def listed(ledger: Ledger) -> set[str]:
    with ledger.database.read() as session:
        return set(session.scalars(select(Segment.video_id).where(Segment.is_listed)))


@pytest.mark.parametrize("pattern", [GATE, GATE.upper(), "123e*"])
def test_a_rule_of_a_camera_expires_its_old_segments_only(ledger: Ledger, pattern: str) -> None:
    old, new = record(ledger, GATE.upper(), 31), record(ledger, GATE, 3)
    other = record(ledger, YARD, 31)
    ordinary = ledger.add()
    ledger.age(ordinary, 31)
    keep(ledger, Rule("the gate", cameras=(pattern,), expire_after_days=30))
    assert [done.video_id for done in ledger.services.housekeeper.run()] == [old]
    assert listed(ledger) == {new, other}
    assert ledger.services.trash.purge_due() == 1
    assert not ledger.path(old).exists()
    assert listed(ledger) == {new, other}
    with ledger.database.read() as session:
        bounds = Stretch(*(getattr(ledger.video(new), name) for name in ("start_at", "end_at")))
        assert [one.id for one in segments.overlapping(session, GATE, bounds)] == [new]


def test_a_held_segment_outlives_the_rule_of_its_camera(ledger: Ledger) -> None:
    held = record(ledger, GATE, 31)
    ledger.services.holder.hold(held, "court")
    keep(ledger, Rule("the gate", cameras=(GATE,), expire_after_days=30))
    assert [done.decision.action for done in ledger.services.housekeeper.run()] == []
    assert listed(ledger) == {held}
    with pytest.raises(Held):
        ledger.services.trash.throw_away(held, "ann")


def test_a_recorder_s_own_file_stays_when_its_segment_is_purged(open_ledger: OpenLedger, tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    ledger = open_ledger(TRASH_DAYS="0", SEGMENT_ROOTS=str(folder), SEGMENT_ADOPT="link")
    path = folder / "a.ts"
    path.write_bytes(VIDEO)
    told = {"camera_id": GATE, "file_path": str(path), **TIMES}
    done = ledger.services.registrar.register(read_wish(told, datetime.now(UTC)), Caller("t-ann", "ann"))
    video_id = done.video_id
    ledger.services.trash.throw_away(video_id, "ann")
    assert ledger.services.trash.purge_due() == 1
    assert not ledger.path(video_id).exists()
    assert path.read_bytes() == VIDEO
