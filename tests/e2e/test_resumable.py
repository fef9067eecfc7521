"""The IETF draft against the real server: interim answers, cut connections, kill -9, and the file whole at the end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.e2e.holding import House, video_bytes
from tests.e2e.rufh_wire import Message, RufhWire
from tests.services.app import AppFactory, RunningApp
from tests.services.cutting import chunked
from tests.services.sampling import rounds
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

BODY_TIMEOUT_SECONDS = 2
VIDEO = video_bytes(4, 2_000_000)
STEP = 100_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("rufh"), hearth)
    env = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT_SECONDS), "WEB_WORKERS": "2"}
    yield House(factory(env, processes=["web"]))
    factory.close()


Connect = Callable[..., RufhWire]


@pytest.fixture
def connect(house: House) -> Iterator[Connect]:
    """`connect(version=6)` opens one more connection."""
    opened: list[RufhWire] = []

    def make(version: int | None = 8, token: str = "") -> RufhWire:
        opened.append(RufhWire(house.app.port, token or house.app.admin_token, version))
        return opened[-1]

    yield make
    for wire in opened:
        wire.close()


def _path(message: Message) -> str:
    """The upload's path, from its Location."""
    return "/" + message.headers["location"].split("/", 3)[3]


def _look(connect: Connect, path: str) -> Message:
    with connect() as wire:
        wire.ask("HEAD", path)
        told = wire.hear()
    assert told.status == 204
    return told


def _finish(connect: Connect, path: str) -> dict[str, Any]:
    """Ask how far it is, and send the rest; once more where an earlier request of this client came in after all."""
    offset = _look(connect, path).offset
    while True:
        with connect() as wire:
            wire.append(path, offset, VIDEO[offset:])
            answer, _ = wire.final()
        if answer.status != 409:
            break
        assert offset < answer.offset < len(VIDEO)
        offset = answer.offset
    assert (answer.status, answer.headers["upload-complete"]) == (201, "?1"), answer
    return dict(answer.json)


def _check(house: House, saved: dict[str, Any]) -> None:
    assert house.bytes_of(saved["video_id"]) == VIDEO


def _nothing_lies_about(house: House) -> None:
    """No bytes of an upload that is over; what is known of a finished one stays, so that its answer can be repeated."""
    wait_until(lambda: not [name for name in house.incoming() if name.endswith(".part")], "incoming/ to hold no bytes")


@pytest.mark.parametrize(("version", "lifetime"), [(8, "max-age="), (6, "expires=")])
def test_the_address_comes_before_the_bytes_and_offsets_as_they_become_durable(
    house: House, connect: Connect, version: int, lifetime: str
) -> None:
    wire = connect(version)
    wire.create(b"", length=len(VIDEO))
    first = wire.hear()
    assert (first.status, first.headers["upload-draft-interop-version"]) == (104, str(version))
    assert lifetime in first.headers["upload-limit"]
    assert "upload-offset" not in first.headers
    part = house.storage / "incoming" / f"{_path(first).rpartition('/')[2]}.part"
    told = 0
    for sent in (600_000, 600_001, 1_500_000):
        wire.send(VIDEO[told:sent])
        while told < sent:
            message = wire.hear()
            assert message.status == 104
            assert "location" not in message.headers
            assert told < message.offset <= sent
            told = message.offset
            assert part.read_bytes()[:told] == VIDEO[:told]
    wire.send(VIDEO[told:])
    answer, interim = wire.final()
    assert all(message.offset < len(VIDEO) for message in interim), "only the final answer may say that all is there"
    assert (answer.status, answer.headers["upload-complete"], answer.offset) == (201, "?1", len(VIDEO))
    assert answer.headers["location"] == first.headers["location"]
    _check(house, answer.json)


@pytest.mark.parametrize("version", [None, 3, 7, 9])
def test_a_client_that_announces_no_version_of_ours_gets_no_interim_answer(
    house: House, connect: Connect, version: int | None
) -> None:
    wire = connect(version)
    wire.create(VIDEO)
    answer, interim = wire.final()
    assert (answer.status, interim) == (201, [])
    _check(house, answer.json)


def test_http_1_0_gets_no_interim_answer(connect: Connect) -> None:
    wire = connect()
    wire.create(VIDEO, http="1.0")
    assert wire.hear().status == 201


def test_100_continue_is_sent_as_ever(connect: Connect) -> None:
    wire = connect()
    wire.create(b"", length=len(VIDEO), expect="100-continue")
    assert [wire.hear().status, wire.hear().status] == [100, 104]
    wire.send(VIDEO)
    assert wire.final()[0].status == 201


@pytest.mark.parametrize(
    "ending", [RufhWire.end_sending, RufhWire.close, RufhWire.reset], ids=["half closed", "closed", "reset"]
)
def test_an_upload_cut_anywhere_goes_on_where_it_was(
    house: House, connect: Connect, ending: Callable[[RufhWire], None]
) -> None:
    chance = random.Random(ending.__name__)
    for _ in range(rounds(2, 60)):
        wire = connect()
        cut = chance.randrange(len(VIDEO))
        wire.create(VIDEO[:cut], length=len(VIDEO))
        path, told = _path(wire.hear()), 0
        ending(wire)
        for _ in range(3):
            offset = _look(connect, path).offset
            assert told <= offset < len(VIDEO)
            wire, told = connect(), offset
            cut = chance.randrange(offset, len(VIDEO))
            wire.append(path, offset, VIDEO[offset:cut], length=len(VIDEO) - offset)
            ending(wire)
        _check(house, _finish(connect, path))
    _nothing_lies_about(house)


def test_what_was_told_outlives_kill_9_in_the_middle(running_app: Callable[..., RunningApp]) -> None:
    house = House(running_app(processes=["web"]))
    for number in range(rounds(1, 20)):
        with RufhWire(house.app.port, house.app.admin_token) as wire:
            wire.create(b"", length=len(VIDEO))
            path = _path(wire.hear())
            wire.send(VIDEO[: STEP * (number * 5 + 1)])
            told = wire.hear().offset
            wire.send(VIDEO[STEP * (number * 5 + 1) : STEP * 15])
            house.app.kill9("web")
        house.restart("web")
        connect = partial(RufhWire, house.app.port, house.app.admin_token)
        assert _look(connect, path).offset >= told
        _check(house, _finish(connect, path))


def test_a_newer_request_ends_the_older_and_its_offset_holds(house: House, connect: Connect) -> None:
    older = connect()
    older.create(b"", length=len(VIDEO))
    path = _path(older.hear())
    older.send(VIDEO[:STEP])
    told = older.hear().offset
    offset = _look(connect, path).offset
    assert told <= offset <= STEP
    assert older.final()[0].status == 423
    newer = connect()
    newer.append(path, offset, VIDEO[offset : offset + STEP], length=len(VIDEO) - offset)
    wait_until(lambda: (house.storage / "incoming" / f"{path.rpartition('/')[2]}.part").stat().st_size > offset,
               "the newer request's bytes to arrive")  # fmt: skip
    newest = connect()
    offset = _look(connect, path).offset
    newest.append(path, offset, VIDEO[offset:])
    answer, _ = newest.final()
    assert answer.status == 201
    _check(house, answer.json)


def test_a_cancelled_upload_ends_the_request_that_feeds_it(house: House, connect: Connect) -> None:
    older = connect()
    older.create(VIDEO[:STEP], length=len(VIDEO))
    path = _path(older.hear())
    assert older.hear().offset <= STEP
    other = connect()
    other.ask("DELETE", path)
    assert other.final()[0].status == 204
    assert older.final()[0].status in (404, 423)
    other.ask("HEAD", path)
    assert other.hear().status == 404
    _nothing_lies_about(house)


def test_a_sender_that_stands_still_is_cut_off_and_may_go_on(house: House, connect: Connect) -> None:
    wire = connect()
    wire.create(VIDEO[:STEP], length=len(VIDEO))
    path = _path(wire.hear())
    with pytest.raises((AssertionError, OSError)):
        wire.final()
    assert _look(connect, path).offset == STEP
    _check(house, _finish(connect, path))


def test_the_connection_serves_the_next_request_after_interim_answers(house: House, connect: Connect) -> None:
    wire = connect()
    for _ in range(2):
        wire.create(VIDEO)
        answer, interim = wire.final()
        assert (answer.status, interim[0].status) == (201, 104)
        _check(house, answer.json)
    wire.ask("HEAD", _path(answer))
    assert wire.hear().headers["upload-complete"] == "?1"


def test_requests_sent_ahead_are_answered_in_turn(connect: Connect) -> None:
    wire = connect()
    for number in range(3):
        wire.create(VIDEO[: 1000 + number])
    wire.ask("GET", "/healthz")
    for number in range(3):
        answer, interim = wire.final()
        assert (answer.status, answer.offset, len(interim)) == (201, 1000 + number, 1)
    assert wire.hear().status == 200


def test_chunked_bodies_have_no_length_until_they_end(house: House, connect: Connect) -> None:
    wire = connect()
    wire.ask("POST", "/uploads?filename=a.mp4", upload_complete="?1", transfer_encoding="chunked", content_length="")
    path = _path(wire.hear())
    for at in range(0, len(VIDEO), STEP):
        wire.send(b"%x\r\n%s\r\n" % (STEP, VIDEO[at : at + STEP]))
    wire.end_sending()
    assert wire.final()[0].status == 400
    assert "upload-length" not in _look(connect, path).headers
    _check(house, _finish(connect, path))


def test_a_chunked_body_that_ends_well_is_the_whole_file(house: House, connect: Connect) -> None:
    wire = connect()
    wire.ask("POST", "/uploads?filename=a.mp4", upload_complete="?1", transfer_encoding="chunked", content_length="")
    wire.send(chunked(VIDEO))
    answer, _ = wire.final()
    assert (answer.status, answer.headers["upload-complete"]) == (201, "?1")
    _check(house, answer.json)
    wire.ask("GET", "/healthz")
    assert wire.hear().status == 200
