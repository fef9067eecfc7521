"""Promises of bookmarks, events and evidence locks at the emulated VMS: one of each, whatever is lost on the way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.errors import TargetParked, TransientFailure
from tests.contract.transfers import Told
from tests.services.vms import tags
from tests.services.vms.faults import Status
from tests.unit.targets.milestone.vms_site import House, Kept, made_by

BOOKMARK, EVENT = "POST bookmarks", "POST events"


def test_a_bookmark_whose_answer_was_lost_is_found_by_its_reference(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.lose_reply(BOOKMARK)
    with pytest.raises(TransientFailure):
        target.put(source, "p/a.mp4", transfer)
    copy = target.put(source, "p/a.mp4", transfer)
    assert [one.id for one in house.vms.every("bookmarks")] == [copy.proof["bookmark_id"]]


def test_where_bookmarks_cannot_be_looked_for_there_is_rather_none_than_two(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.add(Status(400), "POST bookmarks?task=searchTime", times=None)
    house.vms.faults.lose_reply(BOOKMARK)
    with pytest.raises(TransientFailure):
        target.put(source, "p/a.mp4", transfer)
    copy = target.put(source, "p/a.mp4", transfer)
    assert copy.proof["bookmark_id"] == ""
    assert made_by(house)["bookmarks"] == 1


def test_a_vms_without_bookmarks_is_a_persons_matter_and_can_be_done_without(house: House) -> None:
    source, transfer = house.source(), Told()
    house.vms.faults.add(Status(400), BOOKMARK, times=None)
    with pytest.raises(TargetParked, match="bookmark = false"):
        house.target().put(source, "p/a.mp4", transfer)
    assert house.target(bookmark=False).put(source, "p/a.mp4", transfer).proof["bookmark_id"] == ""


@pytest.mark.parametrize("rich", [False, True])
def test_an_event_tells_camera_link_and_video_where_the_vms_takes_them_and_is_bare_elsewhere(
    house: House, rich: bool
) -> None:
    kind = tags.user_defined_event(house.vms.world, {"name": "Arrived"})
    house.vms.faults.rich_events = rich
    source = house.source()
    house.target(event=" arrived", link="https://video.example.org").put(source, "p/a.mp4", Told())
    (event,) = house.vms.every("events")
    assert event.fields["type"] == kind.id
    if not rich:
        assert event.fields.keys() == {"type", "time", "timestamp"}
        return
    assert event.fields["source"] == f"cameras/{house.vms.cameras[0].id}"
    told = event.fields["data"]
    assert (told["reference"], told["header"]) == (source.video_id, "The yard")
    assert f"https://video.example.org/library?video={source.video_id}" in told["description"].splitlines()


@pytest.mark.parametrize("rich", [False, True])
def test_an_event_is_triggered_once_even_when_its_answer_is_lost(house: House, rich: bool) -> None:
    tags.user_defined_event(house.vms.world, {"name": "Arrived"})
    house.vms.faults.rich_events = rich
    if not rich:
        # The refusal of all but the bare type arrives; what is lost is the answer to that.
        house.vms.faults.add(Status(400), EVENT)
    house.vms.faults.lose_reply(EVENT)
    target, source, transfer = house.target(event="arrived"), house.source(), Told()
    with pytest.raises(TransientFailure):
        target.put(source, "p/a.mp4", transfer)
    target.put(source, "p/a.mp4", transfer)
    assert made_by(house)["events"] == 1


def test_an_event_whose_refusal_was_lost_is_not_asked_for_again(house: House) -> None:
    """Nobody here knows that it was refused, and there is rather none than two."""
    tags.user_defined_event(house.vms.world, {"name": "Arrived"})
    house.vms.faults.lose_reply(EVENT)
    target, source, transfer = house.target(event="arrived"), house.source(), Told()
    with pytest.raises(TransientFailure):
        target.put(source, "p/a.mp4", transfer)
    target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(EVENT)) == 1
    assert made_by(house)["events"] == 0


def test_an_event_that_nobody_made_is_a_persons_matter(house: House) -> None:
    with pytest.raises(TargetParked, match="no user-defined event “Arrived”"):
        house.target(event="Arrived").put(house.source(), "p/a.mp4", Told())


def test_a_hold_is_one_evidence_lock_and_ends_with_it(house: House) -> None:
    target, source = house.target(), house.source()
    target.take_notes_in(Kept())
    copy = target.put(source, "p/a.mp4", Told())
    held = target.hold(copy, "for the court")
    lock = house.vms.every("evidenceLocks")[0]
    assert held == replace(copy, proof={**copy.proof, "lock_id": lock.id})
    assert lock.fields["retentionOption"] == {"retentionType": "Indefinite", "retentionUnits": -1}
    assert lock.fields["reference"] == source.video_id
    assert "for the court" in lock.fields["header"]
    # Whether its id is known from the proof or only from the notes, and after a repair.
    assert target.hold(held, "again") == target.hold(copy, "again") == held
    assert target.put(source, "p/a.mp4", Told()).proof["lock_id"] == lock.id
    assert made_by(house)["evidenceLocks"] == 1
    assert target.let_go(held) == copy
    assert target.let_go(copy) == copy
    assert made_by(house)["evidenceLocks"] == 0
    assert target.hold(copy, "").proof["lock_id"] not in ("", lock.id)


def test_a_lock_that_somebody_removed_is_made_again(house: House) -> None:
    target = house.target()
    held = target.hold(target.put(house.source(), "p/a.mp4", Told()), "x")
    house.vms.world.remove(house.vms.every("evidenceLocks")[0])
    assert target.hold(held, "x").proof["lock_id"] not in ("", held.proof["lock_id"])


def test_an_edition_without_evidence_locks_is_told_and_can_be_done_without(house: House) -> None:
    copy = house.target().put(house.source(), "p/a.mp4", Told())
    house.vms.faults.not_corporate = True
    with pytest.raises(TargetParked, match="XProtect Corporate"):
        house.target().hold(copy, "x")
    assert house.target(evidence_lock=False).hold(copy, "x") == copy
