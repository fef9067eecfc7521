"""Promises about the VMS's own retention: what it would delete is not sent there, what it deleted is no damage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backend.errors import PastRetention, TransientFailure
from backend.targets.base import Perishable, RemoteCopy, Source, Verdict
from backend.targets.milestone.target import MilestoneTarget
from tests.contract.transfers import Told
from tests.services.vms.faults import Drop, Status
from tests.unit.targets.milestone.test_target import RETRIEVE
from tests.unit.targets.milestone.vms_site import LENGTH, House, expected

DAY = timedelta(days=1)
STORAGE, ARCHIVES = "GET storages/{id}", "GET storages/{id}/archiveStorages"


def started(house: House, ago: timedelta) -> Source:
    return house.source(at=house.vms.world.now().replace(microsecond=0) - ago)


def by_its_clock(house: House) -> MilestoneTarget:
    """The target with the clock of the VMS, which a test moves."""
    target = house.target()
    target._vms.keeping.now = house.vms.world.now
    return target


def fetched(house: House, target: MilestoneTarget, ago: timedelta = timedelta(hours=1)) -> tuple[Source, RemoteCopy]:
    source = started(house, ago)
    copy = target.put(source, f"p/{source.original_filename}", Told())
    assert target.verify(expected(source), copy).verdict is Verdict.MATCHES
    return source, copy


# Before it is fetched


def test_what_the_vms_would_delete_at_once_is_not_fetched_and_the_words_say_why(house: House) -> None:
    house.vms.retain(days=7)
    source = started(house, 270 * DAY)
    with pytest.raises(PastRetention) as caught:
        house.target().put(source, "p/a.mp4", Told())
    words = caught.value.message
    assert "Milestone keeps what the camera “yard” records for 7 days (storage “Local default”)." in words
    assert source.start_at is not None
    assert f"This recording began at {source.start_at:%Y-%m-%d %H:%M} UTC and was due to be deleted there at" in words
    assert "Raise the retention of that storage or of its last archive" in words
    assert caught.value.detail["retention_minutes"] == 7 * 24 * 60
    assert house.vms.called(RETRIEVE) == []


@pytest.mark.parametrize(("ago", "taken"), [(6.2, True), (6.5, False), (7.1, False)])
def test_it_must_stay_for_a_tenth_of_the_retention_at_least(house: House, ago: float, taken: bool) -> None:
    house.vms.retain(days=7)
    source, target = started(house, ago * DAY), house.target()
    if taken:
        target.put(source, "p/a.mp4", Told())
    else:
        with pytest.raises(PastRetention, match="was due" if ago > 7 else "would be due") as caught:
            target.put(source, "p/a.mp4", Told())
        assert caught.value.has_ended == (ago > 7)
    assert len(house.vms.called(RETRIEVE)) == taken


def test_the_last_archive_counts(house: House) -> None:
    house.vms.retain(7, 30, 365)
    source, copy = fetched(house, house.target(), 270 * DAY)
    assert house.target().doubt(copy) == ""
    house.vms.retain(7, 30)
    assert house.target().verify(expected(source), copy).verdict is Verdict.ENDED


def test_a_recording_that_is_there_is_no_retrieval_and_not_refused(house: House) -> None:
    """As after a loss of the ledger: nothing is asked for, so nothing is refused."""
    target = house.target()
    source, copy = fetched(house, target, 20 * DAY)
    house.vms.retain(20.5)
    assert target.put(source, copy.key, Told()).proof == copy.proof
    assert "it would be due to be deleted there at" in target.doubt(copy)


def test_what_an_evidence_lock_of_ours_is_on_may_be_fetched_again(house: House) -> None:
    target = house.target()
    source, copy = fetched(house, target)
    held = target.hold(copy, "Court case")
    house.vms.lose_footage(held.proof["vms_camera_id"], *_bounds(source))
    house.vms.retain(days=1 / 24)
    house.vms.advance(7200)
    target._vms.keeping.now = house.vms.world.now
    assert target.verify(expected(source), held).verdict is Verdict.MISSING, "no retention takes what is locked"
    again = target.put(source, copy.key, Told())
    assert again.proof["vms_camera_id"] == held.proof["vms_camera_id"]


# What is verified


def test_a_copy_ends_when_the_vms_deletes_it_in_time(house: House) -> None:
    house.vms.retain(days=7)
    target = by_its_clock(house)
    source, copy = fetched(house, target)
    assert target.doubt(copy) == ""
    house.vms.advance(timedelta(days=7).total_seconds())
    proof = target.verify(expected(source), copy)
    assert source.start_at is not None
    assert (proof.verdict, proof.ended_at) == (Verdict.ENDED, source.start_at + 7 * DAY)
    assert proof.reason == (
        f"Ended in the VMS: its retention of 7 days passed at {source.start_at + 7 * DAY:%Y-%m-%d %H:%M} UTC."
    )


def test_a_copy_whose_beginning_alone_is_gone_in_time_has_ended_too(house: House) -> None:
    house.vms.retain(days=7)
    target = by_its_clock(house)
    source, copy = fetched(house, target)
    house.vms.advance((7 * DAY - timedelta(hours=1) + LENGTH / 2).total_seconds())
    assert house.vms.frames(copy.proof["vms_camera_id"]), "the other half is still there"
    assert target.verify(expected(source), copy).verdict is Verdict.ENDED


def test_what_is_gone_before_its_time_is_missing_as_ever(house: House) -> None:
    house.vms.retain(days=7)
    target = by_its_clock(house)
    source, copy = fetched(house, target)
    house.vms.advance((5 * DAY).total_seconds())
    house.vms.lose_footage(copy.proof["vms_camera_id"], *_bounds(source))
    assert target.verify(expected(source), copy).verdict is Verdict.MISSING


def test_a_hole_in_what_is_younger_than_the_retention_is_damage_though_the_beginning_went_in_time(house: House) -> None:
    house.vms.retain(days=7)
    target, hour = by_its_clock(house), timedelta(hours=1)
    start = house.vms.world.now().replace(microsecond=0) - 5 * hour
    source = house.source(at=start, lasts=4 * hour)
    copy = target.put(source, "p/a.mp4", Told())
    house.vms.advance((7 * DAY - 4.5 * hour).total_seconds())
    assert target.verify(expected(source), copy).verdict is Verdict.ENDED
    house.vms.lose_footage(copy.proof["vms_camera_id"], start + 3 * hour, start + 3.5 * hour)
    assert target.verify(expected(source), copy).verdict is Verdict.DIFFERS


# What is not to be relied on alone


def test_a_copy_that_goes_soon_is_doubted_and_a_lock_is_no_reason_to_rely_on_it(house: House) -> None:
    house.vms.retain(days=7)
    target = by_its_clock(house)
    _, copy = fetched(house, target)
    assert isinstance(target, Perishable)
    house.vms.advance((6.9 * DAY).total_seconds())
    assert "the VMS keeps it for 7 days only: it would be due to be deleted there at" in target.doubt(copy)
    # Only what nothing holds is freed: a lock that is seen then is about to be released.
    assert "it would be due to be deleted there at" in target.doubt(target.hold(copy, "Court case"))


@pytest.mark.parametrize("asked", [STORAGE, ARCHIVES])
@pytest.mark.parametrize("status", [403, 404])
def test_a_retention_that_cannot_be_read_is_not_guessed(house: House, asked: str, status: int) -> None:
    target = house.target()
    source, copy = fetched(house, target, 270 * DAY)
    house.vms.faults.add(Status(status), asked, times=None)
    assert "how long the VMS keeps it could not be read" in target.doubt(copy)
    assert "How long it keeps recordings could not be read" in target.check().message
    # It is fetched all the same, and what is missing then may be anything.
    other = started(house, 200 * DAY)
    target.put(other, "p/b.mp4", Told())
    house.vms.lose_footage(copy.proof["vms_camera_id"], *_bounds(source))
    proof = target.verify(expected(source), copy)
    assert proof.verdict is Verdict.MISSING
    assert "How long it keeps recordings could not be read" in proof.reason


def test_a_retention_that_cannot_be_read_is_not_asked_for_again_at_once(house: House) -> None:
    """An hourly pass asks for each recording of a camera."""
    target = house.target()
    _, copy = fetched(house, target)
    house.vms.faults.add(Status(403), STORAGE)
    asked = len(house.vms.called(STORAGE))
    assert all("could not be read" in target.doubt(copy) for _ in range(3))
    assert len(house.vms.called(STORAGE)) == asked + 1
    assert house.target().doubt(copy) == "", "by then it can be read"


def test_that_a_copy_may_be_relied_on_is_said_by_the_vms_itself_each_time(house: House) -> None:
    house.vms.retain(days=7)
    target = house.target()
    _, old = fetched(house, target, 6 * DAY)
    _, young = fetched(house, target)
    house.vms.retain(days=5)
    assert target.doubt(old)
    assert target.doubt(young) == "", "what was read for the old one says nothing against it"
    house.vms.retain(days=1 / 24)
    assert target.doubt(young)


@pytest.mark.parametrize("told", [0, -1, True, "7", None])
def test_a_retention_that_makes_no_sense_is_unknown(house: House, told: object) -> None:
    target = house.target()
    _, copy = fetched(house, target)
    house.vms.every("storages")[0].fields["retainMinutes"] = 10**9
    assert target.doubt(copy) == "", "an absurdly long one is a long one"
    camera = copy.proof["vms_camera_id"]
    house.vms.every("storages")[0].fields["retainMinutes"] = told
    assert target._vms.keeping.retention(camera).lasts is None


def test_trouble_on_the_way_is_no_answer_about_retention(house: House) -> None:
    target = house.target()
    _, copy = fetched(house, target)
    house.vms.faults.add(Drop(), STORAGE)
    with pytest.raises(TransientFailure):
        target.doubt(copy)


def test_an_archive_that_keeps_fewer_pictures_is_not_relied_on(house: House) -> None:
    house.vms.retain(7, 90)
    target = house.target()
    _, copy = fetched(house, target)
    (archive,) = house.vms.every("archiveStorages")
    archive.fields["framerateReductionEnabled"] = False
    assert target.doubt(copy) == ""
    archive.fields["framerateReductionEnabled"] = True
    assert target.doubt(copy) == "the VMS keeps fewer pictures than were recorded once it is in “Archive 1”"
    assert "for 90 days, with fewer pictures in “Archive 1”: no file here is freed for it." in target.check().message


def test_the_check_tells_how_long_recordings_are_kept(house: House) -> None:
    house.vms.retain(7, 36 / 24 * 20.5)
    target = house.target()
    fetched(house, target)
    report = target.check()
    assert "It keeps what the camera “yard” records for 738 hours." in report.message
    assert report.details["retention_minutes"] == 738 * 60


def _bounds(source: Source) -> tuple[datetime, datetime]:
    assert source.start_at is not None
    assert source.end_at is not None
    assert source.start_at.tzinfo is UTC
    return source.start_at, source.end_at + timedelta(seconds=1)
