"""What the Drive target makes of each thing that goes wrong on the way: refused, dropped, lost, gone, lied about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from backend.errors import TransientFailure
from backend.targets.base import Verdict
from tests.contract.conftest import Video
from tests.contract.drive_uploads import (
    KEY,
    Meanwhile,
    appears,
    begun,
    chunks,
    failure_of,
    is_right,
    last_chunk,
    puts_until_right,
    small_chunks,
)
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import Told
from tests.services.drive.faults import (
    Answer,
    Damage,
    DropAfter,
    DropBefore,
    DropMiddle,
    EmptyAnswer,
    Fault,
    Hang,
    LoseSession,
    RevokeToken,
    error_is_text,
    forbidden,
    html_page,
    message_is_no_text,
    status,
)
from tests.services.drive.plan import Kind
from tests.services.drive.replies import json_reply

_PASSING: list[Fault] = [
    DropBefore(),
    DropBefore(reset=False),
    DropMiddle(0.1),
    DropMiddle(0.9),
    DropAfter(),
    DropAfter(reset=False),
    status(500),
    status(502),
    status(503),
    status(504),
    status(503, stored=True),
    html_page(),
    error_is_text(),
    message_is_no_text(),
    EmptyAnswer(),
    RevokeToken(),
    forbidden("rateLimitExceeded"),
    forbidden("userRateLimitExceeded"),
    status(429, retry_after_seconds=1),
    Answer(json_reply({"error": {"code": 403, "message": {"a": 1}, "errors": 7}}, 503)),
]


_STAGES: dict[str, tuple[Kind, Callable[[Video], int]]] = {
    "start": ("start", lambda _: 0),
    "first chunk": ("session", lambda _: 0),
    "second chunk": ("session", lambda _: 1),
    "last chunk": ("session", last_chunk),
    "first look": ("metadata", lambda _: 0),
    "second look": ("metadata", lambda _: 1),
}


@pytest.mark.parametrize("stage", _STAGES)
def test_what_passes_costs_one_chunk_at_most_and_ends_in_one_right_file(
    team: DrivePlace, clip: Video, stage: str
) -> None:
    on, skip = _STAGES[stage]
    target = small_chunks(team)
    for number, fault in enumerate(_PASSING):
        before_bytes, before_starts = team.server.upload_bytes(), len(begun(team))
        team.server.faults.add(fault, on=on, skip=skip(clip))

        puts_until_right(target, clip, Told(), key=f"project_a/{number}.mp4", most=2)

        assert len(team.server.faults.hits) == number + 1
        assert team.server.upload_bytes() - before_bytes <= clip.source.size_bytes + MIB, fault
        # A start whose answer was lost left a session that nobody knows of; else there is one.
        assert len(begun(team)) - before_starts <= (2 if on == "start" else 1), fault
    assert team.objects() == {f"project_a/{number}.mp4": clip.content for number in range(len(_PASSING))}


def test_a_small_file_whose_one_request_goes_wrong_is_one_file_all_the_same(
    team: DrivePlace, make_video: Callable[..., Video]
) -> None:
    video, target = make_video(1000), small_chunks(team)
    for number, fault in enumerate(_PASSING):
        transfer = Told(is_first=True)
        team.server.faults.add(fault, on="start")

        copy = puts_until_right(target, video, transfer, key=f"project_a/{number}.mp4", most=2)

        assert copy.proof["file_id"] == transfer.resume["file_id"], fault
    assert team.objects() == {f"project_a/{number}.mp4": video.content for number in range(len(_PASSING))}


_ODD: list[object] = [[], 7, None, "x", {}, {"id": 7}, {"ids": None}, {"ids": []}, {"files": 7}, {"files": [7]}]


@pytest.mark.parametrize("skip", [0, 1, 2, 3])
def test_an_odd_answer_to_a_look_is_passing_trouble(
    team: DrivePlace, make_video: Callable[..., Video], skip: int
) -> None:
    video = make_video(1000)
    for count, (odd, number) in enumerate((odd, number) for odd in _ODD for number in (200, 503)):
        target = small_chunks(team)
        team.server.faults.add(Answer(json_reply(odd, number)), on="metadata", skip=skip)
        puts_until_right(target, video, Told(), key=f"project_a/{count}.mp4")
        team.server.faults.clear()

    assert team.objects() == {f"project_a/{count}.mp4": video.content for count in range(2 * len(_ODD))}


@pytest.mark.parametrize("odd", [[], 7, None, "x", {}, {"webViewLink": 7}])
def test_an_odd_last_answer_is_checked_like_any_other(team: DrivePlace, clip: Video, odd: object) -> None:
    target = small_chunks(team)
    team.server.faults.add(Answer(json_reply(odd), stored=True), on="session", skip=last_chunk(clip))

    copy = puts_until_right(target, clip, Told(), most=2)

    assert is_right(team, clip, target, copy)
    assert team.server.upload_bytes() == clip.source.size_bytes


@pytest.mark.parametrize("fault", [DropAfter(), status(503, stored=True), EmptyAnswer()], ids=repr)
def test_a_lost_last_answer_costs_no_byte(team: DrivePlace, clip: Video, fault: Fault) -> None:
    target = small_chunks(team)
    team.server.faults.add(fault, on="session", skip=last_chunk(clip))

    copy = target.put(clip.source, KEY, Told())

    assert is_right(team, clip, target, copy)
    # httplib2 itself sends a request again whose connection broke.
    again = MIB if isinstance(fault, DropAfter) else 0
    assert team.server.upload_bytes() <= clip.source.size_bytes + again
    assert copy.link == team.server.live_files()[0].link


def test_a_last_answer_that_was_lost_together_with_the_worker_is_found_by_one_look(
    team: DrivePlace, clip: Video
) -> None:
    transfer = Told()
    team.server.faults.add(status(503, stored=True), on="session", skip=last_chunk(clip))
    team.server.faults.add(status(503), on="session", skip=last_chunk(clip))
    failure_of(small_chunks(team), clip, transfer)
    sent_bytes = team.server.upload_bytes()

    copy = small_chunks(team).put(clip.source, KEY, Told(resume=transfer.resume))

    assert is_right(team, clip, small_chunks(team), copy)
    assert team.server.upload_bytes() == sent_bytes


def test_a_token_that_ends_in_the_middle_is_renewed_and_the_session_goes_on(team: DrivePlace, clip: Video) -> None:
    target = small_chunks(team)
    team.server.faults.add(RevokeToken(), on="session", skip=1, times=2)

    copy = target.put(clip.source, KEY, Told())

    assert is_right(team, clip, target, copy)
    assert len(begun(team)) == 1
    assert team.server.upload_bytes() <= clip.source.size_bytes + 2 * MIB


@pytest.mark.parametrize("number", [400, 404, 410, 412, 499])
@pytest.mark.parametrize("skip", [0, 2, 3])
def test_a_session_that_is_gone_is_begun_anew_with_the_same_id(
    team: DrivePlace, clip: Video, number: int, skip: int
) -> None:
    transfer, target = Told(), small_chunks(team)
    team.server.faults.add(LoseSession(number), on="session", skip=skip)

    failure = failure_of(target, clip, transfer)
    file_id = transfer.resume["file_id"]
    assert isinstance(failure, TransientFailure)
    assert "session" not in transfer.resume
    copy = target.put(clip.source, KEY, transfer)

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] == file_id
    assert len(begun(team)) == 2


@pytest.mark.parametrize("number", [404, 410])
def test_a_session_that_ended_between_two_attempts_is_begun_anew_in_the_second(
    team: DrivePlace, clip: Video, number: int
) -> None:
    transfer, target = Told(), small_chunks(team)
    team.server.faults.add(status(503), on="session", skip=2, times=4)
    failure_of(target, clip, transfer)
    file_id, session = transfer.resume["file_id"], transfer.resume["session"]
    team.server.faults.clear()
    team.server.expire_sessions(number)

    copy = target.put(clip.source, KEY, transfer)

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] == file_id
    assert transfer.resume["session"] != session


@pytest.mark.parametrize("size_bytes", [1000, 3 * MIB + 7])
@pytest.mark.parametrize("at_end", [False, True], ids=["at the start", "at the end"])
@pytest.mark.parametrize(
    ("right", "then", "same_id"),
    [(True, "", True), (False, "", True), (True, "trashed", False), (True, "removed", False)],
    ids=["right", "wrong", "in the trash", "deleted for ever"],
)
def test_an_id_that_is_taken_meanwhile_is_looked_at_never_believed(
    team: DrivePlace, make_video: Callable[..., Video], size_bytes: int, at_end: bool, right: bool, then: str,
    same_id: bool,
) -> None:  # fmt: skip
    video, target = make_video(size_bytes), small_chunks(team)
    # An attempt that left its id and nothing else.
    file_id = _new_id(team)
    transfer = Told(resume={"file_id": file_id, "sha256": video.source.sha256})
    taken = appears(team, transfer, video.content if right else b"x" * size_bytes, then=then)
    in_session = at_end and size_bytes > MIB
    team.server.faults.add(
        Meanwhile(taken), on="session" if in_session else "start", skip=last_chunk(video) if in_session else 0
    )

    copy = target.put(video.source, KEY, transfer)

    assert len(team.server.faults.hits) > 0
    assert (copy.proof["file_id"] == file_id) is same_id
    assert [file.content for file in team.server.live_files()] == [video.content]
    assert target.verify(video.expected, copy).verdict is Verdict.MATCHES


def _new_id(team: DrivePlace) -> str:
    world = team.server.world
    with world.lock:
        file_id = world.new_id()
        world.issued_ids.add(file_id)
    return file_id


def test_an_id_that_drive_never_gave_out_is_replaced(team: DrivePlace, clip: Video) -> None:
    target = small_chunks(team)
    transfer = Told(resume={"file_id": "1" + "x" * 32, "sha256": clip.source.sha256})

    copy = puts_until_right(target, clip, transfer, most=2)

    assert is_right(team, clip, target, copy)
    assert len(chunks(team)) == last_chunk(clip) + 1


def test_damage_behind_a_good_answer_is_seen_and_the_same_file_is_put_right(team: DrivePlace, clip: Video) -> None:
    transfer, target = Told(), small_chunks(team)
    team.server.faults.add(Damage(), on="session", skip=last_chunk(clip))

    copy = target.put(clip.source, KEY, transfer)
    assert target.verify(clip.expected, copy).verdict is Verdict.DIFFERS
    assert team.objects() != {KEY: clip.content}
    again = target.put(clip.source, KEY, transfer)

    assert again.proof == copy.proof
    assert is_right(team, clip, target, again)


@pytest.mark.parametrize("on", ["start", "session", "metadata", "token"])
def test_a_server_that_does_not_answer_is_given_up_in_time(team: DrivePlace, clip: Video, on: Any) -> None:
    transfer, target = Told(), small_chunks(team, read_timeout_seconds=0.3)
    team.server.faults.add(lambda: Hang(60), on=on, times=None)

    failure = failure_of(target, clip, transfer)

    assert isinstance(failure, TransientFailure)
    assert len(team.server.requests) < 12
    team.server.faults.clear()
    target = small_chunks(team)
    assert is_right(team, clip, target, puts_until_right(target, clip, transfer))
