"""The waiting form answer of seed 003, by the running program and a Drive that works, refuses, or is full for today."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.app import RunningApp
from tests.services.drive.faults import daily_750_gb, status
from tests.services.drive.server import DriveServer
from tests.services.drive_site import drive_target
from tests.services.waiting import wait_until

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 2000
MESSAGE = "Video saved locally but Drive upload failed. Video is NOT lost."


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def app(running_app: Callable[..., RunningApp], drive: DriveServer, tmp_path: Path) -> RunningApp:
    return running_app(targets_toml=drive_target(drive, tmp_path / "key.json"))


def send(app: RunningApp, wait: str, key: str = "") -> tuple[int, dict[str, Any]]:
    headers = {"Idempotency-Key": key} if key else {}
    fields = {"video": ("holiday.mp4", VIDEO, "video/mp4"), "wait": wait}
    answer = app.request("POST", "/api/upload-video", fields=fields, headers=headers)
    return answer.status, answer.json()


def video(app: RunningApp, video_id: str) -> dict[str, Any]:
    found: dict[str, Any] = app.request("GET", f"/api/videos/{video_id}").json()["video"]
    return found


def verified(app: RunningApp, video_id: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        found = video(app, video_id)
        return found if found["deliveries"][0]["state"] == "delivered" else None

    found = wait_until(there, "the copy to be verified", seconds=60)
    assert found
    return found


def test_a_form_that_waits_ends_with_the_link_of_the_one_right_file(app: RunningApp, drive: DriveServer) -> None:
    code, body = send(app, wait="60")
    (file,) = drive.live_files()
    assert (code, body["success"]) == (201, True)
    assert body["drive_link"] == body["deliveries"][0]["link"] == file.link
    assert file.content == VIDEO
    listed = app.request("GET", "/api/videos/list").json()["videos"][0]
    assert listed["drive_link"] == file.link
    shown = app.cli("info", body["video_id"], "--json")
    assert json.loads(shown.stdout)["drive_link"] == file.link


def test_a_first_attempt_that_fails_is_told_the_seeds_way_and_the_retry_ends_in_one_file(
    app: RunningApp, drive: DriveServer
) -> None:
    drive.faults.add(lambda: status(503), times=None)
    code, body = send(app, wait="60", key="k")
    assert (code, body["success"], body["message"]) == (202, False, MESSAGE)
    assert body["error"].startswith("Failed to upload to Drive: Google Drive ")
    assert (app.storage_path / body["local_backup"]).read_bytes() == VIDEO
    assert body["drive_link"] is None
    drive.faults.clear()
    link = verified(app, body["video_id"])["drive_link"]
    (file,) = drive.live_files()
    assert (file.link, file.content) == (link, VIDEO)
    code, again = send(app, wait="60", key="k")
    assert (code, again["video_id"], again["drive_link"]) == (201, body["video_id"], link)
    assert len(drive.live_files()) == 1


def test_the_limit_of_a_day_is_told_in_words_everywhere_and_goes_on_by_itself(
    app: RunningApp, drive: DriveServer
) -> None:
    drive.faults.add(daily_750_gb, on="start", times=None)
    code, body = send(app, wait="60")
    assert code == 202
    assert "750 GB within 24 hours" in body["error"]
    (target,) = app.request("GET", "/api/targets").json()["targets"]
    assert target["state"] == "parked"
    assert "750 GB" in target["reason"]
    assert target["next_probe_at"] is not None
    row = app.cli("targets").stdout.rstrip("\n").split("\t")
    assert (row[2], row[-2], row[-1]) == ("parked", target["reason"], target["next_probe_at"])
    drive.faults.clear()
    # The day is over; an operator asks, instead of waiting for the next slow probe.
    assert app.request("POST", "/api/targets/drive/check").json()["ok"] is True
    assert verified(app, body["video_id"])["drive_link"] == drive.live_files()[0].link


def test_credentials_that_are_not_there_stop_neither_the_start_nor_the_save(
    running_app: Callable[..., RunningApp],
) -> None:
    app = running_app({"DRIVE_FOLDER_ID": "1aB-c_d"})
    code, body = send(app, wait="60")
    assert code == 202
    assert "credentials.json is not there" in body["error"]
    assert "targets login drive" in body["error"]
    assert (app.storage_path / body["local_backup"]).read_bytes() == VIDEO
