"""Promises of retrieval.py: one task for one recording, however little the VMS tells of it; and why one is refused."""

from __future__ import annotations

from typing import Any

import pytest

from backend.errors import TargetParked, TransferCancelled, TransientFailure
from backend.targets.base import Source, Verdict
from backend.targets.milestone import retrieval, tasks
from backend.targets.milestone.target import MilestoneTarget
from tests.contract.transfers import Told
from tests.services.drive.replies import Reply
from tests.services.vms.faults import Drop, Status, StuckPull
from tests.services.vms.model import Item, written
from tests.services.waiting import wait_until
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, expected

RETRIEVE = "POST cameras/{id}?task=RetrieveEdgeStorage"


def unheard(house: House, source: Source, transfer: Told) -> tuple[MilestoneTarget, StuckPull]:
    """A retrieval was begun and goes on, and its number never came."""
    house.settle()
    house.vms.faults.lists_tasks = True
    target, stuck = house.target(), house.vms.faults.stuck()
    house.vms.faults.lose_reply(RETRIEVE)
    with pytest.raises(TransientFailure, match="broke the connection"):
        target.put(source, "p/a.mp4", transfer)
    return target, stuck


def ended(house: House, stuck: StuckPull) -> None:
    stuck.let_go.set()
    wait_until(lambda: all(one.fields["progress"] == 100 for one in house.vms.every("tasks")), "the task to end")


@pytest.mark.parametrize("status", [503, 403, 500])
def test_trouble_with_the_list_of_tasks_is_no_leave_to_begin_another(house: House, status: int) -> None:
    source, transfer = house.source(), Told()
    target, stuck = unheard(house, source, transfer)
    house.vms.faults.add(Status(status), "GET tasks")
    with pytest.raises((TransientFailure, TargetParked)):
        target.put(source, "p/a.mp4", transfer)
    stuck.let_go.set()
    target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 1


def test_a_task_that_does_not_say_whose_it_is_is_waited_for(house: House) -> None:
    house.vms.faults.tasks_say_little = True
    source, transfer = house.source(), Told()
    target, stuck = unheard(house, source, transfer)
    for _ in range(2):
        with pytest.raises(TransientFailure, match="a retrieval that may be it runs there and is waited for"):
            target.put(source, "p/a.mp4", transfer)
    ended(house, stuck)
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    assert len(house.vms.called(RETRIEVE)) == 1


def test_one_that_is_over_and_brought_nothing_is_begun_anew(house: House) -> None:
    house.vms.faults.tasks_say_little = True
    source, transfer = house.source(), Told()
    target, stuck = unheard(house, source, transfer)
    for one in house.vms.every("tasks"):
        house.vms.jobs._jobs[one.id].stopping.set()
    ended(house, stuck)
    target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 2


def test_where_tasks_are_not_listed_what_arrives_is_watched_before_another_is_begun(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, transfer = house.source(), Told()
    target, stuck = unheard(house, source, transfer)
    house.vms.faults.lists_tasks = False
    for _ in range(2):
        with pytest.raises(TransientFailure, match="what arrives is watched first"):
            target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 1
    # As when it was never begun, and so much time has passed.
    monkeypatch.setattr(retrieval, "_UNLISTED_SECONDS", 0.0)
    target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 2
    stuck.let_go.set()


def test_where_tasks_are_not_listed_a_recording_that_came_is_enough(house: House) -> None:
    source, transfer = house.source(), Told()
    target, stuck = unheard(house, source, transfer)
    house.vms.faults.lists_tasks = False
    ended(house, stuck)
    target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 1


def test_a_camera_that_went_at_that_moment_is_looked_for_anew_and_no_persons_matter(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.settle()
    target, source, transfer = house.target(), house.source(), Told()
    begin = house.vms.rest.pulls.begin

    def removed(camera: Item, body: dict[str, Any]) -> Reply:
        assert camera.parent is not None
        house.vms.world.remove(camera.parent)
        return begin(house.vms.world.get("cameras", camera.id), body)

    monkeypatch.setattr(house.vms.rest.pulls, "begin", removed)
    with pytest.raises(TransientFailure, match="has no longer the camera"):
        target.put(source, "p/a.mp4", transfer)
    monkeypatch.setattr(house.vms.rest.pulls, "begin", begin)
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES


def test_a_refusal_that_is_not_about_edge_storage_is_tried_again(house: House) -> None:
    house.vms.faults.add(Status(400), RETRIEVE)
    target, source, transfer = house.target(), house.source(), Told()
    with pytest.raises(TransientFailure, match="refused what was asked"):
        target.put(source, "p/a.mp4", transfer)
    target.put(source, "p/a.mp4", transfer)


def test_a_release_without_edge_storage_stays_parked_when_it_is_checked(house: House) -> None:
    house.vms.faults.no_edge_task = True
    target = house.target()
    with pytest.raises(TargetParked, match="2025 R2 or later"):
        target.put(house.source(), "p/a.mp4", Told())
    report = target.check()
    assert (report.ok, report.needs_person) == (False, True)
    house.vms.faults.no_edge_task = False
    assert target.check().ok


def test_footage_that_is_in_the_way_is_told_in_the_vms_own_words_and_passes(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.overlap()
    with pytest.raises(TransientFailure, match="could not fetch the recording: The recording database already has"):
        target.put(source, "p/a.mp4", transfer)
    assert (transfer.resume["phase"], transfer.resume["task_id"]) == ("offered", "")
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES


def test_sequences_that_do_not_tell_their_zone_are_in_utc(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.services.vms.recorder.written", lambda at: written(at).removesuffix("Z"))
    target, source = house.target(), house.source()
    copy = target.put(source, "p/a.mp4", Told())
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES


def test_one_that_goes_on_though_it_was_stopped_is_kept_in_mind(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.settle()
    monkeypatch.setattr(tasks, "_END_LOOKS", 3)
    target, source, stuck = house.target(task_hours=1), house.source(), house.vms.faults.stuck(deaf=True)
    house.vms.faults.add(Drop(), "GET tasks/{id}")
    begun = Told()
    with pytest.raises(TransientFailure, match="broke the connection"):
        target.put(source, "p/a.mp4", begun)
    task = begun.resume["task_id"]
    late = Told(resume={**begun.resume, "began_at": begun.resume["began_at"] - 3700})
    for _ in range(2):
        with pytest.raises(TransientFailure, match="took longer than 1 h, and still shows it"):
            target.put(source, "p/a.mp4", late)
        assert (late.resume["phase"], late.resume["task_id"]) == ("retrieving", task)
    assert [one.id for one in house.vms.every("tasks")] == [task]
    assert len(house.vms.called(RETRIEVE)) == 1
    ended(house, stuck)
    with pytest.raises(TransientFailure, match="could not fetch the recording: The task was stopped"):
        target.put(source, "p/a.mp4", late)
    target.put(source, "p/a.mp4", late)
    assert house.vms.every("tasks") == []


def test_of_a_video_that_was_deleted_meanwhile_no_task_is_left(house: House) -> None:
    house.settle()
    source, _ = house.source(), house.vms.faults.stuck()

    class Deleted(Told):
        def advance(self, done_bytes: int) -> None:
            if self.resume.get("task_id"):
                source.path.unlink()
                raise TransferCancelled("It is not wanted any more.")

    with pytest.raises(TransferCancelled):
        house.target().put(source, "p/a.mp4", Deleted())
    assert len(house.vms.called("POST tasks/{id}?task=TaskStop")) == 1
    assert house.vms.every("tasks") == []


def test_a_task_whose_recording_is_there_already_is_cleaned_up_when_it_has_ended(house: House) -> None:
    house.settle()
    target, source, stuck = house.target(), house.source(), house.vms.faults.stuck()
    house.vms.faults.add(Drop(), "GET tasks/{id}")

    class LetsGo(Told):
        def advance(self, done_bytes: int) -> None:
            # The first look was lost, by the second one it still ran.
            if len(house.vms.called("GET tasks/{id}")) >= 2:
                stuck.let_go.set()

    transfer = LetsGo()
    with pytest.raises(TransientFailure, match="broke the connection"):
        target.put(source, "p/a.mp4", transfer)
    house.vms.record(transfer.resume["camera_id"], START, START + LENGTH, LENGTH / 120)
    target.put(source, "p/a.mp4", transfer)
    assert house.vms.called("POST tasks/{id}?task=TaskStop") == []
    assert house.vms.every("tasks") == []
