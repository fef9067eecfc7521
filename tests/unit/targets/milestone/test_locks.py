"""Promises of locks.py: one evidence lock for a held recording, and the right one, whatever is lost or changed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.errors import TargetParked, TransientFailure
from backend.targets.base import RemoteCopy, Source
from tests.contract.transfers import Told
from tests.services.vms.faults import Slow, Status
from tests.services.waiting import wait_until
from tests.unit.targets.milestone.vms_site import House, Kept

LOCK = "POST evidenceLocks"


def arrived(house: House, source: Source | None = None) -> RemoteCopy:
    return house.target().put(source or house.source(), "p/a.mp4", Told())


def locks(house: House) -> list[str]:
    return [one.id for one in house.vms.every("evidenceLocks")]


def test_a_lock_whose_answer_was_lost_is_not_asked_for_again_where_nobody_can_look_for_it(house: House) -> None:
    target, copy = house.target(), arrived(house)
    house.vms.faults.lose_reply(LOCK)
    with pytest.raises(TransientFailure):
        target.hold(copy, "x")
    for _ in range(2):
        with pytest.raises(TargetParked, match=f"evidence locks whether {copy.proof['video_id']} is there"):
            target.hold(copy, "x")
    assert (len(locks(house)), len(house.vms.called(LOCK))) == (1, 1)
    # Who looks for it finds it by that, wherever the Smart Client looks.
    assert copy.proof["video_id"] in house.vms.every("evidenceLocks")[0].fields["description"]


def test_it_stays_told_after_the_hold_until_somebody_has_looked_and_then_one_is_made(house: House) -> None:
    target, copy = house.target(), arrived(house)
    house.vms.faults.lose_reply(LOCK)
    with pytest.raises(TransientFailure):
        target.hold(copy, "x")
    for _ in range(2):
        with pytest.raises(TargetParked, match="may still have an evidence lock of a hold that is over"):
            target.let_go(copy)
    house.vms.world.remove(house.vms.every("evidenceLocks")[0])
    held = target.hold(copy, "x")
    assert locks(house) == [held.proof["lock_id"]]
    assert target.let_go(held) == copy
    assert locks(house) == []


@pytest.mark.parametrize("silent", [False, True], ids=["lost", "without an id"])
def test_where_locks_are_listed_one_that_nobody_heard_of_is_found_by_its_reference(house: House, silent: bool) -> None:
    house.vms.faults.lists_locks = True
    target, copy = house.target(), arrived(house)
    if silent:
        house.vms.faults.add(Status(200, done=True), LOCK)
    else:
        house.vms.faults.lose_reply(LOCK)
        with pytest.raises(TransientFailure):
            target.hold(copy, "x")
    held = target.hold(copy, "x")
    assert locks(house) == [held.proof["lock_id"]]
    assert len(house.vms.called(LOCK)) == 1


def test_where_locks_are_listed_one_that_nobody_heard_of_is_released(house: House) -> None:
    house.vms.faults.lists_locks = True
    target, copy = house.target(), arrived(house)
    house.vms.faults.lose_reply(LOCK)
    with pytest.raises(TransientFailure):
        target.hold(copy, "x")
    target.let_go(copy)
    assert locks(house) == []


def test_a_lock_without_an_id_is_not_made_again_at_every_turn(house: House) -> None:
    target, copy = house.target(), arrived(house)
    house.vms.faults.add(Status(200, done=True), LOCK, times=None)
    for _ in range(3):
        with pytest.raises(TargetParked, match="did not tell whether it made one"):
            target.hold(copy, "x")
    assert len(locks(house)) == 1


def test_what_was_refused_was_not_made_and_is_asked_for_again(house: House) -> None:
    target, copy = house.target(), arrived(house)
    house.vms.faults.add(Status(429), LOCK)
    with pytest.raises(TransientFailure):
        target.hold(copy, "x")
    assert [target.hold(copy, "x").proof["lock_id"]] == locks(house)


def test_a_gateway_that_waited_too_long_has_said_nothing_of_what_was_made(house: House) -> None:
    target, copy = house.target(), arrived(house)
    house.vms.faults.add(Status(408, done=True), LOCK)
    with pytest.raises(TransientFailure):
        target.hold(copy, "x")
    with pytest.raises(TargetParked, match="did not tell whether it made one"):
        target.hold(copy, "x")
    assert len(locks(house)) == 1


def test_two_workers_at_once_make_one_lock(house: House) -> None:
    """Such as when the first one's lease ran out while the VMS was slow."""
    first, second, copy, notes = house.target(), house.target(), arrived(house), Kept()
    first.take_notes_in(notes)
    second.take_notes_in(notes)
    slow = Slow(60)
    house.vms.faults.add(slow, LOCK)
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(first.hold, copy, "x")
        wait_until(lambda: house.vms.called(LOCK), "the first worker to ask")
        with pytest.raises(TargetParked):
            second.hold(copy, "x")
        slow.let_go.set()
        assert [held.result(60).proof["lock_id"]] == locks(house)
    assert second.hold(copy, "x") == held.result()
    assert len(locks(house)) == 1


def test_a_copy_on_a_new_camera_is_not_called_locked_and_gets_a_lock_of_its_own(house: House) -> None:
    target, source = house.target(), house.source()
    held = target.hold(target.put(source, "p/a.mp4", Told()), "x")
    house.vms.world.remove(house.vms.every("hardware")[0])
    moved = target.put(source, "p/a.mp4", Told())
    assert moved.proof["vms_camera_id"] != held.proof["vms_camera_id"]
    assert moved.proof["lock_id"] == ""
    again = target.hold(moved, "x")
    assert locks(house) == [again.proof["lock_id"]] != [held.proof["lock_id"]]
    [lock] = house.vms.every("evidenceLocks")
    assert lock.fields["devicePaths"] == [{"type": "cameras", "id": moved.proof["vms_camera_id"]}]


def test_a_lock_that_somebody_made_shorter_is_replaced(house: House) -> None:
    target = house.target()
    held = target.hold(arrived(house), "x")
    lock = house.vms.every("evidenceLocks")[0]
    lock.fields["endTime"] = lock.fields["startTime"]
    again = target.hold(held, "x")
    assert locks(house) == [again.proof["lock_id"]] != [lock.id]
