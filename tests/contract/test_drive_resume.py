"""Uploads to Drive taken up again in a new process, and what is left for it: an id, and a sealed session."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backend.errors import TargetError, TransferCancelled
from tests.contract.conftest import Video
from tests.contract.drive_uploads import (
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
from tests.contract.putting import last_line, putting, stored_state, wait_until_at
from tests.contract.transfers import CancelAt, Told
from tests.services.drive.faults import (
    Answer,
    DropAfter,
    DropMiddle,
    LoseSession,
    error_is_text,
    forbidden,
    html_page,
    status,
)
from tests.services.drive.replies import error_reply


def _halted(team: DrivePlace, video: Video, after_chunks: int) -> Told:
    """What an attempt stored that ended after so many chunks."""
    transfer = Told()
    team.server.faults.add(status(503), on="session", skip=after_chunks, times=4)
    failure_of(small_chunks(team), video, transfer)
    team.server.faults.clear()
    assert len(team.server.open_sessions()) == 1
    return transfer


@pytest.mark.parametrize("at_bytes", [1, 6 * MIB + MIB // 2, 12 * MIB + 345])
def test_a_put_killed_in_the_middle_goes_on_in_a_new_process_where_drive_stands(
    team: DrivePlace, video: Video, at_bytes: int
) -> None:
    table = {**team.table(), "chunk_mib": 1}
    with putting(table, video.source, KEY, "w", stop_at_bytes=at_bytes) as process:
        wait_until_at(process, at_bytes)
        process.kill()
        process.wait()
    file_id = stored_state(video.source, "w")["file_id"]
    assert len(team.server.uploads.sessions) == 1

    with putting(table, video.source, KEY, "w", quiet=True) as process:
        said = last_line(process)

    assert said.startswith("done "), said
    assert json.loads(said.removeprefix("done "))["proof"]["file_id"] == file_id
    assert [file.id for file in team.server.live_files()] == [file_id]
    assert team.objects() == {KEY: video.content}
    assert team.server.upload_bytes() <= video.source.size_bytes + MIB
    assert len(begun(team)) == 1


@pytest.mark.parametrize("after_chunks", [0, 1, 2, 3])
def test_a_put_taken_up_in_another_target_sends_only_what_is_missing(
    team: DrivePlace, clip: Video, after_chunks: int
) -> None:
    transfer = _halted(team, clip, after_chunks)
    before = team.server.upload_bytes()
    (session,) = team.server.open_sessions()
    missing_bytes = clip.source.size_bytes - session.stored_bytes
    target = small_chunks(team)
    resumed = Told(resume=json.loads(json.dumps(transfer.resume)))

    copy = target.put(clip.source, KEY, resumed)

    assert is_right(team, clip, target, copy)
    assert team.server.upload_bytes() - before == missing_bytes
    assert resumed.advances[0] == clip.source.size_bytes - missing_bytes
    assert copy.proof["file_id"] == transfer.resume["file_id"]


def test_a_chunk_size_that_changed_between_two_attempts_does_no_harm(team: DrivePlace, clip: Video) -> None:
    transfer = _halted(team, clip, 1)
    target = team.target(chunk_mib=2)
    assert is_right(team, clip, target, target.put(clip.source, KEY, transfer))
    assert len(begun(team)) == 1


@pytest.mark.parametrize("session", ["", "garbled", 7, None])
def test_a_state_with_a_garbled_session_starts_a_new_one_and_keeps_the_id(
    team: DrivePlace, clip: Video, session: object
) -> None:
    transfer = _halted(team, clip, 2)
    state = {**transfer.resume, "session": session}
    target = small_chunks(team)

    copy = target.put(clip.source, KEY, Told(resume=state))

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] == transfer.resume["file_id"]
    assert len(begun(team)) == 2


def test_a_session_sealed_with_other_credentials_is_left_and_the_id_is_kept(team: DrivePlace, clip: Video) -> None:
    transfer = _halted(team, clip, 2)
    team.server.person("ann@example.org")
    team.server.set_member(team.drive_id, "ann@example.org", "organizer")
    ann = team.file("ann.json", team.server.authorised_user("ann@example.org"))
    target = small_chunks(team, credentials=ann)

    copy = target.put(clip.source, KEY, Told(resume=transfer.resume))

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] == transfer.resume["file_id"]
    assert len(begun(team)) == 2


def test_a_session_begun_with_other_bytes_is_left_and_the_id_is_kept(team: DrivePlace, clip: Video) -> None:
    transfer = _halted(team, clip, 2)
    target = small_chunks(team)
    copy = target.put(clip.source, KEY, Told(resume={**transfer.resume, "sha256": "0" * 64}))
    assert is_right(team, clip, target, copy)
    assert (copy.proof["file_id"], len(begun(team))) == (transfer.resume["file_id"], 2)


def test_a_session_for_a_file_that_was_deleted_meanwhile_is_not_gone_on_with(team: DrivePlace, clip: Video) -> None:
    target, transfer = small_chunks(team), Told()
    first = target.put(clip.source, KEY, transfer)
    team.spoil(KEY, b"spoiled")
    team.server.faults.add(status(503), on="session", skip=1, times=4)
    failure_of(target, clip, transfer)
    assert transfer.resume["replaces"] is True
    team.server.faults.clear()
    team.server.remove(first.proof["file_id"])

    copy = target.put(clip.source, KEY, transfer)

    assert is_right(team, clip, target, copy)
    assert copy.proof["file_id"] != first.proof["file_id"]


def test_new_content_for_a_spoiled_file_is_taken_up_again_too(team: DrivePlace, clip: Video) -> None:
    target, transfer = small_chunks(team), Told()
    first = target.put(clip.source, KEY, transfer)
    team.spoil(KEY, b"spoiled")
    team.server.faults.add(status(503), on="session", skip=2, times=4)
    failure_of(target, clip, transfer)
    team.server.faults.clear()
    before = len(chunks(team))

    copy = small_chunks(team).put(clip.source, KEY, Told(resume=transfer.resume))

    assert is_right(team, clip, target, copy)
    assert copy.proof == first.proof
    assert len(chunks(team)) - before == last_chunk(clip) + 1 - 2


class Ear(Told):
    """Keeps every state that was ever stored, as text."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[str] = []

    def save_resume(self, state: Mapping[str, Any]) -> None:
        super().save_resume(state)
        self.states.append(json.dumps(dict(state)))


def _echoes(team: DrivePlace) -> Answer:
    """An error that repeats the address of the newest session in its words."""
    newest = list(team.server.uploads.sessions.values())[-1].id
    words = f"Bad upload {team.server.root_url}upload/drive/v3/files?upload_id={newest} and upload_id={newest}"
    return Answer(error_reply(503, f"x {newest}", words))


def test_the_address_of_a_session_is_nowhere_to_be_read(
    team: DrivePlace, clip: Video, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    transfer, target, heard = Ear(), small_chunks(team, read_timeout_seconds=1), list[str]()
    faults: list[Any] = [
        status(503), DropMiddle(0.5), DropAfter(), html_page(), error_is_text(), LoseSession(410), LoseSession(404),
        forbidden("storageQuotaExceeded"), lambda: _echoes(team), forbidden("somethingNew", "See /u?upload_id=AB"),
    ]  # fmt: skip
    for fault in faults:
        team.server.faults.add(fault, on="session", skip=1, times=4)
        try:
            target.put(clip.source, KEY, transfer)
        except TargetError as failure:
            heard += [failure.message, repr(failure), repr(failure.detail)]
            heard += traceback.format_exception(failure)
        heard += [repr(target), str(vars(target)), repr(transfer.resume)]
        team.server.faults.clear()
        small_chunks(team).check()
    puts_until_right(target, clip, transfer)
    said = capfd.readouterr()
    heard += [*transfer.states, caplog.text, said.out, said.err]

    sessions = [session.id for session in team.server.uploads.sessions.values()]
    assert len(sessions) > 2
    text = "\n".join(heard)
    assert not [session for session in sessions if session in text or session[:12] in text]
    assert "upload_id" not in text
    assert "ya29." not in text
    assert "PRIVATE KEY" not in text
    assert any('"session"' in state for state in transfer.states)


def test_a_cancelled_put_leaves_its_session_and_a_pool_that_works(team: DrivePlace, video: Video) -> None:
    target = small_chunks(team)
    transfer: Told = CancelAt(at_bytes=5 * MIB + 1000)
    with pytest.raises(TransferCancelled):
        target.put(video.source, KEY, transfer)

    copy = target.put(video.source, KEY, Told(resume=transfer.resume))

    assert is_right(team, video, target, copy)
    assert team.server.upload_bytes() <= video.source.size_bytes + MIB
    assert len(begun(team)) == 1
