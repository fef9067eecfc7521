"""/metrics of a running server: right whichever process answers, after kills and restarts; and it tells no secret."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.scraping import Scraped, scrape
from tests.services.app import RunningApp
from tests.services.process import ServerProcess, answers, living
from tests.services.waiting import wait_until

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
# Seed 001, section Metrics, word for word.
SEED = """
storage_segments_stored_total{backend,mode}
storage_segments_retrieved_total{backend}
storage_segments_deleted_total{backend}
storage_exports_created_total{status}
storage_export_duration_seconds{status}
storage_bytes_used{backend,bucket}
storage_segments_count{camera_id}
storage_errors_total{operation,backend}
"""
MakeApp = Callable[..., RunningApp]


def upload(app: RunningApp, number: int, **fields: str) -> str:
    file = (f"clip-{number}.mp4", b"\x00\x00\x00\x18ftypmp42" + number.to_bytes(1000, "big"), "video/mp4")
    answer = app.request("POST", "/api/upload-video", fields={"video": file, **fields})
    assert answer.status == 201, answer.data
    return str(answer.json()["video_id"])


@pytest.fixture
def app(running_app: MakeApp, tmp_path: Path) -> RunningApp:
    return with_target(running_app, tmp_path, start=True)


def with_target(running_app: MakeApp, folder: Path, *, start: bool) -> RunningApp:
    (folder / "nas").mkdir()
    target = f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{folder / "nas"}"\n'
    return running_app({"WEB_WORKERS": "3", "MEDIA_JOBS": "0"}, targets_toml=target, start=start)


def delivered(app: RunningApp) -> float:
    return scrape(app).value("holdfast_delivery_attempts_ended_total", target="nas", outcome="delivered")


def saved(found: Scraped) -> float:
    return found.value("holdfast_uploads_total", door="form", outcome="saved")


def files(app: RunningApp) -> list[str]:
    return sorted(path.name for path in (app.storage_path / "metadata" / "metrics").glob("counter_*.db"))


def test_sums_are_right_whichever_process_answers(app: RunningApp) -> None:
    for number in range(12):
        upload(app, number)
    wait_until(lambda: delivered(app) == 12, "all copies to be counted")
    assert len(files(app)) == 4  # three web processes and the worker
    for found in [scrape(app) for _ in range(20)]:
        assert saved(found) == 12
        assert found.value("holdfast_upload_received_bytes_total", door="form") == 12 * 1012
        assert found.value("holdfast_upload_duration_seconds_count", door="form") == 12
        assert found.value("holdfast_delivery_attempts_total", target="nas") == 12
        assert found.value("holdfast_delivered_bytes_total", target="nas") == 12 * 1012
        assert found.value("holdfast_delivery_duration_seconds_count", target="nas") == 12
    assert time.time() - scrape(app).value("holdfast_worker_heartbeat_timestamp_seconds") < 60


def test_state_is_told_once_not_once_for_each_process(app: RunningApp) -> None:
    for number in range(3):
        upload(app, number)

    def delivered() -> Scraped | None:
        found = scrape(app)
        return found if found.value("holdfast_deliveries", target="nas", state="delivered") == 3 else None

    # One answer, not the next: each web process looks at the catalog anew every few seconds only.
    found = wait_until(delivered, "the copies")
    assert found is not None
    assert found.value("holdfast_videos", state="present") == 3
    assert found.value("storage_bytes_used", backend="FILESYSTEM", bucket="nas") == 3 * 1012
    assert found.value("holdfast_videos_unsafe") == 0
    assert found.value("holdfast_delivery_backlog_videos", target="nas") == 0
    assert found.value("holdfast_target_state", target="nas", state="up") == 1


def test_names_and_labels_are_the_seeds(app: RunningApp) -> None:
    bounds = {"start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
    video_id = upload(app, 1, camera_id=CAMERA, **bounds)
    upload(app, 2, camera_id=CAMERA)
    wait_until(lambda: 'storage_segments_count{camera_id="' in scrape(app).text, "the segment to be counted")
    found = scrape(app)
    labels = found.labels_of()
    for name, wanted in re.findall(r"^(\w+)\{(.*)\}$", SEED, re.M):
        if found.types.get(name) == "histogram":
            assert labels[f"{name}_count"] == set(wanted.split(","))
            assert labels[f"{name}_bucket"] == {*wanted.split(","), "le"}
        else:
            assert labels[name] == set(wanted.split(",")), name
    assert {name for name in found.types if name.startswith("storage_")} == {
        name.removesuffix("_total") for name in re.findall(r"^(\w+)\{", SEED, re.M)
    }
    assert found.value("storage_segments_stored_total", backend="FILESYSTEM", mode="LOCAL") == 1
    assert found.value("storage_segments_count", camera_id=CAMERA) == 1
    assert app.request("DELETE", f"/api/v1/storage/segments/{video_id}").status == 200
    assert app.request("DELETE", f"/api/videos/{video_id}").status == 200
    assert scrape(app).value("storage_segments_deleted_total", backend="FILESYSTEM") == 1


def test_a_listed_segment_is_a_retrieved_one(app: RunningApp) -> None:
    bounds = {"start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
    upload(app, 1, camera_id=CAMERA, **bounds)
    asked = "start=2025-01-23T00:00:00Z&end=2025-01-24T00:00:00Z"
    for _ in range(2):
        assert app.request("GET", f"/api/v1/storage/segments/{CAMERA}?{asked}").status == 200
    assert scrape(app).value("storage_segments_retrieved_total", backend="FILESYSTEM") == 2


def test_an_export_is_counted_when_it_is_asked_for_and_when_it_ends(app: RunningApp) -> None:
    bounds = {"start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
    upload(app, 1, camera_id=CAMERA, **bounds)  # no video at all
    wish = {"camera_ids": [CAMERA], **bounds, "reason": "to see it counted"}
    assert app.request("POST", "/api/v1/storage/exports", json=wish).status == 202
    wait_until(lambda: scrape(app).value("storage_exports_created_total", status="FAILED") == 1, "the export to fail")
    found = scrape(app)
    assert found.value("storage_exports_created_total", status="PENDING") == 1
    assert found.value("storage_export_duration_seconds_count", status="FAILED") == 1
    assert found.value("storage_errors_total", operation="export", backend="FILESYSTEM") == 1
    wait_until(lambda: scrape(app).value("holdfast_exports", status="FAILED") == 1, "the catalog to be asked again")


def test_a_killed_web_process_takes_no_count_with_it(app: RunningApp) -> None:
    before = 0
    for number in range(6):
        upload(app, number)
        _, *workers = app.pids("web")
        os.kill(victim := workers[number % len(workers)], signal.SIGKILL)
        wait_until(partial(_gone, victim), "it to be gone")
        found = scrape(app)
        assert saved(found) == number + 1
        assert saved(found) > before
        before = int(saved(found))
    wait_until(lambda: len(app.pids("web")) == 4, "three web processes again")
    # What six dead ones left is one file.
    wait_until(lambda: saved(scrape(app)) == 6 and len(files(app)) <= 5, "the files of dead ones to be folded")
    assert "counter_ended.db" in files(app)


def test_a_killed_worker_takes_no_count_with_it_and_the_next_goes_on(app: RunningApp) -> None:
    for number in range(3):
        upload(app, number)
    wait_until(lambda: delivered(app) == 3, "the copies to be counted")
    beat = scrape(app).value("holdfast_worker_heartbeat_timestamp_seconds")
    app.kill9("worker")
    for _ in range(5):
        assert delivered(app) == 3
    assert scrape(app).value("holdfast_worker_heartbeat_timestamp_seconds") >= beat
    app.start("worker")
    upload(app, 3)
    wait_until(lambda: delivered(app) == 4, "the next copy to be counted")
    assert scrape(app).value("holdfast_worker_heartbeat_timestamp_seconds") > beat


def test_counts_never_go_back_when_all_processes_are_started_again(app: RunningApp) -> None:
    """On a host that reads the Procfile nobody empties the folder."""
    upload(app, 1)
    wait_until(lambda: delivered(app) == 1, "the copy to be counted")
    before = scrape(app).counts()
    app.stop()
    app.release_here()
    app.start()
    after = scrape(app).counts()
    assert [key for key, value in before.items() if after[key] < value] == []


def test_a_file_that_a_power_cut_spoilt_is_left_out(app: RunningApp) -> None:
    upload(app, 1)
    before = saved(scrape(app))
    folder = app.storage_path / "metadata" / "metrics"
    (folder / "counter_1-dead.db").write_bytes(b"\xff" * 5000)
    (folder / "histogram_1-dead.db").write_bytes(b"")
    (folder / "gauge_max_1-dead.db").write_bytes(b"\x10\x27\x00\x00" + b"\xfe" * 300)
    assert saved(scrape(app)) == before == saved(scrape(app))


def test_nothing_secret_and_nobodys_name_stands_in_a_figure(running_app: MakeApp, tmp_path: Path) -> None:
    app = with_target(running_app, tmp_path, start=True)
    upload(app, 1, title="my diary", project_id="secret-project")
    app.request("POST", "/api/upload-video", token="hf_wrong", fields={"video": ("x.mp4", b"x", "video/mp4")})
    app.request("POST", "/api/upload-video", fields={"video": ("private.exe", b"x", "video/mp4")})
    wait_until(lambda: delivered(app) == 1, "the copy to be counted")
    text = scrape(app).text
    for word in (app.admin_token, "hf_", "clip-1", "private", "diary", "secret-project", str(tmp_path), "admin"):
        assert word not in text
    assert scrape(app).value("holdfast_uploads_total", door="form", outcome="refused") == 1


def test_a_disk_without_room_for_counters_stops_nobody(running_app: MakeApp) -> None:
    app = running_app({"PROMETHEUS_MULTIPROC_DIR": "/dev/full/metrics"})
    upload(app, 1)
    assert "metrics_off" in app.log_file.read_text()
    assert app.request("GET", "/metrics").status == 200


def _gone(pid: int) -> bool:
    return not living(pid)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A memory disk that can really be full. Needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_no_process_that_counts(running_app: MakeApp, small_disk: Path) -> None:
    """A page of a sparse file in memory would: each counter that is new, and each fold, by SIGBUS."""
    app = running_app({"STORAGE_PATH": str(small_disk / "storage"), "WEB_WORKERS": "2"}, processes=["web"])
    upload(app, 1)
    os.kill(app.pids("web")[1], signal.SIGKILL)
    wait_until(lambda: len(files(app)) == 3, "the next process to count")
    before = app.pids("web")
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    file = ("a.mp4", os.urandom(100_000), "video/mp4")
    for number in range(1, 6):
        assert app.request("POST", "/api/upload-video", fields={"video": file}).status == 507
        found = scrape(app)
        assert saved(found) == 1
        assert found.value("holdfast_uploads_total", door="form", outcome="failed") == number
    assert app.pids("web") == before
    os.kill(before[1], signal.SIGKILL)  # now two that ended are to be folded, and there is no room for their sum
    wait_until(lambda: "metrics_off" in app.log_file.read_text() and len(app.pids("web")) == 3, "the next process")
    after = app.pids("web")
    for _ in range(5):
        assert saved(scrape(app)) == 1
    assert app.pids("web") == after
    (small_disk / "filler").unlink()
    found = scrape(app)
    assert saved(found) == 1
    assert found.value("holdfast_uploads_total", door="form", outcome="failed") == 5
    assert files(app)[-1] == "counter_ended.db"


@pytest.mark.executed
def test_scripts_serve_begins_at_0(running_app: MakeApp, tmp_path: Path) -> None:
    app = with_target(running_app, tmp_path, start=False)
    for _ in range(2):
        with serving(app):
            assert saved(scrape(app)) == 0
            upload(app, 1)
            assert saved(scrape(app)) == 1


@contextmanager
def serving(app: RunningApp) -> Iterator[None]:
    """scripts/serve, ready; it has ended behind the block."""
    app.home.joinpath("serve.log").unlink(missing_ok=True)
    command = [sys.executable, "-m", "scripts.lib.serve"]
    process = ServerProcess("serve", command, app.home / "serve.log", app.environ, app.home)
    process.start()
    try:
        wait_until(lambda: "Holdfast is ready" in process.log.read_text(), "the server", seconds=60)
        yield
    finally:
        process.stop(seconds=60)
        wait_until(lambda: not answers(app.port), "the web process to end")
