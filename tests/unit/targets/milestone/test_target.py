"""Promises of the target `milestone` against the emulated VMS: offered, fetched, proved, marked; and each only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backend.errors import PermanentFailure, TransferCancelled, TransientFailure
from backend.offers.entries import Overlap, State
from backend.targets.base import Holding, NoteTaker, Offerer, Placed, RemoteCopy, Verdict
from backend.targets.milestone.soap import moment
from tests.contract.transfers import CancelAt, Told
from tests.services.vms import tags
from tests.services.vms.faults import Drop, Status
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, expected, lost, made_by

RETRIEVE = "POST cameras/{id}?task=RetrieveEdgeStorage"
ADD = "POST recordingServers/{id}?task=AddHardware"


def test_a_recording_is_fetched_proved_and_marked(house: House) -> None:
    to_watch = "https://vms.example.org/?camera={camera_id}"
    target = house.target(link="https://video.example.org", watch_url=to_watch)
    source, transfer = house.source(), Told()
    copy = target.put(source, "p/a.mp4", transfer)
    camera = house.vms.cameras[0]
    assert copy.link == f"https://vms.example.org/?camera={camera.id}"
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    assert copy.key == "p/a.mp4"
    assert {name: copy.proof[name] for name in ("vms_camera_id", "start", "end", "lock_id")} == {
        "vms_camera_id": camera.id,
        "start": moment(START),
        "end": moment(START + LENGTH),
        "lock_id": "",
    }
    mark = house.vms.every("bookmarks")[0]
    assert mark.id == copy.proof["bookmark_id"]
    assert mark.fields["reference"] == source.video_id
    assert mark.fields["header"] == "The yard"
    assert f"https://video.example.org/library?video={source.video_id}" in mark.fields["description"]
    assert made_by(house) == {"hardware": 1, "bookmarks": 1, "events": 0, "evidenceLocks": 0, "tasks": 0}
    claim = house.book.claimed(source.video_id)
    assert claim is not None
    assert claim.state is State.VERIFIED
    assert house.book.offered(source.video_id) is None
    assert transfer.advances[-1] == source.size_bytes
    assert [one.fields["enabled"] for one in house.vms.cameras] == [True, False, False]
    assert camera.name == "yard"


def test_a_repeat_asks_and_sends_nothing(house: House) -> None:
    target, source = house.target(event="Arrived"), house.source()
    tags.user_defined_event(house.vms.world, {"name": "Arrived"})
    copy = target.put(source, "p/a.mp4", Told())
    before = made_by(house)
    assert target.put(source, "p/a.mp4", Told()) == copy
    assert made_by(house) == before == {"hardware": 1, "bookmarks": 1, "events": 1, "evidenceLocks": 0, "tasks": 0}
    assert len(house.vms.called(RETRIEVE)) == 1
    # Nor does another process, which knows nothing.
    assert house.target(event="Arrived").put(source, "p/a.mp4", Told()) == copy
    assert made_by(house) == before


def test_the_resume_state_tells_the_phase_before_each_step(house: House) -> None:
    phases: list[tuple[str, str]] = []

    class Noting(Told):
        def save_resume(self, state: Any) -> None:
            phases.append((state["phase"], state["task_id"]))
            super().save_resume(state)

    house.target().put(house.source(), "p/a.mp4", Noting())
    told = [phase for phase, _ in phases]
    assert told[0] == "offered"
    assert "retrieving" in told
    assert any(phase == "retrieving" and task for phase, task in phases)


def test_a_recording_that_came_only_in_part_is_no_success_and_the_rest_is_fetched(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.partial_pull()
    with pytest.raises(TransientFailure, match=r"has not all of it: 30\.5 s of 60\.0 s"):
        target.put(source, "p/a.mp4", transfer)
    assert house.book.offered(source.video_id) is not None
    assert made_by(house)["bookmarks"] == 0
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    asked = [one.body["startTime"] for one in house.vms.called(RETRIEVE)]
    assert asked == [moment(START), moment(START + timedelta(seconds=29.5))]
    assert made_by(house)["tasks"] == 0


def test_a_failed_retrieval_is_tried_again_with_a_new_task(house: House) -> None:
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.task_error("Geräte antworten nicht: TOKEN#1#2#")
    with pytest.raises(TransientFailure, match="could not fetch the recording: Geräte") as caught:
        target.put(source, "p/a.mp4", transfer)
    assert "TOKEN" not in caught.value.message
    target.put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 2
    assert made_by(house)["tasks"] == 0


def test_a_task_that_says_it_failed_and_brought_all_is_enough(house: House) -> None:
    target, source = house.target(), house.source()
    house.vms.faults.cut(after_frames=118)
    copy = target.put(source, "p/a.mp4", Told())
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES


def test_a_stopped_attempt_leaves_the_task_and_the_next_one_goes_on_with_it(house: House) -> None:
    source = house.source()
    stuck = house.vms.faults.stuck()

    class StopsWhileFetching(Told):
        def advance(self, done_bytes: int) -> None:
            super().advance(done_bytes)
            if self.resume.get("task_id"):
                raise TransferCancelled("The worker stops.")

    transfer = StopsWhileFetching()
    with pytest.raises(TransferCancelled):
        house.target().put(source, "p/a.mp4", transfer)
    task = transfer.resume["task_id"]
    assert transfer.resume["phase"] == "retrieving"
    assert [one.id for one in house.vms.every("tasks")] == [task]
    stuck.let_go.set()
    house.target().put(source, "p/a.mp4", Told(resume=transfer.resume))
    assert len(house.vms.called(RETRIEVE)) == 1
    assert made_by(house)["tasks"] == 0


@pytest.mark.parametrize("kept", ["task_id", ""])
def test_after_a_kill_no_second_task_is_started_while_one_runs(house: House, kept: str) -> None:
    """With and without having heard the task's number."""
    house.settle()
    source, transfer = house.source(), Told()
    stuck = house.vms.faults.stuck()
    if not kept:
        house.vms.faults.lists_tasks = True
        house.vms.faults.lose_reply(RETRIEVE)
        with pytest.raises(TransientFailure, match="broke the connection"):
            house.target().put(source, "p/a.mp4", transfer)
        assert (transfer.resume["phase"], transfer.resume["task_id"]) == ("retrieving", "")
    else:
        house.vms.faults.add(Drop(), "GET tasks/{id}")
        with pytest.raises(TransientFailure, match="broke the connection"):
            house.target().put(source, "p/a.mp4", transfer)
    assert len(house.vms.every("tasks")) == 1
    stuck.let_go.set()
    house.target().put(source, "p/a.mp4", transfer)
    assert len(house.vms.called(RETRIEVE)) == 1


def test_a_task_that_the_vms_forgot_is_begun_anew(house: House) -> None:
    house.settle()
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.stuck()
    house.vms.faults.add(Drop(), "GET tasks/{id}")
    with pytest.raises(TransientFailure):
        target.put(source, "p/a.mp4", transfer)
    assert transfer.resume["task_id"]
    house.vms.forget_tasks()
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    assert len(house.vms.called(RETRIEVE)) == 2


def test_a_task_that_is_forgotten_while_it_is_waited_for_is_told(house: House) -> None:
    house.settle()
    house.vms.faults.stuck()

    class Forgets(Told):
        def advance(self, done_bytes: int) -> None:
            if self.resume.get("task_id"):
                house.vms.forget_tasks()

    transfer = Forgets()
    with pytest.raises(TransientFailure, match="knows nothing any more of the retrieval"):
        house.target().put(house.source(), "p/a.mp4", transfer)
    assert (transfer.resume["phase"], transfer.resume["task_id"]) == ("offered", "")


def test_a_retrieval_without_end_is_stopped(house: House) -> None:
    house.settle()
    target, source, transfer = house.target(task_hours=1), house.source(), Told()
    house.vms.faults.stuck()
    house.vms.faults.add(Drop(), "GET tasks/{id}")
    with pytest.raises(TransientFailure, match="broke the connection"):
        target.put(source, "p/a.mp4", transfer)
    hours_ago = Told(resume={**transfer.resume, "began_at": transfer.resume["began_at"] - 3700})
    with pytest.raises(TransientFailure, match="did not finish the retrieval within 1 h"):
        target.put(source, "p/a.mp4", hours_ago)
    assert len(house.vms.called("POST tasks/{id}?task=TaskStop")) == 1
    assert made_by(house)["tasks"] == 0
    assert (hours_ago.resume["phase"], hours_ago.resume["task_id"]) == ("offered", "")
    target.put(source, "p/a.mp4", hours_ago)
    assert len(house.vms.called(RETRIEVE)) == 2


def test_sequences_that_appear_late_are_waited_for(house: House) -> None:
    house.vms.faults.late_sequences = 3
    house.target().put(house.source(), "p/a.mp4", Told())
    assert len(house.vms.called(RETRIEVE)) == 1


def test_two_cameras_of_ours_are_two_cameras_there(house: House) -> None:
    target = house.target()
    yard, door = house.source(name="a.mp4"), house.source(name="b.mp4", camera_id="door")
    first, second = target.put(yard, "p/a.mp4", Told()), target.put(door, "p/b.mp4", Told())
    assert [first.proof["vms_camera_id"], second.proof["vms_camera_id"]] == [one.id for one in house.vms.cameras[:2]]
    assert [one.key for one in house.book.cameras()] == ["camera:yard", "camera:door"]
    assert len(house.vms.called(ADD)) == 1


@pytest.mark.parametrize(
    ("camera_by", "more", "key"),
    [
        ("camera", {}, "camera:yard"),
        ("camera", {"camera_id": ""}, "project:p"),
        ("project", {}, "project:p"),
        ("uploader", {"uploaded_by": "ann"}, "uploader:ann"),
        ("uploader", {}, "project:p"),
    ],
)
def test_what_a_camera_stands_for_is_chosen(house: House, camera_by: str, more: dict[str, Any], key: str) -> None:
    house.target(camera_by=camera_by).put(house.source(**more), "p/a.mp4", Told())
    assert [one.key for one in house.book.cameras()] == [key]


def test_two_recordings_of_one_time_are_told_apart_by_words(house: House) -> None:
    target = house.target()
    target.put(house.source(name="a.mp4"), "p/a.mp4", Told())
    with pytest.raises(Overlap, match=r"b\.mp4 .*a\.mp4"):
        target.put(house.source(at=START + timedelta(seconds=30), name="b.mp4"), "p/b.mp4", Told())


def test_a_damaged_file_is_never_offered(house: House) -> None:
    source = house.source()
    with pytest.raises(PermanentFailure, match="not what was saved"):
        house.target().put(replace(source, sha256="0" * 64), "p/a.mp4", Told())
    assert house.book.offered(source.video_id) is None
    assert house.vms.called(RETRIEVE) == []


def test_a_stop_is_heard_before_anything_is_asked(house: House) -> None:
    with pytest.raises(TransferCancelled):
        house.target().put(house.source(), "p/a.mp4", CancelAt(at_bytes=0))
    assert house.vms.requests == []


@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ("GET hardware", "(It cannot be done now)"),
        (ADD, "(It cannot be done now)"),
        ("PATCH cameras/{id}", "(It cannot be done now)"),
        ("GET tasks/{id}", "(It cannot be done now)"),
        ("SequencesGet", "asks to slow down"),
    ],
)
def test_trouble_on_the_way_passes_and_makes_nothing_twice(
    house: House, operation: str, words: str, wrapped: bool
) -> None:
    house.vms.wrap_errors = wrapped
    target, source, transfer = house.target(), house.source(), Told()
    house.vms.faults.add(Status(503, retry_after_seconds=7), operation)
    with pytest.raises(TransientFailure) as caught:
        target.put(source, "p/a.mp4", transfer)
    assert caught.value.retry_after_seconds == 7
    assert words in caught.value.message
    target.put(source, "p/a.mp4", transfer)
    assert made_by(house) | {"tasks": 0} == {
        "hardware": 1,
        "bookmarks": 1,
        "events": 0,
        "evidenceLocks": 0,
        "tasks": 0,
    }


def test_tokens_that_run_out_on_the_way_are_replaced(house: House) -> None:
    target, source = house.target(), house.source()

    class Expires(Told):
        def save_resume(self, state: Any) -> None:
            super().save_resume(state)
            house.vms.expire_tokens()
            house.vms.expire_recorder_tokens()

    copy = target.put(source, "p/a.mp4", Expires())
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES


def test_what_the_vms_lost_is_told_and_fetched_again(house: House) -> None:
    target, source = house.target(), house.source()
    copy = target.put(source, "p/a.mp4", Told())
    camera = house.vms.cameras[0].id
    house.vms.lose_footage(camera, START + timedelta(seconds=10), START + timedelta(seconds=20))
    proof = target.verify(expected(source), copy)
    assert (proof.verdict, proof.size_bytes) == (Verdict.DIFFERS, None)
    assert "10.5 s of 60.0 s are missing, from 2024-03-01T12:00:09Z" in proof.reason
    house.vms.lose_footage(camera, START, START + LENGTH)
    assert target.verify(expected(source), copy).verdict is Verdict.MISSING
    assert target.put(source, "p/a.mp4", Told()).proof == copy.proof
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    assert made_by(house)["bookmarks"] == 1


def test_a_camera_that_was_removed_from_the_vms_is_a_missing_copy(house: House) -> None:
    target, source = house.target(), house.source()
    copy = target.put(source, "p/a.mp4", Told())
    house.vms.world.remove(house.vms.every("hardware")[0])
    assert target.verify(expected(source), copy).verdict is Verdict.MISSING
    again = target.put(source, "p/a.mp4", Told())
    assert again.proof["vms_camera_id"] != copy.proof["vms_camera_id"]
    assert target.verify(expected(source), again).verdict is Verdict.MATCHES


def test_a_lost_proof_is_found_in_the_book_by_the_video(house: House) -> None:
    target, source = house.target(), house.source()
    target.put(source, "p/a.mp4", Told())
    known = RemoteCopy("p/a.mp4", {"video_id": source.video_id})
    assert target.verify(expected(source), known).verdict is Verdict.MATCHES
    assert target.verify(expected(source), lost(known)).verdict is Verdict.MISSING


def test_network_trouble_is_no_verdict(house: House) -> None:
    target, source = house.target(), house.source()
    copy = target.put(source, "p/a.mp4", Told())
    house.vms.faults.add(Drop(), "SequencesGet")
    with pytest.raises(TransientFailure):
        target.verify(expected(source), copy)


def test_it_has_the_abilities_that_the_outbox_asks_for(house: House) -> None:
    target = house.target()
    for ability in (Holding, NoteTaker, Offerer, Placed):
        assert isinstance(target, ability)
    assert target.place() == "milestone"
