"""One Drive target under many threads, and with credentials that change while it runs."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backend.errors import TargetParked, TransferCancelled
from tests.contract.conftest import Video
from tests.contract.drive_uploads import KEY, Meanwhile, failure_of, is_right, small_chunks
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import CancelAt, Told

_THREADS = 8


@pytest.fixture
def small(make_video: Callable[..., Video]) -> Video:
    return make_video(1000)


def test_many_threads_share_one_target_and_none_a_connection(team: DrivePlace, small: Video) -> None:
    target = team.target()
    keys = [f"project_{n % 2}/{n}.mp4" for n in range(_THREADS * 30)]

    def put(key: str) -> str:
        return str(target.put(small.source, key, Told(is_first=True)).proof["file_id"])

    with ThreadPoolExecutor(_THREADS) as threads:
        ids = list(threads.map(put, keys))

    assert team.objects() == dict.fromkeys(keys, small.content)
    assert len(set(ids)) == len(keys)
    # One for each thread, kept from put to put.
    assert len(team.server._http.connections) <= _THREADS


def test_large_and_small_files_at_once_do_not_meet(team: DrivePlace, make_video: Callable[..., Video]) -> None:
    target = small_chunks(team)
    videos = {f"project_a/{n}.mp4": make_video(1000 if n % 2 else 2 * MIB + n, f"seed {n}") for n in range(16)}
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(lambda item: target.put(item[1].source, item[0], Told()), videos.items()))
    assert team.objects() == {key: video.content for key, video in videos.items()}


def test_cancelled_puts_leave_a_pool_that_works(team: DrivePlace, clip: Video) -> None:
    target = small_chunks(team)

    def cancelled(number: int) -> None:
        transfer = CancelAt(is_first=True, at_bytes=number * 400_000 + 1)
        with pytest.raises(TransferCancelled):
            target.put(clip.source, f"project_a/{number}.mp4", transfer)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(cancelled, range(8)))

    assert team.objects() == {}
    assert is_right(team, clip, target, target.put(clip.source, KEY, Told()))


def test_credentials_that_are_replaced_are_used_by_the_next_put(team: DrivePlace, small: Video) -> None:
    key = Path(team.file("changing.json", team.account))
    target = team.target(credentials=str(key))
    target.put(small.source, "project_a/1.mp4", Told())
    team.server.revoke(team.account["client_email"])
    team.server.expire_tokens()
    assert isinstance(failure_of(target, small, Told()), TargetParked)

    other = team.server.service_account("second@holdfast.iam.gserviceaccount.com")
    team.server.set_member(team.drive_id, other["client_email"], "fileOrganizer")
    team.file("changing.json", other)
    target.put(small.source, "project_a/2.mp4", Told())

    assert set(team.objects()) == {"project_a/1.mp4", "project_a/2.mp4"}
    asked = [request.authorised_as for request in team.server.requests]
    assert asked[-1] == other["client_email"]
    assert team.server.requests[-1].status == 200


def test_credentials_that_go_away_and_come_back_park_the_target_only_in_between(team: DrivePlace, small: Video) -> None:
    key = Path(team.file("changing.json", team.account))
    target = team.target(credentials=str(key))
    target.put(small.source, "project_a/1.mp4", Told())
    key.write_text("{")
    failure = failure_of(target, small, Told())
    assert isinstance(failure, TargetParked)
    assert "changing.json" in failure.message
    key.unlink()
    assert "is not there" in failure_of(target, small, Told()).message
    team.file("changing.json", team.account)
    target.put(small.source, "project_a/2.mp4", Told())
    assert set(team.objects()) == {"project_a/1.mp4", "project_a/2.mp4"}


def test_credentials_that_are_replaced_under_a_running_put_do_not_stop_it(team: DrivePlace, clip: Video) -> None:
    key = Path(team.file("changing.json", team.account))
    target = small_chunks(team, credentials=str(key))
    other = team.server.service_account("second@holdfast.iam.gserviceaccount.com")
    team.server.set_member(team.drive_id, other["client_email"], "fileOrganizer")
    team.server.faults.add(Meanwhile(lambda: team.file("changing.json", other)), on="session", skip=1)

    copy = target.put(clip.source, KEY, Told())

    assert is_right(team, clip, target, copy)
    target.put(clip.source, KEY, Told())
    assert team.server.requests[-1].authorised_as == other["client_email"]
