"""Promises of hardware.py while the VMS takes long with our device: it ends, it is one task, and everybody can stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from backend.errors import TransferCancelled, TransientFailure
from backend.targets.milestone import tasks
from backend.targets.milestone.target import MilestoneTarget
from tests.contract.transfers import Told
from tests.services.vms.faults import Drop
from tests.services.waiting import wait_until
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, Kept

ADD = "POST recordingServers/{id}?task=AddHardware"
UPDATE = "POST hardware/{id}?task=UpdateHardware"


def _later(now: Callable[[], float], minutes: int) -> float:
    return now() + 60 * minutes


class Stops(Told):
    """The worker is told to stop once the VMS is at work."""

    def __init__(self, begun: threading.Event) -> None:
        super().__init__()
        self.begun = begun

    def advance(self, done_bytes: int) -> None:
        super().advance(done_bytes)
        if self.begun.is_set():
            raise TransferCancelled("The worker stops.")


def late(house: House) -> MilestoneTarget:
    """For whom the time that a task may take is over at once."""
    found = house.target()
    found._hardware.task_seconds = -1.0
    return found


def test_a_device_that_is_never_taken_in_is_given_up_and_its_task_stopped(house: House) -> None:
    house.vms.faults.stuck_hardware()
    with pytest.raises(TransientFailure, match="did not finish with our edge device within"):
        late(house).put(house.source(), "p/a.mp4", Told())
    assert len(house.vms.called("POST tasks/{id}?task=TaskStop")) == 1
    assert house.vms.every("tasks") == []
    house.target().put(house.source(name="b.mp4", at=START + LENGTH), "p/b.mp4", Told())
    assert len(house.vms.every("hardware")) == 1


def test_one_whose_cameras_are_never_seen_again_is_given_up(house: House) -> None:
    house.cameras = 1
    house.settle()
    house.vms.faults.stuck_hardware()
    with pytest.raises(TransientFailure, match="did not finish with our edge device"):
        late(house).put(house.source(camera_id="door"), "p/a.mp4", Told())
    assert len(house.vms.called("POST tasks/{id}?task=TaskStop")) == 1
    assert house.vms.every("tasks") == []


def test_one_that_goes_on_though_it_was_stopped_is_no_leave_to_begin_another(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes, source, stuck = Kept(), house.source(), house.vms.faults.stuck_hardware(deaf=True)
    with monkeypatch.context() as impatient:
        impatient.setattr(tasks, "_END_LOOKS", 3)
        for _ in range(2):
            target = late(house)
            target.take_notes_in(notes)
            with pytest.raises(TransientFailure, match="still shows it; no other is begun"):
                target.put(source, "p/a.mp4", Told())
    assert len(house.vms.called(ADD)) == 1
    stuck.let_go.set()
    wait_until(lambda: house.vms.every("tasks")[0].fields["progress"] == 100, "the task to end")
    target = house.target()
    target.take_notes_in(notes)
    target.put(source, "p/a.mp4", Told())
    assert len(house.vms.every("hardware")) == 1
    assert house.vms.every("tasks") == []


@pytest.mark.parametrize("task", [ADD, UPDATE])
def test_after_a_restart_the_task_that_runs_is_gone_on_with(house: House, task: str) -> None:
    if task == UPDATE:
        house.cameras = 1
        house.settle()
        house.cameras = 2
    notes, source = Kept(), house.source(camera_id="door")
    stuck = house.vms.faults.stuck_hardware()
    for _ in range(3):
        target = house.target()
        target.take_notes_in(notes)
        house.vms.faults.add(Drop(), "GET tasks/{id}")
        with pytest.raises(TransientFailure, match="broke the connection"):
            target.put(source, "p/a.mp4", Told())
    assert len(house.vms.called(task)) == 1
    stuck.let_go.set()
    target = house.target()
    target.take_notes_in(notes)
    target.put(source, "p/a.mp4", Told())
    assert len(house.vms.called(task)) == 1
    assert len(house.vms.every("hardware")) == 1


def test_the_time_of_a_task_counts_from_its_beginning_however_often_the_worker_starts_anew(house: House) -> None:
    notes, source = Kept(), house.source()
    house.vms.faults.stuck_hardware()
    for minutes, words in ((0, "broke the connection"), (16, "within 15 minutes")):
        target = house.target()
        target.take_notes_in(notes)
        now = target._hardware.now
        target._hardware.now = partial(_later, now, minutes)
        if not minutes:
            house.vms.faults.add(Drop(), "GET tasks/{id}")
        with pytest.raises(TransientFailure, match=words):
            target.put(source, "p/a.mp4", Told())
    assert len(house.vms.called(ADD)) == 1


def test_who_waits_behind_a_stuck_one_hears_that_it_is_to_stop(house: House) -> None:
    stuck, target, begun = house.vms.faults.stuck_hardware(), house.target(), threading.Event()
    first, second = house.source(name="a.mp4"), house.source(name="b.mp4", camera_id="door")
    with ThreadPoolExecutor(2) as pool:
        waits = pool.submit(target.put, first, "p/a.mp4", Told())
        wait_until(lambda: house.vms.called(ADD), "the device to be added")
        blocked = Stops(begun)
        behind = pool.submit(target.put, second, "p/b.mp4", blocked)
        wait_until(lambda: blocked.resume.get("phase") == "offered", "the second one to be offered")
        begun.set()
        try:
            with pytest.raises(TransferCancelled):
                behind.result(20)
        finally:
            stuck.let_go.set()
        assert waits.result(60).proof["vms_camera_id"]
