"""Refused while it is still being sent: clients get the answer and its reason, not only a broken connection."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import urllib3

from tests.e2e.holding import House
from tests.services.app import AppFactory
from tests.services.cutting import BOUNDARY, Part, Wire, form
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

MIB = 1024 * 1024
LIMIT = 300 * MIB
SENT = 200 * MIB
PATH = "/api/upload-video"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("early"), hearth)
    yield House(factory({"UPLOAD_MAX_SIZE": str(LIMIT), "WEB_THREADS": "2"}, processes=["web"]))
    factory.close()


def _stream(name: str, size_bytes: int) -> tuple[Iterator[bytes], int]:
    """A form whose file has that many bytes, made while it is sent; and the length of the whole."""
    whole = form(Part("video", b"", name)).content
    at = whole.index(b"\r\n\r\n") + 4

    def pieces() -> Iterator[bytes]:
        yield whole[:at]
        for _ in range(size_bytes // MIB):
            yield b"x" * MIB
        yield whole[at:]

    return pieces(), len(whole) + size_bytes


def _urllib3(house: House, name: str, size_bytes: int, headers: dict[str, str]) -> tuple[int, Any]:
    body, length = _stream(name, size_bytes)
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request(
            "POST", house.app.base_url + PATH, body=body, headers={**headers, "Content-Length": str(length)}
        )
    return answer.status, answer.json()


def _http_client(house: House, name: str, size_bytes: int, headers: dict[str, str]) -> tuple[int, Any]:
    """The plainest client: it stops sending at the first broken pipe, and looks for an answer then."""
    body, length = _stream(name, size_bytes)
    connection = http.client.HTTPConnection("127.0.0.1", house.app.port, timeout=30)
    with suppress(BrokenPipeError):
        connection.request("POST", PATH, body=body, headers={**headers, "Content-Length": str(length)})
    try:
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


REFUSALS = {
    "who are you": ("a.mp4", SENT, False, 401, "unauthenticated"),
    "too large": ("a.mp4", LIMIT + 20 * MIB, True, 413, "too-large"),
    "not of this type": ("a.exe", SENT, True, 415, "extension-not-allowed"),
}


@pytest.mark.parametrize("client", [_urllib3, _http_client])
@pytest.mark.parametrize(("name", "size_bytes", "known", "status", "code"), REFUSALS.values(), ids=REFUSALS)
def test_client_that_is_still_sending_gets_the_reason(
    house: House,
    client: Callable[..., tuple[int, Any]],
    name: str,
    size_bytes: int,
    known: bool,
    status: int,
    code: str,
) -> None:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    if known:
        headers["Authorization"] = f"Bearer {house.app.admin_token}"
    got, problem = client(house, name, size_bytes, headers)
    assert (got, problem["success"], problem["code"]) == (status, False, code)
    house.check()


@pytest.mark.parametrize("known", [False, True], ids=["who are you", "not of this type"])
def test_client_that_sends_all_before_it_reads_gets_the_reason(house: House, known: bool) -> None:
    """Many do; an upload of this size fits into what the server throws away after its answer."""
    body = form(Part("video", b"x" * (20 * MIB), "a.exe")).content
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token if known else "hf_wrong", len(body))
        assert wire.send(body), "the server must not break the connection while the client sends"
        answer = wire.answer()
    assert answer is not None
    assert answer.status == (415 if known else 401)
    house.check()


def test_refused_upload_is_not_read_to_its_end(house: House) -> None:
    """What is thrown away is bounded: nobody keeps a thread and a line busy with what is refused anyway."""
    taken = 0
    with Wire(house.app.port) as wire:
        wire.begin("hf_wrong", 10_000 * MIB)
        while wire.send(b"x" * MIB):
            taken += 1
            assert taken < 500
