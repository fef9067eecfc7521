"""Registering recorders' files: durable, once each, hashed before anybody relies on them, and theirs stay theirs."""

from __future__ import annotations

import fcntl
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend.catalog.models import Segment
from backend.errors import BadField, Conflict, DiskFull, EmptyFile, ExtensionNotAllowed, StillRecording
from backend.intake import segments
from backend.intake.segment_source import Source
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import ANN, OTHER, VIDEO, House, killed_at
from tests.unit.intake.recorder import CAMERA, SHA256, TIMES, Recorder, hash_all, wish


def test_a_registered_file_is_a_whole_video_and_the_recorder_s_stays(recorder: Recorder) -> None:
    path = recorder.file("gate/a.ts")
    before = path.stat()
    done = recorder.register(path, title="Gate", tags=["night"], size_bytes=len(VIDEO), duration_seconds=3600)
    hash_all(recorder)
    recorder.house.check()
    video, segment = recorder.house.video(done.video_id), recorder.segment(done.video_id)
    assert done.is_new
    assert (video.original_filename, video.title, video.door) == ("a.ts", "Gate", "segment")
    assert (segment.camera_id, segment.checksum, segment.duration_seconds) == (CAMERA, SHA256, 3600)
    assert (segment.storage_backend, video.segment_backend) == ("FILESYSTEM", "FILESYSTEM")
    after = path.stat()
    assert path.read_bytes() == VIDEO
    assert (after.st_ino, after.st_mtime_ns, after.st_mode) == (before.st_ino, before.st_mtime_ns, before.st_mode)


def test_a_copy_is_hashed_on_its_way_and_shares_nothing_with_the_recorder(copying: Recorder) -> None:
    path = copying.file()
    done = copying.register(path)
    assert copying.segment(done.video_id).checksum == SHA256
    path.write_bytes(OTHER)
    copying.house.check()


@pytest.mark.parametrize("again", ["same file", "copy of it"])
def test_the_same_again_is_the_same_segment(recorder: Recorder, again: str) -> None:
    path = recorder.file()
    first = recorder.register(path)
    second = recorder.register(path if again == "same file" else recorder.file("b.ts"))
    assert (second.video_id, second.is_new) == (first.video_id, False)
    hash_all(recorder)
    third = recorder.register(recorder.file("c.ts"))
    assert (third.video_id, third.is_new) == (first.video_id, False)
    recorder.house.check()


def test_other_bounds_another_camera_or_other_content_is_another_segment(recorder: Recorder) -> None:
    path = recorder.file()
    ids = {
        recorder.register(path).video_id,
        recorder.register(path, **TIMES).video_id,
        recorder.register(path, camera_id=CAMERA.replace("1", "9")).video_id,
        recorder.register(recorder.file("b.ts", OTHER)).video_id,
    }
    assert len(ids) == 4
    hash_all(recorder)
    recorder.house.check()


def test_the_same_by_two_at_once_is_one_segment(recorder: Recorder) -> None:
    path = recorder.file()
    barrier = threading.Barrier(4)

    def register(_: int) -> Any:
        barrier.wait(30)
        return recorder.register(path)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(register, range(4)))
    assert len({one.video_id for one in found}) == 1
    assert sum(one.is_new for one in found) == 1
    hash_all(recorder)
    recorder.house.check()


def test_one_that_was_deleted_may_be_registered_again(recorder: Recorder) -> None:
    first = recorder.register(recorder.file())
    recorder.house.services.trash.throw_away(first.video_id, "ann")
    second = recorder.register(recorder.file())
    assert second.is_new
    assert second.video_id != first.video_id


@pytest.mark.parametrize("adopt", ["copy", "link"])
def test_killed_anywhere_a_registration_that_is_tried_again_makes_one_segment(
    build: Build, tmp_path: Path, adopt: str
) -> None:
    number = 0
    while True:
        number += 1
        recorder = Recorder.beside(build, tmp_path / f"recordings-{number}", SEGMENT_ADOPT=adopt)
        path = recorder.file()
        env = {"SEGMENT_ROOTS": str(recorder.folder), "SEGMENT_ADOPT": adopt}

        def register(house: House, path: Path = path, env: dict[str, str] = env) -> None:
            again = House.open(house.root, **env)
            again.services.registrar.register(wish(path), ANN)

        recorder.house.close()
        was_killed = killed_at(number, recorder.house.root, register, lambda _: None)
        recorder.house = House.open(recorder.house.root, **env)
        done = recorder.register(path)
        recorder.house.sweep()
        hash_all(recorder)
        assert [video.id for video in recorder.house.listed()] == [done.video_id]
        recorder.house.check()
        assert path.read_bytes() == VIDEO
        recorder.house.close()
        if not was_killed:
            assert not done.is_new
            break
    assert number > 10


def test_a_size_that_the_file_has_not_is_still_recording(recorder: Recorder) -> None:
    with pytest.raises(StillRecording, match="size_bytes says 5"):
        recorder.register(recorder.file(), size_bytes=5)
    recorder.house.check()
    assert recorder.house.listed() == []


def test_a_file_that_grows_while_it_is_copied_is_refused(copying: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copying.file()
    pieces = segments._pieces

    def growing(source: Source) -> Any:
        yield from pieces(source)
        with path.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(segments, "_pieces", growing)
    with pytest.raises(StillRecording, match="written to"):
        copying.register(path)
    copying.house.check()
    assert copying.house.listed() == []


def test_a_changed_camera_or_time_moves_the_segment(recorder: Recorder) -> None:
    done = recorder.register(recorder.file())
    hash_all(recorder)
    video = recorder.house.video(done.video_id)
    services = recorder.house.services
    caller = ANN
    other = CAMERA.replace("1", "9")
    services.editor.revise(video.id, caller, lambda _: {"camera_id": other})
    assert recorder.segment(video.id).camera_id == other
    later = video.end_at + timedelta(hours=1) if video.end_at else None
    services.editor.revise(video.id, caller, lambda _: {"end_at": later})
    assert recorder.segment(video.id).duration_seconds == 7200
    services.editor.revise(video.id, caller, lambda _: {"camera_id": ""})
    with services.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Segment)) == 0
    services.editor.revise(video.id, caller, lambda _: {"camera_id": CAMERA})
    assert recorder.segment(video.id).camera_id == CAMERA


def test_a_recorder_that_holds_a_lock_on_its_file_is_still_recording(linking: Recorder) -> None:
    path = linking.file()
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(StillRecording, match="lock"):
            linking.register(path)
    linking.house.check()
    assert linking.register(path).is_new


def test_another_file_system_is_refused_in_words_by_a_link(build: Build, tmp_path: Path) -> None:
    folder = Path("/dev/shm") / f"holdfast-{os.getpid()}-{tmp_path.name}"
    recorder = Recorder.beside(build, folder, SEGMENT_ADOPT="link")
    path = recorder.file()
    try:
        with pytest.raises(Conflict, match="another file system"):
            recorder.register(path)
        recorder.house.check()
    finally:
        path.unlink()
        folder.rmdir()


def test_what_is_no_recording_is_refused(recorder: Recorder) -> None:
    with pytest.raises(EmptyFile):
        recorder.register(recorder.file("empty.ts", b""))
    with pytest.raises(ExtensionNotAllowed):
        recorder.register(recorder.file("notes.txt"))
    recorder.house.check()


def test_a_full_disk_refuses_a_copy_and_not_a_link(build: Build, tmp_path: Path) -> None:
    full = {"MIN_FREE_BYTES": str(10**18)}
    for adopt in ("copy", "link"):
        recorder = Recorder.beside(build, tmp_path / adopt, SEGMENT_ADOPT=adopt, **full)
        with pytest.raises(DiskFull):
            recorder.register(recorder.file())


def test_other_doors_make_segments_too(copying: Recorder) -> None:
    fields: dict[str, Any] = {"camera_id": f"{{{CAMERA.upper()}}}", **TIMES}
    saved = copying.house.upload(**fields)
    assert copying.segment(saved.video_id).camera_id == CAMERA
    assert copying.house.video(saved.video_id).camera_id == CAMERA
    assert copying.house.video(saved.video_id).segment_backend == "FILESYSTEM"
    ordinary = copying.house.upload(OTHER, camera_id="gate", **TIMES)
    assert copying.house.video(ordinary.video_id).segment_backend == ""
    with pytest.raises(BadField, match="7 days"):
        copying.house.upload(camera_id=CAMERA, start_time=TIMES["start_time"], end_time="2025-02-23T11:00:00Z")
