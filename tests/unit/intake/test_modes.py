"""STORAGE_MODE by what is saved: recordings are bound for the VMS, ordinary uploads are not, and each is told so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.metrics.counting import Counting
from backend.metrics.families import Families
from backend.metrics.process import bound_for
from tests.unit.intake.conftest import Build
from tests.unit.intake.house import OTHER, VIDEO
from tests.unit.intake.recorder import CAMERA, TIMES, Recorder

VMS = {"MILESTONE_URL": "https://vms.example", "MILESTONE_USERNAME": "holdfast", "MILESTONE_PASSWORD": "hunter2"}
MINIO = {
    "STORAGE_BACKEND": "MINIO", "MINIO_ENDPOINT": "minio:9000", "MINIO_ACCESS_KEY": "key", "MINIO_SECRET_KEY": "secret",
}  # fmt: skip
DISK = {"STORAGE_BACKEND": "FILESYSTEM"}
MODES = [
    pytest.param("MILESTONE", {}, "MILESTONE", {"milestone"}, id="MILESTONE"),
    pytest.param("BOTH", MINIO, "MINIO", {"minio", "milestone"}, id="BOTH, MinIO"),
    pytest.param("BOTH", DISK, "FILESYSTEM", {"folder", "milestone"}, id="BOTH, a folder"),
]


def recorder_of(build: Build, folder: Path, mode: str, env: dict[str, str]) -> Recorder:
    place = {"FILESYSTEM_PATH": str(folder / "copies")} if env is DISK else {}
    return Recorder.beside(build, folder / "recordings", STORAGE_MODE=mode, **VMS, **env, **place)


def targets(recorder: Recorder, video_id: str) -> set[str]:
    return {delivery.target for delivery in recorder.house.video(video_id).deliveries}


@pytest.mark.parametrize(("mode", "env", "backend", "there"), MODES)
def test_a_segment_says_where_it_is_bound_for_and_is_counted_so(
    build: Build, tmp_path: Path, mode: str, env: dict[str, str], backend: str, there: set[str]
) -> None:
    recorder, families = recorder_of(build, tmp_path, mode, env), Families()
    services = recorder.house.services
    counting = Counting(families, services.settings.storage_mode, bound_for(services.settings), services.places.kinds)
    services.log.tell(counting.hear)
    registered = recorder.register(recorder.file()).video_id
    uploaded = recorder.house.upload(OTHER, camera_id=CAMERA, **TIMES).video_id
    for video_id in (registered, uploaded):
        assert recorder.segment(video_id).storage_backend == backend
        assert recorder.house.video(video_id).segment_backend == backend
        assert targets(recorder, video_id) == there
    count = families.registry.get_sample_value
    assert count("storage_segments_stored_total", {"backend": backend, "mode": mode}) == 2


@pytest.mark.parametrize(("mode", "env", "backend", "there"), MODES)
@pytest.mark.parametrize(
    "fields",
    [{}, {"camera_id": CAMERA}, TIMES, {"camera_id": CAMERA, "start_time": TIMES["start_time"]}],
    ids=["nothing", "a camera", "times", "no end"],
)
def test_an_ordinary_upload_goes_to_the_vms_only_where_that_is_named(
    build: Build, tmp_path: Path, mode: str, env: dict[str, str], backend: str, there: set[str], fields: Any
) -> None:
    recorder = recorder_of(build, tmp_path, mode, env)
    for name in ("a.mp4", "a.mp3"):
        saved = recorder.house.upload(name=name, **fields)
        assert recorder.house.video(saved.video_id).segment_backend == ""
        assert targets(recorder, saved.video_id) == there - {"milestone"}
        # In mode MILESTONE nothing is waited for.
        assert recorder.house.services.desk.settled(saved.video_id) is (mode == "MILESTONE")
    named = recorder.house.upload(VIDEO + b"2", targets="milestone", **fields)
    assert targets(recorder, named.video_id) == {"milestone"}


def test_a_camera_with_a_name_of_its_own_records_too(build: Build, tmp_path: Path) -> None:
    recorder = recorder_of(build, tmp_path, "BOTH", MINIO)
    saved = recorder.house.upload(camera_id="gate", **TIMES)
    assert targets(recorder, saved.video_id) == {"minio", "milestone"}
