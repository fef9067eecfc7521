"""Drive's limits: what passes by itself, what parks the target, how long it wishes us to wait, and who waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.errors import TargetParked, TransientFailure
from tests.contract.conftest import Video
from tests.contract.drive_uploads import KEY, begun, failure_of, is_right, small_chunks
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import Told
from tests.services.drive.faults import Answer, Fault, daily_750_gb, forbidden, status
from tests.services.drive.replies import error_reply

_FULL: dict[str, Callable[[], Fault]] = {
    "750 GB": daily_750_gb,
    "is full": lambda: forbidden("storageQuotaExceeded"),
    "quota of": lambda: forbidden("quotaExceeded", "The quota is used up."),
    "400,000": lambda: forbidden("teamDriveFileLimitExceeded"),
    "project's daily limit": lambda: forbidden("dailyLimitExceeded"),
}
_SLOW: list[Callable[[], Fault]] = [
    lambda: forbidden("rateLimitExceeded"),
    lambda: forbidden("userRateLimitExceeded"),
    lambda: status(429),
]


@pytest.mark.parametrize("words", _FULL)
@pytest.mark.parametrize(("on", "skip"), [("start", 0), ("session", 2), ("session", 3)])
def test_an_account_that_is_full_parks_the_target_in_words_and_keeps_what_was_sent(
    team: DrivePlace, clip: Video, words: str, on: Any, skip: int
) -> None:
    transfer, target = Told(), small_chunks(team)
    team.server.faults.add(_FULL[words], on=on, skip=skip, times=None)

    failure = failure_of(target, clip, transfer)

    assert isinstance(failure, TargetParked)
    assert words in failure.message
    assert (failure.retry_after_seconds or 0) >= 900
    assert team.server.requests[-1].status == 403, "nothing is asked after the refusal"
    assert ("session" in transfer.resume) is (on == "session")

    team.server.faults.clear()
    copy = target.put(clip.source, KEY, transfer)
    assert is_right(team, clip, target, copy)
    assert team.server.upload_bytes() <= clip.source.size_bytes + MIB
    assert len(begun(team)) == (2 if on == "start" else 1)


def test_a_check_says_the_same_of_an_account_that_is_full(team: DrivePlace) -> None:
    team.server.faults.add(daily_750_gb, on="start", times=None)
    report = team.target().check()
    assert not report.ok
    assert "750 GB" in report.message
    team.server.faults.clear()
    assert team.target().check().ok


def test_a_start_that_finds_nothing_is_told_as_that_and_not_as_another_workers_doing(
    team: DrivePlace, clip: Video
) -> None:
    team.server.faults.add(Answer(error_reply(404, "notFound", "File not found: x.")), on="start", times=None)
    failure = failure_of(small_chunks(team), clip, Told())
    assert isinstance(failure, TransientFailure)
    assert "does not find the folder or file" in failure.message


@pytest.mark.parametrize("number", range(len(_SLOW)))
@pytest.mark.parametrize(("on", "skip"), [("start", 0), ("session", 2), ("metadata", 0)])
def test_a_rate_limit_is_passing_and_is_not_pressed(
    team: DrivePlace, clip: Video, number: int, on: Any, skip: int
) -> None:
    transfer, target = Told(), small_chunks(team)
    team.server.faults.add(_SLOW[number], on=on, skip=skip, times=None)

    failure = failure_of(target, clip, transfer)

    assert isinstance(failure, TransientFailure)
    assert "slow down" in failure.message
    refused = [request for request in team.server.requests if request.status in (403, 429)]
    assert refused == team.server.requests[-1:], "it asked again"
    team.server.faults.clear()
    assert is_right(team, clip, target, target.put(clip.source, KEY, transfer))


@pytest.mark.parametrize("number", [403, 429, 503])
@pytest.mark.parametrize(("on", "skip"), [("start", 0), ("session", 2), ("metadata", 0)])
def test_a_wish_to_wait_is_passed_on_and_nothing_is_asked_meanwhile(
    team: DrivePlace, clip: Video, number: int, on: Any, skip: int
) -> None:
    transfer, target = Told(), small_chunks(team)
    refusal = error_reply(number, "rateLimitExceeded", "Rate Limit Exceeded", headers={"Retry-After": "17"})
    team.server.faults.add(Answer(refusal), on=on, skip=skip)

    failure = failure_of(target, clip, transfer)

    assert (type(failure), failure.retry_after_seconds) == (TransientFailure, 17)
    assert team.server.requests[-1].status == number
    copy = target.put(clip.source, KEY, transfer)
    assert is_right(team, clip, target, copy)
    assert len(begun(team)) == (2 if on == "start" else 1)


@pytest.mark.parametrize("on", ["start", "session", "metadata"])
def test_a_refusal_that_nobody_knows_parks_the_target_with_googles_words(
    team: DrivePlace, clip: Video, on: Any
) -> None:
    team.server.faults.add(forbidden("brandNew", "Ask your aunt."), on=on)
    failure = failure_of(small_chunks(team), clip, Told())
    assert isinstance(failure, TargetParked)
    assert "brandNew" in failure.message
    assert "Ask your aunt" in failure.message


def test_a_service_account_outside_a_shared_drive_is_told_what_to_choose(team: DrivePlace, clip: Video) -> None:
    team.server.person("ann@example.org")
    folder = team.server.folder("Videos", owner="ann@example.org", shared_with={team.account["client_email"]: "writer"})
    failure = failure_of(small_chunks(team, folder_id=folder), clip, Told())
    assert isinstance(failure, TargetParked)
    for remedy in ("shared drive", "subject", "targets login drive"):
        assert remedy in failure.message


def test_a_person_whose_drive_is_full_frees_some_and_it_goes_on(team: DrivePlace, clip: Video) -> None:
    team.server.person("ann@example.org", quota_bytes=4 * MIB)
    ann = team.file("ann.json", team.server.authorised_user("ann@example.org"))
    target = small_chunks(team, credentials=ann, folder_id=team.server.folder("Videos", owner="ann@example.org"))
    big = target.put(clip.source, "project_a/first.mp4", Told())
    transfer = Told()
    failure = failure_of(target, clip, transfer)
    assert isinstance(failure, TargetParked)
    assert "Free space" in failure.message

    team.server.remove(big.proof["file_id"])

    assert target.put(clip.source, KEY, transfer).proof["file_id"]
    assert [file.content for file in team.server.live_files()] == [clip.content]


def test_a_probe_that_meets_a_used_up_quota_asks_to_be_left_alone_for_long(team: DrivePlace) -> None:
    target = team.target()
    assert target.check().retry_after_seconds is None
    team.server.faults.add(daily_750_gb(), method="POST", path="upload")

    report = target.check()

    assert not report.ok
    assert report.retry_after_seconds is not None
    assert report.retry_after_seconds >= 15 * 60


def test_a_check_tells_what_needs_a_person_from_what_passes(team: DrivePlace) -> None:
    target = team.target()
    team.server.faults.add(status(503), times=None)
    assert not target.check().needs_person
    team.server.faults.clear()
    team.server.set_member(team.drive_id, team.account["client_email"], None)
    assert target.check().needs_person
