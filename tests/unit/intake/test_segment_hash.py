"""Hashing what was taken without reading it: sidecar first, only what stands still, and nothing relies on it before."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend.catalog import videos
from backend.catalog.models import Segment
from backend.disk.adopted import ClonedFile
from backend.disk.sidecar import read_sidecar
from backend.errors import Conflict, StillRecording
from backend.intake import receipt
from backend.intake.segment_hash import Hasher
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import OTHER, VIDEO, House, killed_at
from tests.unit.intake.recorder import SHA256, TIMES, Recorder, hash_all


def test_a_linked_file_is_the_recorder_s_own_and_hashed_afterwards(linking: Recorder) -> None:
    path = linking.file()
    done = linking.register(path)
    video = linking.house.video(done.video_id)
    assert linking.house.path(video).samefile(path)
    assert (video.sha256, linking.segment(done.video_id).checksum) == ("", None)
    assert hash_all(linking) == 1
    video = linking.house.video(done.video_id)
    doc = read_sidecar(linking.house.services.layout.sidecar_of(video.relative_path))
    assert (video.sha256, doc.video.sha256, linking.segment(done.video_id).checksum) == (SHA256,) * 3
    assert hash_all(linking) == 0
    linking.house.check()


def test_the_row_follows_where_a_crash_came_after_the_sidecar_knew_the_digest(linking: Recorder) -> None:
    done = linking.register(linking.file())
    video = linking.house.video(done.video_id)

    def hash_it(house: House) -> None:
        house.services.hasher.run_due()

    number = 1
    while killed_at(number, linking.house.root, hash_it, lambda _: None):
        number += 1
        assert number < 200
    linking.house.sweep()
    assert linking.house.video(video.id).sha256 == SHA256
    linking.house.check()


def test_what_is_not_hashed_yet_has_no_receipt_and_is_no_twin(linking: Recorder) -> None:
    one = linking.register(linking.file("a.ts"))
    two = linking.register(linking.file("b.ts", OTHER), **TIMES)
    first = linking.house.video(one.video_id)
    with pytest.raises(Conflict, match="not hashed yet"):
        receipt.receipt(linking.house.services.signer, first)
    assert linking.house.video(two.video_id).duplicate_of is None
    with linking.house.services.database.read() as session:
        assert videos.with_content(session, "", len(VIDEO)) == []
    linking.house.services.scrubber.look_at(linking.house.services.scrubber.due(datetime.now(UTC) + timedelta(days=1)))
    hash_all(linking)
    receipt.receipt(linking.house.services.signer, linking.house.video(one.video_id))


def test_the_scrub_leaves_alone_what_is_not_hashed(linking: Recorder) -> None:
    linking.register(linking.file())
    scrubber = linking.house.services.scrubber
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert list(scrubber.due(tomorrow)) == []
    hash_all(linking)
    assert len(list(scrubber.due(tomorrow))) == 1


def test_a_linked_file_that_still_grows_is_hashed_once_it_stands_still(linking: Recorder) -> None:
    path = linking.file()
    done = linking.register(path)
    with path.open("ab") as file:
        file.write(b"more")
    services = linking.house.services
    hasher = Hasher(services.layout, services.database, services.log)
    assert hasher.run_due() == 0
    assert linking.house.video(done.video_id).sha256 == ""
    with pytest.raises(StillRecording):
        hasher.hash_now(done.video_id)
    later = Hasher(services.layout, services.database, services.log, now=lambda: path.stat().st_mtime + 11)
    assert later.run_due() == 1
    video = linking.house.video(done.video_id)
    assert (video.sha256, video.size_bytes) == (hashlib.sha256(VIDEO + b"more").hexdigest(), len(VIDEO) + 4)
    assert linking.segment(done.video_id).size_bytes == len(VIDEO) + 4
    linking.house.check()


def test_a_rebuilt_catalog_knows_linked_files_again_hashed_or_not(linking: Recorder, build: Build) -> None:
    path = linking.file()
    one = linking.register(path)
    two = linking.register(linking.file("b.ts", OTHER), **TIMES)
    linking.house.services.hasher.hash_now(one.video_id)
    with path.parent.joinpath("b.ts").open("ab") as file:
        file.write(b"more")
    fresh = build()
    for kept in linking.house.services.layout.kept_folders():
        place = fresh.services.layout.root / kept.relative_to(linking.house.services.layout.root)
        place.mkdir(parents=True, exist_ok=True)
        for found in kept.iterdir():
            os.link(found, place / found.name)
    assert fresh.services.recovery.rebuild() == (2, [])
    with fresh.services.database.read() as session:
        rows = {row.video_id: row for row in session.scalars(select(Segment))}
    assert rows[one.video_id].checksum == SHA256
    assert rows[two.video_id].checksum is None


def test_shared_data_is_hashed_afterwards(copying: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that can: there, this is one system call."""

    def clone(file: ClonedFile, source_fd: int) -> bool:
        file.write(os.pread(source_fd, 1 << 20, 0))
        file.is_clone = True
        return True

    monkeypatch.setattr(ClonedFile, "clone", clone)
    done = copying.register(copying.file())
    assert copying.house.video(done.video_id).sha256 == ""
    assert copying.register(copying.file()).video_id == done.video_id
    hash_all(copying)
    copying.house.check()
