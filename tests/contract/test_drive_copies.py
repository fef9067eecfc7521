"""Copies in Drive: never two that last, looked at, read back and deleted by what Drive itself says."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.errors import PermanentFailure, TargetError, TransientFailure
from backend.targets.base import Deletable, Readable, RemoteCopy, Target, Verdict
from tests.contract.conftest import Video
from tests.contract.drive_uploads import KEY, failure_of, is_right, puts_until_right, small_chunks
from tests.contract.places import MIB, DrivePlace
from tests.contract.transfers import Told
from tests.services.drive.faults import Answer, DropMiddle, forbidden, status
from tests.services.drive.replies import json_reply

_BOT = "bot@holdfast.iam.gserviceaccount.com"


def remove(target: Target, copy: RemoteCopy) -> None:
    assert isinstance(target, Deletable)
    target.delete(copy)


def read(target: Target, copy: RemoteCopy) -> bytes:
    assert isinstance(target, Readable)
    return b"".join(target.read(copy))


# One file


@pytest.mark.parametrize("size_bytes", [1000, 3 * MIB + 7])
@pytest.mark.parametrize("frozen", [False, True], ids=["", "listing lags"])
def test_two_puts_of_one_video_with_one_state_end_in_one_file(
    team: DrivePlace, make_video: Callable[..., Video], size_bytes: int, frozen: bool
) -> None:
    video = make_video(size_bytes)
    first = Told()
    team.server.faults.add(status(503), on="start", times=4)
    failure_of(small_chunks(team), video, first)
    team.server.faults.clear()
    if "file_id" not in first.resume:
        # It ended before an id was stored; give both the one that the next attempt stores.
        team.server.faults.add(status(503), on="session", times=4)
        failure_of(small_chunks(team), video, first)
        team.server.faults.clear()
    if frozen:
        team.server.freeze_listing()

    def put(_: int) -> None:
        puts_until_right(small_chunks(team), video, Told(resume=dict(first.resume)))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(put, range(4)))

    assert team.objects() == {KEY: video.content}


def test_copies_that_lost_states_made_are_reduced_to_one_that_was_seen_to_be_right(
    team: DrivePlace, clip: Video
) -> None:
    team.server.freeze_listing()
    for _ in range(3):
        small_chunks(team).put(clip.source, KEY, Told())
    files = team.server.live_files()
    assert len(files) == 3, "without the listing nobody can know"
    team.server.thaw_listing()
    team.server.replace_content(files[0].id, b"spoiled")

    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told())

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] in {file.id for file in files[1:]}


def test_while_none_is_right_none_is_removed(team: DrivePlace, clip: Video) -> None:
    team.server.freeze_listing()
    for _ in range(2):
        small_chunks(team).put(clip.source, KEY, Told())
    team.server.thaw_listing()
    for file in team.server.live_files():
        team.server.replace_content(file.id, b"spoiled")
    team.server.faults.add(status(503), on="session", skip=1, times=None)

    failure_of(small_chunks(team), clip, Told())

    assert [file.content for file in team.server.live_files()] == [b"spoiled"] * 2
    team.server.faults.clear()
    puts_until_right(small_chunks(team), clip, Told())
    small_chunks(team).put(clip.source, KEY, Told())
    assert team.objects() == {KEY: clip.content}


def test_a_first_attempt_searches_for_nothing_and_any_other_does(
    team: DrivePlace, make_video: Callable[..., Video]
) -> None:
    video, target = make_video(1000), team.target()
    first = target.put(video.source, KEY, Told(is_first=True))
    searches = [r for r in team.server.requests if "holdfast_key" in r.query.get("q", "")]
    assert searches == []
    assert target.put(video.source, KEY, Told()) == first
    assert target.put(video.source, KEY, Told(is_first=True, resume=dict(first.proof))) == first
    assert len(team.server.live_files()) == 1


def test_a_right_file_in_the_trash_does_not_count_and_is_not_taken_out(team: DrivePlace, clip: Video) -> None:
    target, transfer = small_chunks(team), Told()
    first = target.put(clip.source, KEY, transfer)
    team.server.trash(first.proof["file_id"])

    proof = target.verify(clip.expected, first)
    assert proof.verdict is Verdict.MISSING
    assert "trash" in proof.reason
    copy = target.put(clip.source, KEY, transfer)

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] != first.proof["file_id"]
    trashed = team.server.file(first.proof["file_id"])
    assert trashed is not None
    assert trashed.trashed


def test_a_file_that_people_moved_and_renamed_is_still_the_copy(team: DrivePlace, clip: Video) -> None:
    target, transfer = small_chunks(team), Told()
    copy = target.put(clip.source, KEY, transfer)
    item = team.server.world.items[copy.proof["file_id"]]
    item.name, item.parent_id = "The wedding.mp4", team.server.folder("Mine", parent=team.drive_id)
    sent = team.server.upload_bytes()

    for known in (transfer, Told()):
        assert target.put(clip.source, KEY, known).proof == copy.proof
    assert target.verify(clip.expected, copy).verdict is Verdict.MATCHES
    assert team.server.upload_bytes() == sent


@pytest.mark.parametrize("number", [0, 1])
def test_without_a_sha256_of_drives_the_md5_is_enough_and_without_a_proof_it_is_read_back(
    team: DrivePlace, clip: Video, number: int
) -> None:
    team.server.world.leaves_out_sha256 = True
    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told())

    proof = target.verify(clip.expected, copy if number else RemoteCopy(KEY, {"file_id": copy.proof["file_id"]}))

    assert proof.verdict is Verdict.MATCHES
    assert (proof.checksum or "").startswith("md5:" if number else "sha256:")
    team.server.replace_content(copy.proof["file_id"], clip.content[:-1] + b"?")
    assert target.verify(clip.expected, RemoteCopy(KEY)).verdict is Verdict.DIFFERS
    assert target.verify(clip.expected, copy).verdict is Verdict.DIFFERS


def test_the_proof_names_the_file_and_no_secret(team: DrivePlace, clip: Video) -> None:
    copy = small_chunks(team).put(clip.source, KEY, Told())
    assert set(copy.proof) == {"file_id", "md5"}
    assert copy.link == team.server.live_files()[0].link
    assert "upload_id" not in json.dumps([copy.link, dict(copy.proof)])


# Deleting


@pytest.mark.parametrize("role", ["organizer", "fileOrganizer"])
@pytest.mark.parametrize("with_proof", [True, False])
def test_deleting_goes_as_far_as_we_may(team: DrivePlace, clip: Video, role: str, with_proof: bool) -> None:
    team.server.set_member(team.drive_id, _BOT, role)
    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told())

    for _ in range(2):
        remove(target, copy if with_proof else RemoteCopy(KEY))

    left = team.server.file(copy.proof["file_id"])
    assert team.objects() == {}
    if role == "organizer":
        assert left is None
    else:
        assert left is not None
        assert left.trashed


def test_deleting_without_a_proof_removes_every_copy_of_that_key_and_no_other(team: DrivePlace, clip: Video) -> None:
    team.server.freeze_listing()
    for _ in range(3):
        small_chunks(team).put(clip.source, KEY, Told())
    small_chunks(team).put(clip.source, "project_a/other.mp4", Told())
    team.server.thaw_listing()
    remove(small_chunks(team), RemoteCopy(KEY))
    assert set(team.objects()) == {"project_a/other.mp4"}


def test_deleting_ends_though_the_listing_still_shows_what_is_gone(team: DrivePlace, clip: Video) -> None:
    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told())
    shown = {"id": copy.proof["file_id"], "name": "x", "size": "1", "trashed": False}
    team.server.faults.add(Answer(json_reply({"files": [shown]})), method="GET", path="/drive/v3/files$", times=None)

    remove(target, RemoteCopy(KEY))

    assert team.objects() == {}
    assert len(team.server.requests) < 40


def test_who_may_neither_delete_nor_trash_is_told_so(team: DrivePlace, clip: Video) -> None:
    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told())
    team.server.set_member(team.drive_id, _BOT, "writer")
    with pytest.raises(TargetError, match="Share the folder"):
        remove(target, copy)
    assert team.objects() == {KEY: clip.content}


# Reading


def test_reading_asks_for_ranges_and_gives_every_byte_once(team: DrivePlace, make_video: Callable[..., Video]) -> None:
    video, target = make_video(18 * MIB + 5), team.target()
    copy = target.put(video.source, KEY, Told())
    assert read(target, copy) == video.content
    ranges = [r.headers.get("range") for r in team.server.requests if r.kind == "download"]
    assert len(ranges) == 3
    assert None not in ranges


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_read_that_breaks_raises_and_never_gives_a_short_copy(
    team: DrivePlace, make_video: Callable[..., Video], skip: int
) -> None:
    video, target = make_video(18 * MIB + 5), team.target()
    copy = target.put(video.source, KEY, Told())
    for fault in (status(503), DropMiddle()):
        team.server.faults.add(fault, on="download", skip=skip, times=None)
        with pytest.raises(TransientFailure):
            read(target, copy)
        team.server.faults.clear()
    assert read(target, copy) == video.content


@pytest.mark.parametrize("how", ["remove", "cut", "empty"])
def test_a_copy_that_changes_while_it_is_read_is_never_called_whole(
    team: DrivePlace, make_video: Callable[..., Video], how: str
) -> None:
    video, target = make_video(18 * MIB + 5), team.target()
    copy = target.put(video.source, KEY, Told())
    assert isinstance(target, Readable)
    pieces = iter(target.read(copy))
    got = [next(pieces)]
    if how == "remove":
        team.server.remove(copy.proof["file_id"])
    else:
        team.server.replace_content(copy.proof["file_id"], b"" if how == "empty" else video.content[: 8 * MIB])
    with pytest.raises(TargetError):
        got += list(pieces)
    assert video.content.startswith(b"".join(got))


_ABUSIVE = "This file has been identified as malware or spam and cannot be downloaded."


@pytest.mark.parametrize("skip", [0, 1])
def test_a_copy_that_drive_takes_for_malware_is_read_by_acknowledging_it(
    team: DrivePlace, make_video: Callable[..., Video], skip: int
) -> None:
    video, target = make_video(9 * MIB), team.target()
    copy = target.put(video.source, KEY, Told())
    team.server.faults.add(forbidden("cannotDownloadAbusiveFile", _ABUSIVE), on="download", skip=skip)
    if skip:
        # What was given already must not be given twice.
        with pytest.raises(PermanentFailure, match="malware"):
            read(target, copy)
    else:
        assert read(target, copy) == video.content
        asked = [r.query.get("acknowledgeAbuse") for r in team.server.requests if r.kind == "download"]
        assert asked[-1] == "true"


def test_who_may_not_acknowledge_it_is_told_so_after_two_requests(team: DrivePlace, clip: Video) -> None:
    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told())
    team.server.faults.add(forbidden("cannotDownloadAbusiveFile", _ABUSIVE), on="download", times=None)
    with pytest.raises(PermanentFailure, match=r"malware.*another copy"):
        read(target, copy)
    assert len([r for r in team.server.requests if r.kind == "download"]) == 2
