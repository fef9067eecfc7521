"""The whole way once: a film is offered, our edge device serves it, the emulated VMS pulls it, and it is proved."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
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
from backend.targets.milestone.target import MilestoneTarget
from tests.contract.edge_site import PASSWORD, USER, serving
from tests.contract.transfers import Told
from tests.services.vms.faults import Status
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


def film(house: House, name: str, rate: str, seconds: int, at: timedelta, *options: str) -> Source:
    source = house.source(START + at, timedelta(seconds=seconds), name)
    picture = ["-f", "lavfi", "-i", f"testsrc2=s=160x96:r={rate}:d={seconds}", *options, "-c:v", "libx264", "-bf", "0"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *picture, str(source.path)], check=True, timeout=60)
    source = replace(source, size_bytes=source.path.stat().st_size)
    with LocalFile(source) as local:
        return replace(source, sha256=local.digests(0, source.size_bytes, "sha256")[0].hex())


def signed_in(house: House) -> MilestoneTarget:
    target = house.target(edge_username=USER, edge_password=PASSWORD)
    target.offer_through(Offering(house.book, _TOOLS, house.layout, reserve_bytes=0))
    return target


def test_a_film_and_a_time_lapse_arrive_whole_and_half_of_one_does_not(house: House) -> None:
    target = signed_in(house)
    assert target.check().ok
    first = film(house, "film.mp4", "10", 3, timedelta())
    copy = target.put(first, "p/film.mp4", Told())
    assert target.verify(expected(first), copy).verdict is Verdict.MATCHES
    assert [one.at for one in house.vms.frames(house.vms.cameras[0].id)] == [
        START + timedelta(seconds=n / 10) for n in range(30)
    ]
    # Its frames lie further apart than the tolerance: between them there is nothing to have.
    lapse, transfer = film(house, "lapse.mp4", "1/8", 64, timedelta(hours=1)), Told()
    house.vms.faults.partial_pull()
    with pytest.raises(TransientFailure, match="has not all of it"):
        target.put(lapse, "p/lapse.mp4", transfer)
    copy = target.put(lapse, "p/lapse.mp4", transfer)
    assert copy.proof["frame_seconds"] == 8
    assert target.verify(expected(lapse), copy).verdict is Verdict.MATCHES
    house.vms.lose_footage(house.vms.cameras[0].id, START + timedelta(hours=1, seconds=20), lapse.end_at or START)
    assert target.verify(expected(lapse), copy).verdict is Verdict.DIFFERS


def test_what_is_missing_is_judged_by_the_recordings_own_frames_not_by_the_first_ones(house: House) -> None:
    target, transfer = signed_in(house), Told()
    target.put(film(house, "lapse.mp4", "1/8", 64, timedelta()), "p/lapse.mp4", Told())
    second = film(house, "film.mp4", "10", 20, timedelta(hours=1))
    house.vms.faults.partial_pull(0.5)
    with pytest.raises(TransientFailure, match=r"10\.1 s of 20\.0 s are missing"):
        target.put(second, "p/film.mp4", transfer)
    copy = target.put(second, "p/film.mp4", transfer)
    house.vms.lose_footage(house.vms.cameras[0].id, START + timedelta(hours=1, seconds=10), second.end_at or START)
    assert target.verify(expected(second), copy).verdict is Verdict.DIFFERS
    assert (
        target.verify(expected(second), replace(copy, proof={"video_id": second.video_id})).verdict is Verdict.DIFFERS
    )


def test_a_picture_that_stood_still_excuses_no_loss_elsewhere(house: House) -> None:
    target, transfer = signed_in(house), Told()
    still = ["-vf", "select='not(between(t,25.05,34.95))'", "-fps_mode", "passthrough"]
    frozen = film(house, "frozen.mp4", "10", 60, timedelta(), *still)
    house.vms.faults.partial_pull(381 / 501)  # up to 48 s: 12 s of its end are lost
    with pytest.raises(TransientFailure, match=r"12\.1 s of 60\.0 s are missing, from 2024-03-01T12:00:47Z"):
        target.put(frozen, "p/frozen.mp4", transfer)
    copy = target.put(frozen, "p/frozen.mp4", transfer)
    assert copy.proof["pauses"] == [[25.0, 35.0]]
    assert target.verify(expected(frozen), copy).verdict is Verdict.MATCHES
    house.vms.lose_footage(house.vms.cameras[0].id, START + timedelta(seconds=48), frozen.end_at or START)
    assert target.verify(expected(frozen), copy).verdict is Verdict.DIFFERS


@pytest.mark.parametrize("rate", ["1/8", "1/4000"])
def test_a_time_lapse_that_is_there_is_not_fetched_again(house: House, rate: str) -> None:
    target, transfer = signed_in(house), Told()
    target.put(film(house, "film.mp4", "10", 3, timedelta()), "p/film.mp4", Told())
    lapse = film(house, "lapse.mp4", rate, 8 * round(1 / Fraction(rate)), timedelta(hours=1))
    house.vms.faults.add(Status(503), "POST bookmarks")
    house.vms.requests.clear()
    with pytest.raises(TransientFailure):
        target.put(lapse, "p/lapse.mp4", transfer)
    copy = target.put(lapse, "p/lapse.mp4", transfer)
    assert len(house.vms.called("POST cameras/{id}?task=RetrieveEdgeStorage")) == 1
    assert target.verify(expected(lapse), copy).verdict is Verdict.MATCHES
    house.vms.lose_footage(house.vms.cameras[0].id, START + timedelta(hours=1), START + timedelta(hours=1, seconds=1))
    assert target.verify(expected(lapse), copy).verdict is Verdict.DIFFERS


def test_frames_behind_the_told_end_arrive_too_and_the_next_clip_is_no_overlap(house: House) -> None:
    target = signed_in(house)
    first = replace(film(house, "a.mp4", "10", 3, timedelta()), end_at=START + timedelta(seconds=2.3))
    copy = target.put(first, "p/a.mp4", Told())
    assert [one.at for one in house.vms.frames(house.vms.cameras[0].id)] == [
        START + timedelta(seconds=n / 10) for n in range(30)
    ]
    second = film(house, "b.mp4", "10", 3, timedelta(seconds=2.3))
    later = target.put(second, "p/b.mp4", Told())
    assert target.verify(expected(first), copy).verdict is Verdict.MATCHES
    assert target.verify(expected(second), later).verdict is Verdict.MATCHES
