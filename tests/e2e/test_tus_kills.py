"""tus on an installation as it comes: what was told stays told, whichever process or database is lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.holding import House, video_bytes
from tests.e2e.tus_wire import VERSION, Upload
from tests.services.app import AppFactory
from tests.services.cutting import Wire
from tests.services.sampling import rounds
from tests.services.strace import killed_at
from tests.services.waiting import wait_until

pytestmark = pytest.mark.service

SIZE = 6_000_000


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("tus-kills"))
    yield House(factory(processes=["web"]))
    factory.close()


def _end(house: House) -> None:
    house.app.kill9("web")
    house.restart("web")


def test_upload_outlives_kills_in_the_middle_of_it(house: House) -> None:
    upload, told = Upload.begin(house, video_bytes(1, SIZE)), 0
    for _ in range(rounds(2, 30)):
        sent = told + 2_000_000
        with Wire(house.app.port) as wire:
            upload.begin_patch(wire, told)
            wire.send(upload.content[told:sent])
            told = upload.wait_for(told + 1)
            _end(house)
        after = upload.offset()
        assert told <= after <= sent
        told = after
    upload.finish()


def test_upload_outlives_its_database(house: House) -> None:
    """The bytes and what is known of them lie beside each other on the disk; the owner comes back with ADMIN_TOKEN."""
    upload = Upload.begin(house, video_bytes(2, SIZE), title="Titel", project_id="p1")
    assert upload.send(0, 4_000_000).status == 204
    house.app.stop("web")
    for file in (house.storage / "metadata").glob("catalog.db*"):
        file.unlink()
    house.restart("web")
    assert upload.offset() == 4_000_000
    upload.finish()
    video = house.app.request("GET", f"/api/videos/{upload.id}").json()["video"]
    assert (video["title"], video["project_id"]) == ("Titel", "p1")


@pytest.mark.parametrize(("call", "number"), [("link", 1), ("fdatasync", 1)])
def test_full_offset_is_never_told_of_a_save_that_was_killed(house: House, call: str, number: int) -> None:
    """Clients take offset == length for success, and would throw their file away."""
    upload = Upload.begin(house, video_bytes(3, 1_000_000))
    assert upload.send(0, 900_000).status == 204
    worker = house.app.pids("web")[-1]
    with killed_at(worker, call, number), ThreadPoolExecutor(1) as beside:
        beside.submit(_sent, upload)
        wait_until(lambda: worker not in house.app.pids("web"), "the kill", seconds=30)
    _end(house)
    saved = upload.id in {v["id"] for v in house.listed()}
    assert saved or upload.offset() < len(upload.content)
    upload.finish() if not saved else upload.check()
    assert [v["id"] for v in house.listed()].count(upload.id) == 1


def _sent(upload: Upload) -> None:
    with Wire(upload.house.app.port) as wire:
        upload.begin_patch(wire, 900_000)
        wire.send(upload.content[900_000:])
        wire.answer()


def test_address_is_the_clients_own_where_no_proxy_is_trusted(house: House) -> None:
    """gunicorn by itself believes a scheme that comes from this machine."""
    headers = {"Tus-Resumable": VERSION, "Upload-Length": "9", "X-Forwarded-Proto": "https"}
    answer = house.app.request("POST", "/files/", headers=headers)
    assert answer.headers["Location"].startswith(f"{house.app.base_url}/files/")
