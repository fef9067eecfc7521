"""Clients that stand still, or will not go, cost others nothing but the thread they sit in, and that not for long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.holding import House, video_bytes
from tests.services.app import AppFactory
from tests.services.cutting import Answer, Part, Wire, form
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

BODY_TIMEOUT_SECONDS = 1
WEB_THREADS = 2
BODY = form(Part("video", video_bytes(1, 2_500_000), "cut.mp4"))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("stalled"), hearth)
    env = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT_SECONDS), "WEB_THREADS": str(WEB_THREADS)}
    yield House(factory(env, processes=["web"]))
    factory.close()


@pytest.fixture(autouse=True)
def nothing_comes_of_it(house: House) -> Iterator[None]:
    yield
    assert house.app.request("GET", "/healthz").status == 200
    assert house.check() == []


def _refused(answer: Answer | None, status: int, code: str) -> None:
    assert answer is not None, "the client must be told"
    assert (answer.status, answer.json["success"], answer.json["code"]) == (status, False, code)


@pytest.mark.parametrize(
    "head",
    [b"", b"POST /api/up", b"POST /api/upload-video HTTP/1.1\r\nHost: x\r\nContent-Le"],
    ids=["silent", "in the request line", "in a header"],
)
def test_clients_that_stall_before_the_body_free_their_threads(house: House, head: bytes) -> None:
    with ExitStack() as open_wires:
        for _ in range(3 * WEB_THREADS):
            open_wires.enter_context(Wire(house.app.port)).send(head)
        _answers_within(house, 3 * (BODY_TIMEOUT_SECONDS + 3))


def test_stalled_uploads_free_their_threads_for_others(house: House) -> None:
    with ExitStack() as open_wires:
        for _ in range(3 * WEB_THREADS):
            wire = open_wires.enter_context(Wire(house.app.port))
            wire.begin(house.app.admin_token, len(BODY.content))
            wire.send(BODY.content[:100_000])
        _answers_within(house, 3 * (BODY_TIMEOUT_SECONDS + 4))


def test_stalled_upload_costs_others_no_time_while_a_thread_is_free(house: House) -> None:
    """The accepting thread must not wait for a client that neither sends nor closes, also after the answer."""
    waits = []
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, len(BODY.content))
        wire.send(BODY.content[:100_000])
        end = time.monotonic() + BODY_TIMEOUT_SECONDS + 3
        while time.monotonic() < end:
            started = time.monotonic()
            assert house.app.request("GET", "/healthz").status == 200
            waits.append(time.monotonic() - started)
        _refused(wire.answer(), 408, "body-timeout")
    # gunicorn's own closing stands still for two seconds.
    assert max(waits) < 1.7


def test_refused_clients_that_neither_send_nor_close_free_their_threads(house: House) -> None:
    with ExitStack() as open_wires:
        wires = [open_wires.enter_context(Wire(house.app.port)) for _ in range(3 * WEB_THREADS)]
        for wire in wires:
            wire.begin("hf_wrong", 20_000_000)
        _answers_within(house, 3 * 4)
        for wire in wires:
            _refused(wire.answer(), 401, "unauthenticated")


def _answers_within(house: House, seconds: float) -> None:
    assert house.app.request("GET", "/healthz", timeout=seconds).status == 200
