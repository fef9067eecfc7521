"""The whole way once: a film is offered, our edge device serves it, the emulated VMS pulls it, and it is proved."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from backend.confine import Confinement
from backend.edge.offered import OfferedFootage
from backend.errors import TransientFailure
from backend.log import UploadLog
from backend.offers.book import Book
from backend.offers.offering import Offering
from backend.targets.base import Source, Verdict
from backend.targets.local_file import LocalFile
from tests.contract.edge_site import PASSWORD, USER, serving
from tests.contract.transfers import Told
from tests.services.vms.server import running_vms
from tests.unit.targets.milestone.vms_answers import answering
from tests.unit.targets.milestone.vms_site import START, House, expected, made

_TOOLS = Confinement()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    layout = made(tmp_path / "storage")
    with (
        serving(OfferedFootage(Book(layout), _TOOLS, UploadLog(tmp_path)), tmp_path) as listening,
        running_vms() as vms,
        answering() as device,
    ):
        found = House(vms, device, layout)
        del vms.pulls.__dict__["_frames"]  # the real device is there
        device.url = f"http://127.0.0.1:{listening.soap_port}"
        yield found


def filmed(house: House, name: str, rate: str, seconds: int, at: timedelta) -> Source:
    source = house.source(START + at, timedelta(seconds=seconds), name)
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x96:r={rate}:d={seconds}", "-c:v", "libx264", "-bf", "0"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *picture, str(source.path)], check=True, timeout=60)
    source = replace(source, size_bytes=source.path.stat().st_size)
    with LocalFile(source) as local:
        return replace(source, sha256=local.digests(0, source.size_bytes, "sha256")[0].hex())


def test_a_film_and_a_time_lapse_arrive_whole_and_half_of_one_does_not(house: House) -> None:
    target = house.target(edge_username=USER, edge_password=PASSWORD)
    target.offer_through(Offering(house.book, _TOOLS, house.layout, reserve_bytes=0))
    assert target.check().ok
    film = filmed(house, "film.mp4", "10", 3, timedelta())
    copy = target.put(film, "p/film.mp4", Told())
    assert target.verify(expected(film), copy).verdict is Verdict.MATCHES
    assert [one.at for one in house.vms.frames(house.vms.cameras[0].id)] == [
        START + timedelta(seconds=n / 10) for n in range(30)
    ]
    # Its frames lie further apart than the tolerance: between them there is nothing to have.
    lapse, transfer = filmed(house, "lapse.mp4", "1/8", 64, timedelta(hours=1)), Told()
    house.vms.faults.partial_pull()
    with pytest.raises(TransientFailure, match="has not all of it"):
        target.put(lapse, "p/lapse.mp4", transfer)
    copy = target.put(lapse, "p/lapse.mp4", transfer)
    assert copy.proof["frame_seconds"] == 8
    assert target.verify(expected(lapse), copy).verdict is Verdict.MATCHES
    house.vms.lose_footage(house.vms.cameras[0].id, START + timedelta(hours=1, seconds=20), lapse.end_at or START)
    assert target.verify(expected(lapse), copy).verdict is Verdict.DIFFERS
