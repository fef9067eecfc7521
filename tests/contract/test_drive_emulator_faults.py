"""The emulator of Drive breaks what it is told to break, as the real one would, and nothing else."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httplib2
import pytest
from google.auth.exceptions import RefreshError, TransportError
from googleapiclient.errors import HttpError

from tests.contract.drive_desk import BLOCK, Desk, Media, Raw
from tests.services.drive import faults
from tests.services.drive.faults import Fault
from tests.services.drive.plan import Faults
from tests.services.drive.server import DriveServer
from tests.services.drive.wire import Request

_CONTENT = os.urandom(3 * BLOCK + 1000)
_TOTAL = len(_CONTENT)
_BROKEN = (OSError, http.client.HTTPException)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with DriveServer() as drive, Desk(drive) as desk:
        yield desk


def _send(desk: Desk, session: str, start: int, end: int) -> Raw:
    return desk.put(session, _CONTENT[start:end], f"{start}-{end - 1}/{_TOTAL}")


def _stored(desk: Desk, session: str) -> int:
    """How much the session says it holds."""
    reply = desk.put(session, b"", f"*/{_TOTAL}")
    assert reply.status == 308
    return int(reply.headers["range"].rpartition("-")[2]) + 1 if "range" in reply.headers else 0


_REFUSALS: list[tuple[Fault, int, bytes]] = [
    (faults.status(500), 500, b"internalError"),
    (faults.status(503), 503, b"backendError"),
    (faults.status(429, retry_after_seconds=7), 429, b"rateLimitExceeded"),
    (faults.forbidden("rateLimitExceeded"), 403, b"Rate Limit Exceeded"),
    (faults.forbidden("dailyLimitExceeded"), 403, b"dailyLimitExceeded"),
    (faults.forbidden("quotaExceeded"), 403, b"quotaExceeded"),
    (faults.forbidden("teamDriveFileLimitExceeded"), 403, b"teamDriveFileLimitExceeded"),
    (faults.daily_750_gb(), 403, b'"User rate limit exceeded."'),
    (faults.html_page(), 502, b"<!DOCTYPE html>"),
    (faults.error_is_text(), 503, b'"error": "x"'),
    (faults.message_is_no_text(), 503, b'"message": {'),
]


@pytest.mark.parametrize(("fault", "status", "words"), _REFUSALS, ids=[str(words) for _, _, words in _REFUSALS])
def test_a_refusal_stores_nothing_and_comes_once(desk: Desk, fault: Fault, status: int, words: bytes) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(fault, on="session")
    reply = _send(desk, session, 0, BLOCK)
    assert (reply.status, words in reply.body) == (status, True)
    assert reply.headers.get("retry-after") == ("7" if status == 429 else None)
    assert _stored(desk, session) == 0
    assert _send(desk, session, 0, _TOTAL).status == 200


def test_work_may_be_done_and_reported_as_failed(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(faults.status(503, stored=True), on="session")
    assert _send(desk, session, 0, _TOTAL).status == 503
    assert desk.drive.live_files()[0].content == _CONTENT


@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        (faults.DropBefore(), 0),
        (faults.DropBefore(reset=False), 0),
        (faults.DropMiddle(0.7), BLOCK),
        (faults.DropAfter(), 2 * BLOCK),
        (faults.DropAfter(reset=False), 2 * BLOCK),
    ],
    ids=str,
)
def test_a_connection_is_lost_before_within_or_after_the_body(desk: Desk, fault: Fault, kept: int) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(fault, on="session")
    with pytest.raises(_BROKEN):
        _send(desk, session, 0, 2 * BLOCK)
    assert _stored(desk, session) == kept
    assert _send(desk, session, kept, _TOTAL).status == 200
    assert desk.drive.live_files()[0].content == _CONTENT


def test_the_last_reply_may_be_lost(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(faults.DropAfter(), on="session")
    with pytest.raises(_BROKEN):
        _send(desk, session, 0, _TOTAL)
    assert desk.put(session, b"", f"*/{_TOTAL}").status == 200


def test_less_may_be_kept_than_was_sent(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(faults.KeepLess(blocks=1), on="session")
    assert _send(desk, session, 0, _TOTAL).headers["range"] == f"bytes=0-{BLOCK - 1}"
    assert _send(desk, session, BLOCK, _TOTAL).status == 200
    assert desk.drive.live_files()[0].content == _CONTENT


def test_what_was_confirmed_may_be_forgotten(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    _send(desk, session, 0, 2 * BLOCK)
    desk.drive.faults.add(faults.GoBack(blocks=1), on="session")
    assert _send(desk, session, 2 * BLOCK, 3 * BLOCK).headers["range"] == f"bytes=0-{BLOCK - 1}"
    assert _send(desk, session, 2 * BLOCK, 3 * BLOCK).status == 503
    assert _send(desk, session, BLOCK, _TOTAL).status == 200
    assert desk.drive.live_files()[0].content == _CONTENT


@pytest.mark.parametrize("status", [404, 410])
def test_a_session_may_be_lost(desk: Desk, status: int) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(faults.LoseSession(status), on="session")
    assert _send(desk, session, 0, BLOCK).status == status
    assert _send(desk, session, 0, BLOCK).status == status


def test_a_good_token_may_be_refused_and_a_refresh_helps(desk: Desk) -> None:
    desk.bot.files().list().execute()
    desk.drive.faults.add(faults.RevokeToken, on="metadata")
    desk.bot.files().list().execute()
    lists = [request.status for request in desk.drive.requests if request.path_without_query == "/drive/v3/files"]
    assert lists == [200, 401, 200]


def test_a_hang_ends_by_itself_or_with_the_faults(desk: Desk) -> None:
    desk.bot.files().list().execute()
    hang = faults.Hang(60)
    desk.drive.faults.add(hang, on="metadata")
    desk.drive.faults.add(faults.Hang(0.01), on="metadata")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(desk.raw, "GET", "/drive/v3/files", b"", desk.bearer())
        hang.let_go.set()
        assert waiting.result().status == 200
    assert desk.bot.files().list().execute()["files"] == []


def test_a_lie_about_content_shows_in_its_digest(desk: Desk) -> None:
    desk.drive.faults.add(faults.Damage(), on="session")
    fields = "md5Checksum,size"
    body = {"name": "a", "parents": [desk.team]}
    create = desk.bot.files().create
    _, told = create(
        body=body, media_body=Media(_CONTENT, 8 * BLOCK), fields=fields, supportsAllDrives=True
    ).next_chunk()
    assert told["size"] == str(_TOTAL)
    assert told["md5Checksum"] != hashlib.md5(_CONTENT).hexdigest()


def test_a_200_may_say_nothing(desk: Desk) -> None:
    session = desk.session(_TOTAL)
    desk.drive.faults.add(faults.EmptyAnswer(), on="session")
    reply = _send(desk, session, 0, _TOTAL)
    assert (reply.status, reply.body, len(desk.drive.live_files())) == (200, b"", 1)


def test_a_fault_hits_only_what_it_is_meant_for(desk: Desk) -> None:
    plan = desk.drive.faults
    plan.add(faults.status(500), on="token", times=None)
    plan.add(faults.status(501), on="start", method="POST", path="^/upload/", skip=1, times=2)
    plan.add(faults.status(504), on="metadata", path="generateIds$")
    header = {"Authorization": "Bearer none"}
    start = "/upload/drive/v3/files?uploadType=resumable"
    assert [desk.raw("POST", start, b"{}", header).status for _ in range(4)] == [401, 501, 501, 401]
    assert [desk.raw("POST", "/token", b"").status for _ in range(2)] == [500, 500]
    assert desk.raw("GET", "/drive/v3/files", headers=header).status == 401
    ids = "/drive/v3/files/generateIds"
    assert [desk.raw("GET", ids, headers=header).status for _ in range(2)] == [504, 401]
    assert [request.status for request, _ in plan.hits] == [501, 501, 500, 500, 504]
    plan.clear()
    assert desk.raw("POST", "/token", b"").status == 400


def test_chance_is_the_same_for_the_same_seed(desk: Desk) -> None:
    def statuses() -> list[int]:
        desk.drive.faults.clear()
        desk.drive.faults.add(faults.status(500), times=None, chance=0.5, seed=4)
        return [desk.raw("POST", "/token", b"").status for _ in range(20)]

    first = statuses()
    assert statuses() == first
    assert set(first) == {400, 500}


def test_a_paused_service_refuses_connections_and_comes_back_on_its_port(desk: Desk) -> None:
    desk.upload(_CONTENT)
    desk.drive.pause()
    with pytest.raises(ConnectionRefusedError):
        desk.raw("GET", "/drive/v3/files")
    desk.drive.resume()
    assert desk.raw("GET", "/drive/v3/files").status == 401
    assert desk.bot.files().list().execute()["files"] == []


def test_many_clients_at_once_lose_nothing(desk: Desk) -> None:
    def upload(number: int) -> None:
        content = os.urandom(BLOCK + number)
        service = desk.service(desk.bot_credentials)
        made = desk.upload(content, service, name=hashlib.md5(content).hexdigest())
        assert made["name"] == hashlib.md5(content).hexdigest()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(upload, range(32)))
    seen = desk.drive.live_files()
    assert len(seen) == 32
    assert all(file.name == file.md5 for file in seen)


class _Uploader:
    """An uploader that never gives up: what the storm must be survivable for."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._service = desk.service(desk.key_credentials(desk.bot_key))

    def upload(self, content: bytes) -> str:
        file_id = str(self._stubborn(lambda: self._service.files().generateIds(count=1).execute())["ids"][0])
        body = {"id": file_id, "name": file_id, "parents": [self._desk.team]}
        request = self._request(body, content)
        for _ in range(500):
            try:
                _, answer = request.next_chunk()
                if answer is not None:
                    return file_id
            except HttpError as error:
                if error.resp.status == 409:
                    return file_id
                if error.resp.status in (404, 410):
                    request = self._request(body, content)
            except (
                *_BROKEN,
                httplib2.HttpLib2Error,
                TransportError,
                RefreshError,
                AttributeError,
                json.JSONDecodeError,
            ):
                pass
        raise AssertionError(f"{file_id} never arrived")

    def _request(self, body: dict[str, Any], content: bytes) -> Any:
        media = Media(content, 2 * BLOCK)
        return self._service.files().create(body=body, media_body=media, supportsAllDrives=True)

    def _stubborn(self, call: Any) -> Any:
        for _ in range(100):
            try:
                return call()
            except (HttpError, *_BROKEN, httplib2.HttpLib2Error, TransportError, RefreshError, AttributeError):
                continue
        raise AssertionError("never answered")


def test_a_storm_meets_every_kind_of_request_and_can_be_survived(desk: Desk) -> None:
    desk.drive.faults.storm(0.45, seed=7, hang_seconds=0.01)
    contents = [os.urandom(5 * BLOCK + number) for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda content: _Uploader(desk).upload(content), contents))
    hits = desk.drive.faults.hits
    desk.drive.faults.clear()

    seen = {file.id: file.content for file in desk.drive.live_files()}
    assert seen == dict(zip(ids, contents, strict=True))
    assert {request.kind for request, _ in hits} == {"token", "metadata", "start", "session"}
    assert 0.3 < len(hits) / len(desk.drive.requests) < 0.6


def test_a_storm_has_every_kind_of_trouble_and_no_lies() -> None:
    plan = Faults()
    plan.storm(0.5, seed=1)
    requests = [Request("PUT", "/upload/drive/v3/files", {}, kind="session") for _ in range(2000)]
    struck = [fault for request in requests if (fault := plan.take(request))]

    assert 0.45 < len(struck) / len(requests) < 0.55
    assert {type(fault) for fault in struck} == {
        faults.Answer,
        faults.DropBefore,
        faults.DropMiddle,
        faults.DropAfter,
        faults.GoBack,
        faults.Hang,
        faults.KeepLess,
        faults.LoseSession,
        faults.RevokeToken,
    }
    answers = {fault.reply.status for fault in struck if isinstance(fault, faults.Answer)}
    assert answers == {403, 429, 500, 502, 503, 504}
