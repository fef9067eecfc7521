"""A body that did not come whole is never acknowledged, leaves nothing, and holds nobody else up."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.holding import House, video_bytes
from tests.services.app import AppFactory
from tests.services.cutting import Answer, Body, Part, Wire, chunked, form
from tests.services.sampling import rounds, sample
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

BODY_TIMEOUT_SECONDS = 1
WEB_THREADS = 2
VIDEO = video_bytes(1, 2_500_000)
BODY = form(
    Part("project_id", b"cut"), Part("video", VIDEO, "cut.mp4", ["Content-Type: video/mp4"]), Part("title", b"after"),
    epilogue=b"\r\nepilogue that nobody needs\r\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("cut"), hearth)
    env = {"BODY_TIMEOUT_SECONDS": BODY_TIMEOUT_SECONDS, "WEB_THREADS": WEB_THREADS, "UPLOAD_MAX_SIZE": 30_000_000}
    yield House(factory({name: str(value) for name, value in env.items()}, processes=["web"]))
    factory.close()


@pytest.fixture(autouse=True)
def nothing_comes_of_it(house: House) -> Iterator[None]:
    """After every test: nothing is listed but what a test sent whole, incoming/ is empty, the server answers."""
    yield
    assert house.app.request("GET", "/healthz").status == 200
    assert [v["original_filename"] for v in house.check() if v["title"] != "whole"] == []
    assert house.quarantined() == []


def _cuts(body: Body, at_most: int) -> list[int]:
    """Offsets in every region: its first and last bytes, and random ones between."""
    chance, offsets = random.Random(7), {0, 1, len(body.content) - 1}
    for region in body.regions.values():
        offsets |= {region.start, region.start + 1, region.stop - 1, region.stop}
        offsets |= {chance.randrange(region.start, region.stop) for _ in range(rounds(2, 200)) if region}
    return sample(sorted(o for o in offsets if o < len(body.content)), at_most)


def _refused(answer: Answer | None, status: int, code: str) -> None:
    assert answer is not None, "the client must be told"
    assert (answer.status, answer.json["success"], answer.json["code"]) == (status, False, code)
    assert answer.json["error"].endswith(".")
    assert isinstance(answer.json["detail"], dict)


def test_the_same_body_whole_is_saved_byte_for_byte(house: House) -> None:
    """Without this every refusal below could be for another reason."""
    parts = [Part("title", b"whole"), Part("video", VIDEO, "whole.mp4")]
    whole = form(*parts).content
    for length, content in [(len(whole), whole), (None, chunked(whole))]:
        with Wire(house.app.port) as wire:
            wire.begin(house.app.admin_token, length)
            wire.send(content)
            answer = wire.answer()
        assert answer is not None
        assert answer.status == 201
        assert answer.json["checksum"] == f"sha256:{hashlib.sha256(VIDEO).hexdigest()}"


@pytest.mark.parametrize("offset", _cuts(BODY, 20))
def test_cut_by_fin_is_refused_in_words(house: House, offset: int) -> None:
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, len(BODY.content))
        wire.send(BODY.content[:offset])
        wire.end_sending()
        _refused(wire.answer(), 400, "incomplete-body")


def test_cut_by_a_client_that_is_gone_leaves_nothing(house: House) -> None:
    for ending in (Wire.close, Wire.reset):
        for offset in _cuts(BODY, 14):
            wire = Wire(house.app.port)
            wire.begin(house.app.admin_token, len(BODY.content))
            wire.send(BODY.content[:offset])
            ending(wire)
    house.check()


def test_stalled_body_is_timed_out_in_words_wherever_it_stands_still(house: House) -> None:
    for group in _by(WEB_THREADS, _cuts(BODY, 6)):
        with ExitStack() as open_wires:
            wires = [open_wires.enter_context(Wire(house.app.port)) for _ in group]
            for wire, offset in zip(wires, group, strict=True):
                wire.begin(house.app.admin_token, len(BODY.content))
                wire.send(BODY.content[:offset])
            for wire in wires:
                _refused(wire.answer(), 408, "body-timeout")


def _by(size: int, items: Sequence[int]) -> list[Sequence[int]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


@pytest.mark.parametrize("more", [1, 40, 1_000_000])
def test_declared_length_larger_than_the_body_is_refused(house: House, more: int) -> None:
    for ends, status, code in [(True, 400, "incomplete-body"), (False, 408, "body-timeout")]:
        with Wire(house.app.port) as wire:
            wire.begin(house.app.admin_token, len(BODY.content) + more)
            wire.send(BODY.content)
            if ends:
                wire.end_sending()
            _refused(wire.answer(), status, code)


@pytest.mark.parametrize("fewer", [40, 200, 100_000, len(BODY.content)])
def test_declared_length_smaller_than_the_body_is_refused(house: House, fewer: int) -> None:
    """What stands behind the declared end is no second request either."""
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, len(BODY.content) - fewer)
        wire.send(BODY.content)
        wire.end_sending()
        answer = wire.answer()
        _refused(answer, 400, "incomplete-body")
        while answer is not None:
            assert answer.status >= 400
            answer = wire.answer()


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: -5"], ["Content-Length: 5x"], ["Content-Length: +5"], ["Content-Length: 5, 6"],
        ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: chunked, identity"],
    ],
)  # fmt: skip
def test_framing_that_two_servers_could_read_differently_is_refused(house: House, framing: Sequence[str]) -> None:
    with Wire(house.app.port) as wire:
        lines = ["POST /api/upload-video HTTP/1.1", "Host: x", f"Authorization: Bearer {house.app.admin_token}"]
        lines += ["Content-Type: multipart/form-data; boundary=----cut", *framing, "", ""]
        wire.send("\r\n".join(lines).encode() + BODY.content)
        wire.end_sending()
        answer = wire.answer()
    assert answer is not None
    assert 400 <= answer.status <= 501


def test_body_without_a_length_is_refused(house: House) -> None:
    with Wire(house.app.port) as wire:
        lines = ["POST /api/upload-video HTTP/1.1", "Host: x", f"Authorization: Bearer {house.app.admin_token}"]
        wire.send("\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=----cut", "", ""]).encode())
        _refused(wire.answer(), 400, "incomplete-body")


def _spoilt_chunks() -> dict[str, bytes]:
    whole = chunked(BODY.content)
    return {
        "no last chunk": whole[: -len(b"0\r\n\r\n")],
        "last chunk without its end": whole[:-2],
        "size is no number": whole.replace(b"\r\n10000\r\n", b"\r\nxyz\r\n", 1),
        "size is negative": whole.replace(b"\r\n10000\r\n", b"\r\n-5\r\n", 1),
        "chunk longer than its size": whole.replace(b"10000\r\n", b"fff0\r\n", 1),
        "chunk without its end": whole.replace(b"\r\n10000\r\n", b"10000\r\n", 1),
        "trailer that is none": whole[:-2] + b"no colon here\r\n\r\n",
        "cut in the middle": whole[: len(whole) // 2],
        "cut in a size": whole[: whole.index(b"\r\n10000\r\n") + 4],
        "nothing at all": b"",
    }


@pytest.mark.parametrize("spoilt", _spoilt_chunks().values(), ids=_spoilt_chunks())
def test_chunked_body_that_is_not_whole_is_refused_in_words(house: House, spoilt: bytes) -> None:
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, None)
        wire.send(spoilt)
        wire.end_sending()
        _refused(wire.answer(), 400, "incomplete-body")


def test_chunked_body_cut_anywhere_leaves_nothing(house: House) -> None:
    whole, chance = chunked(BODY.content, 30_000), random.Random(8)
    for number in range(rounds(10, 300)):
        with Wire(house.app.port) as wire:
            wire.begin(house.app.admin_token, None)
            wire.send(whole[: chance.randrange(len(whole))])
            if number % 2:
                wire.reset()
            else:
                wire.end_sending()
                _refused(wire.answer(), 400, "incomplete-body")
    house.check()


def _form_with(*more: Part, headers: Sequence[str] = (), content: bytes = VIDEO, name: str = "a.mp4") -> Body:
    return form(Part("video", content, name, headers), *more)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (_form_with(headers=[f"Content-Length: {len(VIDEO) + 1}"]), 400, "incomplete-body"),
        (_form_with(headers=[f"Content-Length: {len(VIDEO) - 1}"]), 422, "bad-field"),
        (_form_with(headers=["Content-Length: -1"]), 422, "bad-field"),
        (_form_with(Part("sha256", hashlib.sha256(b"other").hexdigest().encode())), 422, "digest-mismatch"),
        (_form_with(Part("sha256", b"abc")), 422, "bad-field"),
        (_form_with(content=b""), 422, "empty-file"),
        (form(Part("title", b"no file")), 422, "bad-field"),
        (form(Part("Video", VIDEO, "a.mp4")), 413, "too-large"),
        (form(), 422, "bad-field"),
        (_form_with(Part("video", VIDEO, "b.mp4")), 422, "bad-field"),
        (_form_with(Part("file", VIDEO, "b.mp4")), 422, "bad-field"),
        (_form_with(Part("title", b"x" * 65_537)), 413, "too-large"),
        (form(Part("title", b"x" * 65_537), Part("video", VIDEO, "a.mp4")), 413, "too-large"),
        (_form_with(Part("title", b"\xff\xfe")), 422, "bad-field"),
        (_form_with(*[Part("anything", b"x")] * 250), 422, "bad-field"),
        (_form_with(headers=[f"X-{n}: y" for n in range(20)]), 422, "bad-field"),
        (_form_with(headers=[f"X-Long: {'y' * 5000}"]), 422, "bad-field"),
        (_form_with(Part("project_id", b"a\nb")), 422, "bad-field"),
        (_form_with(name="a.exe"), 415, "extension-not-allowed"),
        (_form_with(content=VIDEO * 13), 413, "too-large"),
        (Body(BODY.content.replace(b"----cut", b"----other"), {}), 400, "incomplete-body"),
        (Body(b"", {}), 400, "incomplete-body"),
    ],
)
def test_form_that_makes_no_sense_is_refused_in_words(house: House, body: Body, status: int, code: str) -> None:
    with Wire(house.app.port) as wire:
        wire.begin(house.app.admin_token, len(body.content))
        wire.send(body.content)
        _refused(wire.answer(), status, code)


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=----cut"])
def test_body_that_is_no_form_is_refused_in_words(house: House, content_type: str) -> None:
    answer = house.app.request("POST", "/api/upload-video", body=b"x", headers={"Content-Type": content_type})
    assert (answer.status, answer.json()["code"]) == (422, "bad-field")


def test_largest_text_field_is_taken(house: House) -> None:
    status, saved = house.upload(VIDEO, title="whole", description="x" * 65_536)
    assert status == 201
    assert saved["video_id"] in [v["id"] for v in house.listed()]


def test_connection_serves_the_next_upload_after_a_refused_one(house: House) -> None:
    refused = _form_with(name="a.exe", content=VIDEO[:1000]).content
    whole = form(Part("title", b"whole"), Part("video", VIDEO, "next.mp4")).content
    with Wire(house.app.port) as wire:
        for content, status in [(refused, 415), (whole, 201)]:
            wire.begin(house.app.admin_token, len(content))
            wire.send(content)
            answer = wire.answer()
            assert answer is not None
            assert answer.status == status


def test_two_hundred_cut_uploads_leave_the_server_as_it_was(house: House) -> None:
    """No thread, file or connection stays behind."""
    pid = house.app.pids("web")[-1]
    opened, threads = (_count(house, pid, "fd"), _count(house, pid, "task"))
    chance = random.Random(9)
    endings: list[Callable[[Wire], None]] = [Wire.close, Wire.reset, Wire.end_sending]
    for number in range(rounds(60, 1000)):
        wire = Wire(house.app.port)
        wire.begin(house.app.admin_token, len(BODY.content))
        wire.send(BODY.content[: chance.randrange(len(BODY.content))])
        endings[number % 3](wire)
        wire.close()
    house.check()
    wait_until(lambda: _count(house, pid, "fd") <= opened + 2, "its files and connections to be closed")
    assert _count(house, pid, "task") <= threads + WEB_THREADS


def _count(house: House, pid: int, what: str) -> int:
    return len(list(Path(f"/proc/{pid}/{what}").iterdir()))
