"""The same content again: bytes shared once the older file was read again, repaired when damaged, refused on demand."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from backend.catalog.videos import Scope
from backend.disk.sidecar import read_sidecar
from backend.errors import DuplicateVideo
from backend.intake.receive import Caller
from tests.unit.disk.border import Border
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import OTHER, VIDEO, House


def test_same_content_shares_its_bytes_and_says_so(house: House) -> None:
    first, second = house.upload(), house.upload(name="b.mp4")
    assert house.video(second.video_id).duplicate_of == first.video_id
    assert house.video(second.video_id).bytes_id == first.video_id
    assert house.place(first).samefile(house.place(second))
    house.check()


def test_damaged_older_file_is_mended_by_the_new_bytes_and_kept_in_quarantine(house: House) -> None:
    first = house.upload()
    place = house.place(first)
    damaged = b"rot" + VIDEO[3:]
    place.write_bytes(damaged)
    second = house.upload(name="b.mp4")
    assert place.read_bytes() == VIDEO
    assert house.place(second).read_bytes() == VIDEO
    assert house.video(second.video_id).duplicate_of == first.video_id
    assert [p.read_bytes() for p in house.services.layout.quarantine.iterdir()] == [damaged]
    house.check()


def test_every_name_of_damaged_bytes_is_mended_by_the_new_ones(house: House) -> None:
    first, second = house.upload(), house.upload(name="b.mp4")
    house.place(first).write_bytes(OTHER)
    assert house.place(second).read_bytes() == OTHER
    house.upload(name="c.mp4")
    assert house.place(first).read_bytes() == house.place(second).read_bytes() == VIDEO
    house.check()


def test_lost_older_file_is_brought_back_by_the_new_bytes(house: House) -> None:
    place = house.place(house.upload())
    place.unlink()
    house.upload()
    assert place.read_bytes() == VIDEO
    house.check()


def test_older_file_whose_folder_is_gone_does_not_stop_the_new_upload(house: House) -> None:
    place = house.place(house.upload(project_id="old"))
    sidecar = Path(f"{place}.json").read_bytes()
    place.unlink()
    Path(f"{place}.json").unlink()
    place.parent.rmdir()
    house.upload(project_id="new")
    assert place.read_bytes() == VIDEO
    Path(f"{place}.json").write_bytes(sidecar)
    house.check()


def test_older_file_that_cannot_be_mended_does_not_stop_the_new_upload(house: House, border: Border) -> None:
    first = house.upload()
    place = house.place(first)
    place.write_bytes(OTHER)
    border.fail_when(lambda call: call.name == "rename" and call.to == str(place), errno.EIO)
    second = house.upload()
    assert house.place(second).read_bytes() == VIDEO
    border.heal()
    assert place.read_bytes() == OTHER
    house.upload()
    house.check()


@pytest.mark.parametrize("code", [errno.EMLINK, errno.ENOENT, errno.EPERM])
def test_bytes_that_take_no_more_links_are_kept_twice(house: House, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """EMLINK: the file has as many names as its file system allows; EPERM: it is another user's."""
    first = house.upload()
    real = os.link

    def link(source: Path, to: Path) -> None:
        if Path(source) == house.place(first):
            raise OSError(code, os.strerror(code))
        real(source, to)

    monkeypatch.setattr(os, "link", link)
    second = house.upload(name="b.mp4")
    assert not house.place(first).samefile(house.place(second))
    video = house.video(second.video_id)
    assert (video.duplicate_of, video.bytes_id) == (first.video_id, second.video_id)
    assert read_sidecar(Path(f"{house.place(second)}.json")).video.bytes_id == second.video_id
    house.check()


def test_video_that_the_caller_may_not_read_is_neither_shared_nor_named(house: House) -> None:
    house.upload(project_id="secret")
    eve = Caller(id="t-eve", name="eve", scope=Scope(frozenset({"own"})))
    saved = house.upload(caller=eve, project_id="own")
    assert house.video(saved.video_id).duplicate_of is None
    assert house.place(saved).stat().st_nlink == 1
    house.check()


def test_duplicates_are_refused_on_demand_with_the_existing_video(build: Build) -> None:
    house = build(DUPLICATES="reject")
    first = house.upload()
    with pytest.raises(DuplicateVideo) as told:
        house.upload(name="b.mp4")
    assert told.value.detail["video"]["id"] == first.video_id
    house.upload(OTHER)
    assert len(house.listed()) == 2
    house.check()


def test_damaged_file_is_no_reason_to_refuse_a_duplicate(build: Build) -> None:
    house = build(DUPLICATES="reject")
    place = house.place(house.upload())
    place.write_bytes(OTHER)
    house.upload()
    assert place.read_bytes() == VIDEO
    house.check()


def test_refused_duplicate_that_a_caller_may_not_see_is_taken(build: Build) -> None:
    house = build(DUPLICATES="reject")
    house.upload(project_id="secret")
    eve = Caller(id="t-eve", name="eve", scope=Scope(frozenset({"own"})))
    house.upload(caller=eve, project_id="own")
    house.check()


def test_kept_video_survives_the_removal_of_its_twin(house: House) -> None:
    first, second = house.upload(), house.upload()
    house.services.trash.throw_away(first.video_id, "ann")
    place = house.place(first)
    place.unlink()
    assert house.place(second).read_bytes() == VIDEO
