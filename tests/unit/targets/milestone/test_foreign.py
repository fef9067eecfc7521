"""What the VMS has of a recording's time counts for it only if it was fetched for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.errors import TargetParked, TransientFailure, Unsupported
from backend.offers.entries import Overlap
from backend.targets.base import Source, Verdict
from tests.contract.transfers import Told
from tests.services.vms.faults import Status
from tests.unit.targets.milestone.vms_site import LENGTH, START, House, expected

RETRIEVE = "POST cameras/{id}?task=RetrieveEdgeStorage"
HOUR = timedelta(hours=1)


def second(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.fixture
def source(house: House) -> Source:
    """Of a camera that the VMS has already."""
    house.settle()
    return house.source(START + HOUR, camera_id="first")


def test_a_recording_is_never_verified_by_another_ones_pictures(house: House) -> None:
    """The first was fetched, its event was misnamed, and somebody deleted it."""
    first, other = house.source(name="a.mp4"), house.source(name="b.mp4")
    with pytest.raises(TargetParked, match="no user-defined event"):
        house.target(event="Arived").put(first, "p/a.mp4", Told())
    assert len(house.vms.called(RETRIEVE)) == 1
    house.book.withdraw(first.video_id)
    with pytest.raises(Overlap, match=r"b\.mp4.*a\.mp4"):
        house.target().put(other, "p/b.mp4", Told())
    assert len(house.vms.called(RETRIEVE)) == 1


@pytest.mark.parametrize(
    ("since", "until"),
    [(0, 60), (-300, 300), (20, 23), (0, 3), (50, 70)],
    ids=["all", "more", "within", "end", "begin"],
)
def test_footage_from_elsewhere_is_no_proof(house: House, source: Source, since: float, until: float) -> None:
    camera, at = house.vms.cameras[0].id, START + HOUR
    house.vms.record(camera, at + second(since), at + second(until))
    with pytest.raises(Unsupported, match=rf"camera {camera} from 2024-03-01T13:00:\S+ to \S+ that was not fetched"):
        house.target().put(source, "p/a.mp4", Told())
    assert house.vms.called(RETRIEVE) == []
    house.book.withdraw(source.video_id)
    assert house.book.claimed(source.video_id) is None, "nothing of it was fetched: its time is free"
    house.vms.lose_footage(camera, at - HOUR, at + HOUR)
    copy = house.target().put(source, "p/a.mp4", Told())
    assert house.target().verify(expected(source), copy).verdict is Verdict.MATCHES


def test_footage_that_appears_before_the_vms_was_asked_is_no_proof_either(house: House, source: Source) -> None:
    transfer = Told()
    house.vms.faults.add(Status(503), "GET cameras/{id}", times=None)
    with pytest.raises(TransientFailure):
        house.target().put(source, "p/a.mp4", transfer)
    assert house.book.claimed(source.video_id)
    house.vms.faults.clear()
    house.vms.record(house.vms.cameras[0].id, START + HOUR, START + HOUR + LENGTH)
    with pytest.raises(Unsupported, match="not fetched for this recording"):
        house.target().put(source, "p/a.mp4", transfer)


def test_a_neighbour_may_reach_into_it_by_a_second(house: House, source: Source) -> None:
    camera, at = house.vms.cameras[0].id, START + HOUR
    house.vms.record(camera, at - second(60), at + second(0.9), apart=second(0.1))
    house.vms.record(camera, at + LENGTH - second(0.9), at + 2 * LENGTH, apart=second(0.1))
    house.target().put(source, "p/a.mp4", Told())
    assert len(house.vms.called(RETRIEVE)) == 1


def test_what_the_vms_refused_to_fetch_leaves_its_time_free(house: House, source: Source) -> None:
    house.vms.faults.add(Status(400), RETRIEVE)
    with pytest.raises(TransientFailure, match="refused what was asked"):
        house.target().put(source, "p/a.mp4", Told())
    assert not house.book.was_asked(source.video_id)
    house.book.withdraw(source.video_id)
    house.target().put(house.source(START + HOUR, name="b.mp4", camera_id="first"), "p/b.mp4", Told())


def test_an_answer_that_was_lost_leaves_its_time_taken(house: House, source: Source) -> None:
    house.vms.faults.stuck()
    house.vms.faults.lose_reply(RETRIEVE)
    with pytest.raises(TransientFailure):
        house.target().put(source, "p/a.mp4", Told())
    assert house.book.was_asked(source.video_id)
