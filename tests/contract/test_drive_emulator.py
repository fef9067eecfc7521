"""The emulator of Drive takes resumable uploads as the real one does, and refuses what the real one refuses."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator

import pytest
from googleapiclient.errors import HttpError

from tests.contract.drive_desk import ANN, BLOCK, BOT, Desk, Media, finish, refusal, upload_id
from tests.services.drive.server import DriveServer
from tests.services.waiting import wait_until

_CONTENT = os.urandom(2 * BLOCK + 1000)
_TOTAL = len(_CONTENT)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with DriveServer() as drive, Desk(drive) as desk:
        yield desk


def _first(desk: Desk, session: str) -> None:
    """The first block of the content lies in the session."""
    reply = desk.put(session, _CONTENT[:BLOCK], f"0-{BLOCK - 1}/{_TOTAL}")
    assert (reply.status, reply.headers["range"]) == (308, f"bytes=0-{BLOCK - 1}")


def _rest(desk: Desk, session: str) -> int:
    return desk.put(session, _CONTENT[BLOCK:], f"{BLOCK}-{_TOTAL - 1}/{_TOTAL}").status


def test_a_file_sent_by_googles_client_lies_there_whole(desk: Desk) -> None:
    fields = "id,name,size,md5Checksum,sha256Checksum,webViewLink,driveId,parents"
    body = {"id": desk.new_id(), "name": "film.mp4", "parents": [desk.team], "appProperties": {"key": "value"}}
    told = finish(desk.bot.files().create(body=body, media_body=Media(_CONTENT), fields=fields, supportsAllDrives=True))

    (seen,) = desk.drive.live_files()
    assert (seen.content, seen.path, seen.app_properties) == (_CONTENT, "film.mp4", {"key": "value"})
    assert told == {
        "id": body["id"],
        "name": "film.mp4",
        "size": str(_TOTAL),
        "md5Checksum": hashlib.md5(_CONTENT).hexdigest(),
        "sha256Checksum": hashlib.sha256(_CONTENT).hexdigest(),
        "webViewLink": seen.link,
        "driveId": desk.team,
        "parents": [desk.team],
    }
    assert desk.drive.upload_bytes() == _TOTAL
    assert desk.drive.open_sessions() == []


def test_a_session_is_on_the_emulators_own_address(desk: Desk) -> None:
    assert desk.session(10).startswith(f"{desk.drive.root_url}upload/drive/v3/files?")


def test_an_empty_file_is_a_file(desk: Desk) -> None:
    desk.upload(b"")
    assert [seen.content for seen in desk.drive.live_files()] == [b""]


def test_nothing_is_visible_before_the_last_byte(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    _first(desk, session)
    assert desk.drive.live_files() == []
    assert [left.stored_bytes for left in desk.drive.open_sessions()] == [BLOCK]
    assert _rest(desk, session) == 200
    assert len(desk.drive.live_files()) == 1


def test_an_empty_session_tells_no_range(desk: Desk) -> None:
    reply = desk.put(desk.session(_TOTAL), b"", f"*/{_TOTAL}")
    assert (reply.status, "range" in reply.headers) == (308, False)


def test_the_state_of_a_session_is_told_before_and_after_its_end(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    _first(desk, session)
    assert desk.put(session, b"", "*/*").headers["range"] == f"bytes=0-{BLOCK - 1}"
    _rest(desk, session)
    done = desk.put(session, b"", f"*/{_TOTAL}")
    assert (done.status, done.json["id"]) == (200, desk.drive.live_files()[0].id)


def test_a_finished_session_is_forgotten_after_a_while(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    _first(desk, session)
    _rest(desk, session)
    desk.drive.clock_offset_seconds = 2 * 3600
    assert desk.put(session, b"", f"*/{_TOTAL}").status == 404


def test_a_session_lives_a_week(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    desk.drive.clock_offset_seconds = 6.9 * 86400
    assert desk.put(session, b"", f"*/{_TOTAL}").status == 308
    desk.drive.clock_offset_seconds = 7.1 * 86400
    assert desk.put(session, b"", f"*/{_TOTAL}").status == 404


@pytest.mark.parametrize("status", [404, 410])
def test_expired_sessions_answer_so_for_ever(desk: Desk, status: int) -> None:
    session = desk.session(_TOTAL)
    desk.drive.expire_sessions(status)
    assert desk.put(session, _CONTENT, f"0-{_TOTAL - 1}/{_TOTAL}").status == status
    assert desk.put(session, b"", f"*/{_TOTAL}").status == status
    assert desk.drive.open_sessions() == []


def test_a_cancelled_session_is_gone(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    assert desk.raw("DELETE", session).status == 499
    assert desk.put(session, b"", f"*/{_TOTAL}").status == 404


def test_a_wrong_header_is_refused_before_anything_is_stored(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    chunk, place = _CONTENT[:BLOCK], f"0-{BLOCK - 1}/{_TOTAL}"
    refused = desk.put(session, chunk, place, Authorization="Bearer no")
    assert (refused.status, refused.json["error"]["errors"][0]["reason"]) == (401, "authError")
    assert desk.drive.open_sessions()[0].stored_bytes == 0
    assert desk.put(session, chunk, place, **desk.bearer()).status == 308


@pytest.mark.parametrize("place", [f"0-{BLOCK + 9}/{_TOTAL}", f"0-{BLOCK + 9}/*"])
def test_a_chunk_in_the_middle_is_whole_blocks(desk: Desk, place: str) -> None:
    session = desk.session(_TOTAL)
    reply = desk.put(session, _CONTENT[: BLOCK + 10], place)
    assert (reply.status, b"262144" in reply.body) == (400, True)
    assert desk.drive.open_sessions()[0].stored_bytes == 0


def test_bytes_that_lie_there_already_are_ignored(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    _first(desk, session)
    other = bytes(BLOCK) + _CONTENT[BLOCK : 2 * BLOCK]
    assert desk.put(session, bytes(BLOCK), f"0-{BLOCK - 1}/{_TOTAL}").headers["range"] == f"bytes=0-{BLOCK - 1}"
    assert desk.put(session, other, f"0-{2 * BLOCK - 1}/{_TOTAL}").status == 308
    desk.put(session, _CONTENT[2 * BLOCK :], f"{2 * BLOCK}-{_TOTAL - 1}/{_TOTAL}")
    assert desk.drive.live_files()[0].content == _CONTENT


def test_a_gap_stores_nothing(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    reply = desk.put(session, _CONTENT[BLOCK : 2 * BLOCK], f"{BLOCK}-{2 * BLOCK - 1}/{_TOTAL}")
    assert reply.status == 503
    assert b"which exceeds already uploaded size of 0 byte(s)" in reply.body
    assert desk.drive.open_sessions()[0].stored_bytes == 0


def test_the_total_must_stay_what_was_announced(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    assert desk.put(session, _CONTENT[:BLOCK], f"0-{BLOCK - 1}/{_TOTAL + 1}").status == 400
    assert desk.put(session, b"", f"*/{_TOTAL - 1}").status == 400
    assert desk.raw("PUT", session, _CONTENT[:BLOCK]).status == 400
    assert desk.drive.open_sessions()[0].stored_bytes == 0


@pytest.mark.parametrize("place", ["0-9", "9-0/10", "0-10/10", "a-b/c", "0-8/10"])
def test_a_range_that_makes_no_sense_is_refused(desk: Desk, place: str) -> None:
    session = desk.session(10)
    assert desk.put(session, bytes(10), place).status == 400
    assert desk.drive.live_files() == []


def test_a_total_may_stay_unknown_until_the_last_chunk(desk: Desk) -> None:
    session = desk.session(None)
    assert desk.put(session, _CONTENT[:BLOCK], f"0-{BLOCK - 1}/*").status == 308
    assert _rest(desk, session) == 200
    assert desk.drive.live_files()[0].content == _CONTENT


def test_of_a_body_that_breaks_off_whole_blocks_are_kept(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    target = session.removeprefix(desk.drive.root_url.rstrip("/"))
    head = f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {_TOTAL}\r\n"
    head += f"Content-Range: bytes 0-{_TOTAL - 1}/{_TOTAL}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", desk.drive.port), timeout=30) as connection:
        connection.sendall(head.encode() + _CONTENT[: BLOCK + 5000])
    wait_until(lambda: desk.drive.open_sessions()[0].stored_bytes, "the broken body to be kept")
    assert desk.put(session, b"", f"*/{_TOTAL}").headers["range"] == f"bytes=0-{BLOCK - 1}"
    assert desk.drive.upload_bytes() == BLOCK + 5000
    assert _rest(desk, session) == 200
    assert desk.drive.live_files()[0].content == _CONTENT


def test_an_id_must_come_from_the_service(desk: Desk) -> None:
    with pytest.raises(HttpError) as caught:
        desk.upload(_CONTENT, id="1made-up")
    assert refusal(caught.value) == (400, "invalid", "The provided file ID is not usable.")


@pytest.mark.parametrize("state", ["there", "trashed", "a folder", "deleted"])
def test_an_id_is_used_once(desk: Desk, state: str) -> None:
    new_id = desk.new_id()
    if state == "a folder":
        desk.make_folder("2026", id=new_id)
    else:
        desk.upload(_CONTENT, id=new_id)
    if state == "trashed":
        desk.drive.trash(new_id)
    if state == "deleted":
        desk.drive.remove(new_id)
    with pytest.raises(HttpError) as caught:
        desk.upload(_CONTENT, id=new_id)
    assert refusal(caught.value) == (409, "fileIdInUse", "A file already exists with the provided ID.")


def test_of_two_sessions_for_one_id_the_second_meets_the_first_at_its_end(desk: Desk) -> None:
    new_id = desk.new_id()
    first, second = desk.session(_TOTAL, id=new_id), desk.session(_TOTAL, id=new_id)
    for session in (first, second):
        _first(desk, session)
    assert [_rest(desk, first), _rest(desk, second)] == [200, 409]
    assert len(desk.drive.live_files()) == 1


def test_equal_names_are_two_files(desk: Desk) -> None:
    desk.upload(_CONTENT)
    desk.upload(_CONTENT)
    assert [seen.path for seen in desk.drive.live_files()] == ["film.mp4", "film.mp4"]


def test_a_parent_deleted_meanwhile_is_told_at_the_end(desk: Desk) -> None:
    folder = desk.make_folder("2026")
    session = desk.session(_TOTAL, parents=[folder])
    _first(desk, session)
    desk.drive.remove(folder)
    reply = desk.put(session, _CONTENT[BLOCK:], f"{BLOCK}-{_TOTAL - 1}/{_TOTAL}")
    assert (reply.status, reply.json["error"]["message"]) == (404, f"File not found: {folder}.")
    assert desk.start(1, parents=[folder]).status == 404


def test_a_file_made_in_a_trashed_folder_is_trashed_with_it(desk: Desk) -> None:
    folder = desk.make_folder("2026")
    desk.drive.trash(folder)
    made = desk.upload(_CONTENT, parents=[folder])
    assert desk.drive.live_files() == []
    fields = "trashed,explicitlyTrashed"
    told = desk.bot.files().get(fileId=made["id"], fields=fields, supportsAllDrives=True).execute()
    assert told == {"trashed": True, "explicitlyTrashed": False}


def test_new_content_takes_the_place_of_the_old_at_the_last_byte(desk: Desk) -> None:
    made = desk.upload(b"old")
    request = desk.bot.files().update(fileId=made["id"], media_body=Media(_CONTENT), supportsAllDrives=True)
    request.next_chunk()
    assert desk.drive.live_files()[0].content == b"old"
    finish(request)
    assert [seen.content for seen in desk.drive.live_files()] == [_CONTENT]


@pytest.mark.parametrize("content", [b"line\r\nline\n\n", _CONTENT])
def test_a_small_file_may_come_in_one_request(desk: Desk, content: bytes) -> None:
    body = {"name": "a.mp4", "parents": [desk.team]}
    media = Media(content, resumable=False)
    desk.bot.files().create(body=body, media_body=media, supportsAllDrives=True).execute()
    assert [(seen.name, seen.content) for seen in desk.drive.live_files()] == [("a.mp4", content)]


def test_a_service_account_owns_nothing(desk: Desk) -> None:
    folder = desk.drive.folder("Videos", owner=ANN, shared_with={BOT: "writer"})
    for where in ([folder], []):
        with pytest.raises(HttpError) as caught:
            desk.upload(_CONTENT, parents=where)
        status, reason, message = refusal(caught.value)
        assert (status, reason) == (403, "storageQuotaExceeded")
        assert message.startswith("Service Accounts do not have storage quota. Leverage shared drives")


def test_a_persons_quota_is_held_at_the_start_and_at_the_end(desk: Desk) -> None:
    desk.drive.person("bob@example.org", quota_bytes=_TOTAL + 10)
    bob = desk.user("bob@example.org")
    request = bob.files().create(body={"name": "a"}, media_body=Media(_CONTENT))
    request.next_chunk()
    other = {"name": "b"}
    bob.files().create(body=other, media_body=Media(bytes(BLOCK), resumable=False)).execute()
    for late in (request, bob.files().create(body=other, media_body=Media(_CONTENT))):
        with pytest.raises(HttpError) as caught:
            finish(late)
        words = "The user's Drive storage quota has been exceeded."
        assert refusal(caught.value) == (403, "storageQuotaExceeded", words)
    assert [seen.name for seen in desk.drive.live_files()] == ["b"]


def test_upload_ids_are_secrets_of_their_own(desk: Desk) -> None:
    first, second = (upload_id(desk.session(1)) for _ in range(2))
    assert first != second
    assert desk.put(f"{desk.drive.root_url}upload/drive/v3/files?upload_id=x", b"", "*/1").status == 404
