"""A project goes to the trash whole or not at all, whatever comes between."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog.models import AuditLine
from backend.disk import sidecar
from backend.disk.holds import HoldFacts
from backend.disk.layout import Layout
from backend.disk.sidecar import Sidecar
from backend.errors import Held, NotFound
from tests.services.ledger import VIDEO, Ledger, OpenLedger
from tests.services.sampling import steps
from tests.unit.intake.house import House, killed_at

HOLD = HoldFacts(id="h", reason="court case", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def _with_hold(doc: Sidecar) -> Sidecar:
    return doc.model_copy(update={"holds": (HOLD,)})


def _trashed(ledger: Ledger, ids: list[str]) -> list[bool]:
    return [ledger.video(video_id).trashed_at is not None for video_id in ids]


def test_every_video_goes_and_one_line_of_the_audit_says_so(ledger: Ledger) -> None:
    ids = ledger.add_different(3)
    other = ledger.add(b"other" + VIDEO, project_id="other")
    done = ledger.services.emptier.empty("default", "ann")
    assert (done.videos, done.categories["uploads"].files) == (3, 3)
    assert (_trashed(ledger, ids), _trashed(ledger, [other])) == ([True] * 3, [False])
    with ledger.database.read() as session:
        (line,) = session.scalars(select(AuditLine).where(AuditLine.action == "project.emptied"))
    assert (line.project_id, line.what["videos"]) == ("default", 3)


def test_a_hold_that_only_the_sidecar_knows_brings_all_of_them_back(ledger: Ledger) -> None:
    ids = ledger.add_different(3)
    held = ledger.video(ids[1])
    sidecar.change(ledger.services.layout, held.relative_path, held.id, _with_hold)
    with pytest.raises(Held) as refused:
        ledger.services.emptier.empty("default", "ann")
    assert refused.value.detail["videos"][0]["video_id"] == held.id
    assert _trashed(ledger, ids) == [False] * 3
    assert ledger.services.emptier.finish_interrupted() == 0


def test_a_held_video_that_lies_in_the_trash_already_keeps_nobody(ledger: Ledger) -> None:
    ids = ledger.add_different(2)
    ledger.services.trash.throw_away(ids[0], "ann")
    ledger.services.holder.hold(ids[0], "court case")
    assert ledger.services.emptier.empty("default", "ann").videos == 1


def test_an_unknown_project_is_told_apart_from_an_empty_one(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.services.emptier.empty("never", "ann")
    ledger.add()
    ledger.services.emptier.empty("default", "ann")
    assert ledger.services.emptier.empty("default", "ann").videos == 0


def test_folders_of_what_was_made_go_with_the_last_video(open_ledger: OpenLedger) -> None:
    ledger = open_ledger(TRASH_DAYS="0")
    layout: Layout = ledger.services.layout
    for video_id in ledger.add_different(2):
        pictures = layout.pictures_of(ledger.video(video_id).relative_path)
        pictures.mkdir(parents=True)
        (pictures / "thumbnail.jpg").write_bytes(b"x")
    ledger.services.emptier.empty("default", "ann")
    assert ledger.services.trash.purge_due() == 2
    assert list(layout.thumbnails.iterdir()) == []


def test_a_kill_anywhere_ends_with_all_or_none_in_the_trash(tmp_path: Path) -> None:
    template = House.fresh(tmp_path / "template")
    for number in range(2):
        template.upload(VIDEO + bytes([number]), f"{number}.mp4")
    template.close()
    outcomes = set()
    for number in steps(7):
        template.copy_to(tmp_path / f"{number}").close()
        root = tmp_path / f"{number}"
        ended = not killed_at(
            number, root, lambda house: house.services.emptier.empty("default", "ann"), lambda _: None
        )
        house = House.open(root)
        house.sweep()
        house.services.emptier.finish_interrupted()
        outcomes.add(tuple(video.trashed_at is not None for video in house.listed()))
        house.check()
        house.close()
        if ended:
            break
    assert outcomes == {(True, True), (False, False)}
