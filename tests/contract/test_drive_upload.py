"""Uploads to Drive over the wire: what is stored when, how files are cut, and what Drive says to have is believed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from backend.errors import TransientFailure
from tests.contract.conftest import Video
from tests.contract.drive_uploads import (
    BLOCK,
    KEY,
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
from tests.services.drive.content import BLOCK_BYTES
from tests.services.drive.faults import Answer, Fault, GoBack, KeepLess
from tests.services.drive.replies import Reply
from tests.services.drive.server import DriveServer

MakeVideo = Callable[..., Video]


class Watching(Told):
    """Notes what had reached the server when a state was stored."""

    def __init__(self, server: DriveServer) -> None:
        super().__init__(is_first=True)
        self._server = server
        self.stored: list[tuple[str, int]] = []

    def save_resume(self, state: Mapping[str, Any]) -> None:
        super().save_resume(state)
        small = sum(r.body_bytes for r in self._server.requests if r.query.get("uploadType") == "multipart")
        self.stored.append((str(state.get("file_id")), self._server.upload_bytes() + small))


@pytest.mark.parametrize("size_bytes", [1000, 3 * MIB + 7])
def test_the_id_of_the_file_is_stored_before_its_first_byte_travels(
    team: DrivePlace, make_video: MakeVideo, size_bytes: int
) -> None:
    video, transfer = make_video(size_bytes), Watching(team.server)

    copy = small_chunks(team).put(video.source, KEY, transfer)

    assert transfer.stored[0] == (copy.proof["file_id"], 0)
    assert {file_id for file_id, _ in transfer.stored} == {copy.proof["file_id"]}
    assert [file.id for file in team.server.live_files()] == [copy.proof["file_id"]]


@pytest.mark.parametrize("size_bytes", [1, 1000, MIB - 1, MIB])
def test_a_small_file_goes_in_one_request(team: DrivePlace, make_video: MakeVideo, size_bytes: int) -> None:
    video, target = make_video(size_bytes), small_chunks(team)

    copy = target.put(video.source, KEY, Told(is_first=True))

    assert is_right(team, video, target, copy)
    assert [request.query["uploadType"] for request in begun(team)] == ["multipart"]
    assert copy.proof["md5"] == hashlib.md5(video.content).hexdigest()


@pytest.mark.parametrize("size_bytes", [MIB + 1, 2 * MIB - BLOCK, 2 * MIB, 2 * MIB + BLOCK + 1, 5 * MIB + 17])
def test_a_larger_file_is_cut_in_chunks_of_whole_blocks_and_no_byte_goes_twice(
    team: DrivePlace, make_video: MakeVideo, size_bytes: int
) -> None:
    video, target = make_video(size_bytes), small_chunks(team)

    copy = target.put(video.source, KEY, Told())

    assert is_right(team, video, target, copy)
    *full, last = [request.body_bytes for request in chunks(team)]
    assert set(full) == {MIB}
    assert last == size_bytes - MIB * len(full)
    assert last <= MIB
    assert copy.proof["md5"] == hashlib.md5(video.content).hexdigest()
    assert len(begun(team)) == 1


def test_every_request_says_that_shared_drives_are_meant(team: DrivePlace, clip: Video) -> None:
    small_chunks(team).put(clip.source, KEY, Told())

    calls = [r for r in team.server.requests if r.kind in ("start", "metadata") and "generateIds" not in str(r)]
    assert {request.query.get("supportsAllDrives") for request in calls} == {"true"}


@pytest.mark.parametrize("fault", [KeepLess(1), KeepLess(3), KeepLess(0), GoBack(1), GoBack(4), GoBack(99)], ids=repr)
@pytest.mark.parametrize("skip", [0, 1, 3])
def test_what_drive_says_to_have_is_believed_even_when_it_goes_back(
    team: DrivePlace, clip: Video, fault: Fault, skip: int
) -> None:
    target = small_chunks(team)
    team.server.faults.add(fault, on="session", skip=skip)

    copy = target.put(clip.source, KEY, Told())

    assert len(team.server.faults.hits) == 1
    assert is_right(team, clip, target, copy)
    assert len(begun(team)) == 1
    # What it forgot, and the chunk it forgot it with, is all that goes again.
    assert team.server.upload_bytes() <= clip.source.size_bytes + (skip + 1) * MIB


def test_a_range_beyond_the_end_is_not_believed_and_the_next_put_makes_it_right(team: DrivePlace, clip: Video) -> None:
    transfer, target = Told(), small_chunks(team)
    for last in (clip.source.size_bytes - 1, clip.source.size_bytes, 10**17):
        team.server.faults.clear()
        team.server.faults.add(Answer(Reply(308, headers={"Range": f"bytes=0-{last}"})), on="session")
        assert isinstance(failure_of(target, clip, transfer), TransientFailure)
        assert team.objects() == {}

    copy = target.put(clip.source, KEY, transfer)

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] == transfer.resume["file_id"]


@pytest.mark.parametrize("header", ["", "bytes=", "bytes", "bytes=0-", "bytes=0-x", "x-\xb2", "bytes=0-" + "9" * 5000])
@pytest.mark.parametrize("skip", [0, 3])
def test_a_range_that_cannot_be_read_is_passing_trouble(team: DrivePlace, clip: Video, header: str, skip: int) -> None:
    target = small_chunks(team)
    team.server.faults.add(Answer(Reply(308, headers={"Range": header})), on="session", skip=skip)

    copy = puts_until_right(target, clip, Told())

    assert is_right(team, clip, target, copy)


@dataclass
class SeeSaw(Fault):
    """Keeps a block of the first chunk, forgets it with the second, and so on."""

    def kept_bytes(self, before: int, after: int) -> int:
        return 0 if before else BLOCK_BYTES


@pytest.mark.parametrize("fault", [KeepLess(0), SeeSaw(), GoBack(99)], ids=["keeps nothing", "back and forth", "back"])
@pytest.mark.parametrize("resumed", [False, True])
def test_a_session_that_comes_to_nothing_ends_after_a_bounded_number_of_requests(
    team: DrivePlace, clip: Video, fault: Fault, resumed: bool
) -> None:
    transfer, target = Told(), small_chunks(team)
    if resumed:
        team.server.faults.add(lambda: Answer(Reply(500)), on="session", skip=1, times=4)
        failure_of(target, clip, transfer)
        assert "session" in transfer.resume
        team.server.faults.clear()
    before = len(chunks(team))
    team.server.faults.add(fault, on="session", times=None)

    failure = failure_of(target, clip, transfer)

    assert isinstance(failure, TransientFailure)
    assert "anew" in failure.message
    assert len(chunks(team)) - before <= 30
    team.server.faults.clear()
    assert is_right(team, clip, target, target.put(clip.source, KEY, transfer))


@pytest.mark.parametrize("kind", ["start", "session"])
def test_a_session_at_another_host_is_refused_before_a_byte_goes_there(
    team: DrivePlace, clip: Video, kind: Any
) -> None:
    with DriveServer() as other:
        elsewhere = f"{other.root_url}upload/drive/v3/files?upload_id=x"
        reply = Reply(200 if kind == "start" else 308, headers={"Location": elsewhere, "Range": f"bytes=0-{MIB - 1}"})
        team.server.faults.add(Answer(reply), on=kind)
        target = small_chunks(team)

        assert is_right(team, clip, target, puts_until_right(target, clip, Told()))
        assert other.requests == []


def test_the_last_chunk_is_told_as_done_only_at_the_end(team: DrivePlace, clip: Video) -> None:
    transfer = Told()
    team.server.faults.add(KeepLess(1), on="session", skip=last_chunk(clip))
    small_chunks(team).put(clip.source, KEY, transfer)

    assert transfer.advances[0] == 0
    assert transfer.advances[-1] == clip.source.size_bytes
