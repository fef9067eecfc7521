"""tus over lines that break: whatever happens to a transfer, it goes on, and ends as the very bytes that were sent."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.e2e.holding import House, video_bytes
from tests.e2e.tus_wire import BYTES, VERSION, Upload, create, patch_head
from tests.services.app import AppFactory
from tests.services.cutting import Wire, chunked
from tests.services.sampling import rounds
from tests.services.strace import points, traced
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

# More than the two seconds of silence after which a newer request takes over.
BODY_TIMEOUT_SECONDS = 4
SIZE = 3_000_000
# Every 127.x.y.z is this machine: connections from this one come through the proxy that is trusted.
PROXY = "127.0.0.2"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("tus"), hearth)
    env = {"BODY_TIMEOUT_SECONDS": str(BODY_TIMEOUT_SECONDS), "WEB_THREADS": "4", "TRUSTED_PROXIES": PROXY}
    yield House(factory(env, processes=["web"]))
    factory.close()


@pytest.mark.parametrize("ending", [Wire.close, Wire.end_sending, Wire.reset], ids=["FIN", "half FIN", "RST"])
def test_upload_cut_again_and_again_ends_byte_for_byte(house: House, ending: Callable[[Wire], None]) -> None:
    upload, chance = Upload.begin(house, video_bytes(1, SIZE)), random.Random(11)
    told = 0
    for _ in range(rounds(6, 100)):
        sent = chance.randrange(told, (told + SIZE) // 2 + 1)
        with Wire(house.app.port) as wire:
            upload.begin_patch(wire, told)
            wire.send(upload.content[told:sent])
            ending(wire)
            if ending is Wire.end_sending:
                answer = wire.answer()
                assert answer is not None
                assert (answer.status, answer.json["code"]) == (400, "incomplete-body")
        if ending is Wire.reset:
            assert told <= upload.offset() <= sent
        else:
            upload.wait_for(sent)
        # The cut request may still be letting go: what is told now may grow, and never shrinks.
        told = upload.offset()
    assert [v for v in house.listed() if v["id"] == upload.id] == []
    upload.finish()


def test_request_without_a_length_is_kept_as_far_as_it_came(house: House) -> None:
    upload = Upload.begin(house, video_bytes(2, SIZE))
    with Wire(house.app.port) as wire:
        wire.send(patch_head(upload, 0, "Transfer-Encoding: chunked"))
        wire.send(chunked(upload.content[:1_000_000]))
        answer = wire.answer()
        assert answer is not None
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, "1000000")
    with Wire(house.app.port) as wire:
        wire.send(patch_head(upload, 1_000_000, "Transfer-Encoding: chunked"))
        wire.send(chunked(upload.content[1_000_000:2_000_000])[:500_000])
        wire.end_sending()
        cut = wire.answer()
        assert cut is not None
        assert (cut.status, cut.json["code"], cut.headers["Tus-Resumable"]) == (400, "incomplete-body", VERSION)
    assert 1_000_000 < upload.offset() < 1_500_000
    upload.finish()


def test_one_connection_serves_an_upload_and_its_refusals(house: House) -> None:
    upload = Upload.begin(house, video_bytes(3, 300_000))
    with Wire(house.app.port) as wire:
        for offset, until, status in [(0, 100_000, 204), (7, 107, 409), (100_000, 200_000, 204), (200_000, SIZE, 204)]:
            piece = upload.content[offset:until]
            upload.begin_patch(wire, offset, len(piece))
            wire.send(piece)
            answer = wire.answer()
            assert answer is not None
            assert (answer.status, answer.headers["Tus-Resumable"]) == (status, VERSION)
    upload.check()


def test_stalled_transfer_is_ended_without_an_answer_and_goes_on(house: House) -> None:
    """tus-js-client resumes after a broken connection, and gives up after a 408."""
    upload = Upload.begin(house, video_bytes(4, SIZE))
    with Wire(house.app.port) as wire:
        upload.begin_patch(wire, 0)
        wire.send(upload.content[:1_234_567])
        assert wire.answer() is None
    assert upload.offset() == 1_234_567
    upload.finish()


def test_newer_request_takes_over_from_one_that_stands_still(house: House) -> None:
    upload = Upload.begin(house, video_bytes(5, SIZE))
    with Wire(house.app.port) as old:
        upload.begin_patch(old, 0)
        old.send(upload.content[:500_000])
        upload.wait_for(500_000)
        upload.finish()
        answer = old.answer()
        assert answer is not None
        assert (answer.status, answer.json["code"]) == (423, "upload-busy")
    upload.check()


def test_newer_request_waits_its_turn_behind_one_that_is_well(house: House) -> None:
    upload, step = Upload.begin(house, video_bytes(6, SIZE)), 1000
    with Wire(house.app.port) as old, ThreadPoolExecutor(1) as beside:
        upload.begin_patch(old, 0)
        old.send(upload.content[:step])
        upload.wait_for(step)
        newer, at = beside.submit(upload.send, step), step

        def refused() -> bool:
            nonlocal at
            old.send(upload.content[at : at + step])
            at += step
            return newer.done()

        wait_until(refused, "the newer request to be answered")
        assert (newer.result().status, newer.result().headers["Tus-Resumable"]) == (423, VERSION)
        assert upload.look().status == 200, "a look interrupts nothing"
        old.send(upload.content[at:])
        answer = old.answer()
        assert answer is not None
        assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(SIZE))
    upload.check()


def test_creation_whose_first_bytes_are_cut_leaves_nothing(house: House) -> None:
    """Nobody was told its address."""
    before = _parts(house)
    with Wire(house.app.port) as wire:
        words = ["POST /files/ HTTP/1.1", "Host: x", f"Authorization: Bearer {house.app.admin_token}",
                 f"Tus-Resumable: {VERSION}", f"Upload-Length: {SIZE}", f"Content-Length: {SIZE}",
                 f"Content-Type: {BYTES}", "", ""]  # fmt: skip
        wire.send("\r\n".join(words).encode())
        wire.send(bytes(700_000))
        wait_until(lambda: _parts(house) != before, "the upload to be begun")
        wire.reset()
    wait_until(lambda: _parts(house) == before, "its bytes to be gone")


def _parts(house: House) -> list[str]:
    return [name for name in house.incoming() if name.endswith(".part")]


def test_offset_is_noted_only_after_its_bytes_are_durable(house: House, tmp_path: Path) -> None:
    """What the kernel was asked, in its order: kill -9 cannot show this, a power cut would."""
    upload, trace = Upload.begin(house, video_bytes(7, SIZE)), tmp_path / "trace"
    with traced(house.app.pids("web")[-1], trace):
        assert upload.send(0, 2_000_000).headers["Upload-Offset"] == "2000000"
    calls = [(p.call, Path(p.path).suffix) for p in points(trace) if upload.id in p.path]
    noted = max(at for at, call in enumerate(calls) if call == ("pwrite64", ".upload"))
    written = max(at for at, call in enumerate(calls) if call == ("pwrite64", ".part"))
    assert written < max(at for at, call in enumerate(calls) if call == ("fdatasync", ".part")) < noted
    assert ("fdatasync", ".upload") in calls[noted:], "the note is durable too before it is told"
    upload.finish()


@pytest.mark.parametrize("peer", [PROXY, "127.0.0.1"], ids=["through a trusted proxy", "straight, or through another"])
def test_address_is_the_one_that_people_use(house: House, peer: str) -> None:
    for headers in (
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "video.example:8443"},
        {"Forwarded": 'for=1.2.3.4;proto=https;host="video.example:8443"'},
        {"Host": "video.example:8443", "X-Forwarded-Proto": "https"},
    ):
        named = {"Host": "inside:8000", "Tus-Resumable": VERSION, "Upload-Length": "9", **headers}
        named["Authorization"] = f"Bearer {house.app.admin_token}"
        connection = HTTPConnection("127.0.0.1", house.app.port, timeout=30, source_address=(peer, 0))
        connection.request("POST", "/files/", headers=named)
        answer = connection.getresponse()
        expected = "https://video.example:8443/files/" if peer == PROXY else f"http://{named['Host']}/files/"
        assert (answer.status, answer.headers["Location"][: len(expected)]) == (201, expected)
        connection.close()


@pytest.mark.parametrize(
    "header",
    [b"Upload-Metadata: filename YQ==\rX-Evil: 1", b"Upload-Metadata: a YQ==,X-Evil:\x85 1",
     b"Upload-Metadata: \xe4 YQ==",
     b"Upload-Concat: partial\rX-Evil: 1", b"Upload-Metadata: a YQ==\r\n X-Evil: 1"],
)  # fmt: skip
def test_nothing_is_smuggled_through_what_is_told_again(house: House, header: bytes) -> None:
    with Wire(house.app.port) as wire:
        wire.send(f"POST /files/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {house.app.admin_token}\r\n".encode())
        wire.send(b"Tus-Resumable: 1.0.0\r\nUpload-Length: 9\r\n" + header + b"\r\n\r\n")
        answer = wire.answer()
        assert answer is not None
        assert answer.status == 400
        assert "X-Evil" not in answer.headers


def test_length_of_zero_is_refused_in_words(house: House) -> None:
    answer = create(house, 0, filename="leer.mp4")
    assert (answer.status, answer.json()["code"]) == (422, "empty-file")
    assert "leer.mp4" in answer.json()["error"]
