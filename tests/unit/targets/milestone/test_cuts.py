"""A pull that broke off: what came is no success, what is missing is asked for again, and nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from backend.errors import TransientFailure
from backend.offers.entries import State
from backend.targets.base import Source, Verdict
from backend.targets.milestone.soap import moment
from backend.targets.milestone.target import MilestoneTarget
from tests.contract.transfers import Told
from tests.services.vms import tags
from tests.services.vms.faults import CutPull, Faults, PartialPull, PullFault
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, expected, made_by

RETRIEVE = "POST cameras/{id}?task=RetrieveEdgeStorage"
FRAMES = 120  # of a recording, half a second each
HALF_SECOND = timedelta(seconds=0.5)
# How a task ends of which a quarter came: that the line broke is its error, or it says nothing of it.
QUARTER: list[tuple[PullFault, str]] = [
    (CutPull(after_frames=FRAMES // 4), "could not fetch the recording: The line to the device broke"),
    (PartialPull(share=0.25), r"has not all of it: 45\.5 s of 60\.0 s are missing, from 2024-03-01T12:00:14Z"),
]
Again = Callable[[House, MilestoneTarget, Told], tuple[MilestoneTarget, Told]]


def same_worker(_: House, target: MilestoneTarget, transfer: Told) -> tuple[MilestoneTarget, Told]:
    return target, transfer


def another_worker(house: House, _: MilestoneTarget, transfer: Told) -> tuple[MilestoneTarget, Told]:
    """What the ledger kept is all that it knows."""
    return house.target(event="Arrived"), Told(resume=transfer.resume)


def a_lost_ledger(house: House, _: MilestoneTarget, __: Told) -> tuple[MilestoneTarget, Told]:
    """The book of what was offered is all that is left."""
    return house.target(event="Arrived"), Told()


def asked(house: House) -> list[tuple[str, str]]:
    """From when to when, of each retrieval."""
    return [(one.body["startTime"], one.body["endTime"]) for one in house.vms.called(RETRIEVE)]


def part(since: timedelta) -> tuple[str, str]:
    return moment(START + since), moment(START + LENGTH)


def is_unproved(house: House, source: Source) -> bool:
    """It is still on offer, and nothing in the VMS says that it has it."""
    claim, made = house.book.claimed(source.video_id), made_by(house)
    assert claim is not None
    assert (made["bookmarks"], made["events"], made["tasks"]) == (0, 0, 0)
    return claim.state is not State.VERIFIED and house.book.offered(source.video_id) is not None


def is_proved_once(house: House, source: Source) -> bool:
    claim, made = house.book.claimed(source.video_id), made_by(house)
    assert claim is not None
    assert (made["hardware"], made["bookmarks"], made["events"], made["tasks"]) == (1, 1, 1, 0)
    return claim.state is State.VERIFIED and house.book.offered(source.video_id) is None


def frames(house: House) -> list[datetime]:
    return [one.at for one in house.vms.frames(house.vms.cameras[0].id)]


@pytest.fixture
def faults(house: House) -> Faults:
    tags.user_defined_event(house.vms.world, {"name": "Arrived"})
    return house.vms.faults


@pytest.mark.parametrize("again", [same_worker, another_worker, a_lost_ledger])
@pytest.mark.parametrize(("fault", "said"), QUARTER, ids=["error", "success"])
def test_of_a_quarter_the_rest_is_asked_for_and_then_it_is_proved_once(
    house: House, faults: Faults, fault: PullFault, said: str, again: Again
) -> None:
    target, source, transfer = house.target(event="Arrived"), house.source(), Told()
    faults.pull(fault)
    with pytest.raises(TransientFailure, match=said):
        target.put(source, "p/a.mp4", transfer)
    assert is_unproved(house, source)
    assert transfer.advances[-1] < source.size_bytes
    assert (transfer.resume["phase"], transfer.resume["task_id"]) == ("offered", "")
    assert frames(house) == [START + number * HALF_SECOND for number in range(FRAMES // 4)]
    target, transfer = again(house, target, transfer)
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    assert asked(house) == [part(timedelta(0)), part(timedelta(seconds=14.5))]
    assert is_proved_once(house, source)
    assert frames(house) == [START + number * HALF_SECOND for number in range(FRAMES)]
    # And once more: nothing is asked.
    assert target.put(source, "p/a.mp4", transfer) == copy
    assert len(asked(house)) == 2
    assert is_proved_once(house, source)


@pytest.mark.parametrize("kind", [kind for kind, _ in QUARTER], ids=["error", "success"])
def test_a_line_that_breaks_each_time_brings_it_piece_by_piece(house: House, faults: Faults, kind: PullFault) -> None:
    target, source, transfer = house.target(event="Arrived"), house.source(), Told()
    faults.pull(kind, times=2)
    for _ in range(2):
        with pytest.raises(TransientFailure):
            target.put(source, "p/a.mp4", transfer)
        assert is_unproved(house, source)
    reached = frames(house)[-1]
    copy = target.put(source, "p/a.mp4", transfer)
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    # Each retrieval begins where the last frame is that came before it.
    assert asked(house) == [
        part(timedelta(0)),
        part(timedelta(seconds=14.5)),
        (moment(reached), moment(START + LENGTH)),
    ]
    assert is_proved_once(house, source)
    assert frames(house) == [START + number * HALF_SECOND for number in range(FRAMES)]


def test_a_line_that_breaks_before_the_first_frame_leaves_all_of_it_to_ask_for(house: House, faults: Faults) -> None:
    target, source, transfer = house.target(event="Arrived"), house.source(), Told()
    faults.pull(PartialPull(share=0))
    with pytest.raises(TransientFailure, match=r"has not all of it: 60\.0 s of 60\.0 s"):
        target.put(source, "p/a.mp4", transfer)
    assert is_unproved(house, source)
    target.put(source, "p/a.mp4", transfer)
    assert asked(house) == [part(timedelta(0))] * 2
    assert is_proved_once(house, source)
