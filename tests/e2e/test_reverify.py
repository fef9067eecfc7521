"""Copies that go bad behind our back, at the running program's real targets: found, told, and repaired to one each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from backend.catalog.database import Database
from backend.catalog.models import Delivery
from backend.settings import load_settings
from tests.e2e.delivering import video_bytes
from tests.services.app import AppFactory, RunningApp
from tests.services.drive.server import DriveServer
from tests.services.drive_site import BOT, drive_target
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service

VIDEO = video_bytes(300_000)


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


def folder_target(folder: Path, name: str = "nas") -> str:
    folder.mkdir()
    return f'[[target]]\nname = "{name}"\nkind = "folder"\npath = "{folder}"\n'


def upload(app: RunningApp, name: str, content: bytes = VIDEO, project: str = "default") -> str:
    fields = {"video": (name, content, "video/mp4"), "project_id": project}
    answer = app.request("POST", "/api/upload-video", fields=fields)
    assert answer.status == 201, answer.data
    return str(answer.json()["video_id"])


def delivery(app: RunningApp, video_id: str, target: str) -> dict[str, Any]:
    shown = app.request("GET", f"/api/videos/{video_id}/deliveries").json()["deliveries"]
    found: dict[str, Any] = next(d for d in shown if d["target"] == target)
    return found


def wait_until_verified(app: RunningApp, video_id: str, target: str) -> dict[str, Any]:
    def there() -> dict[str, Any] | None:
        shown = delivery(app, video_id, target)
        return shown if shown["state"] == "delivered" else None

    found = wait_until(there, f"{target} to hold it, verified", seconds=60)
    assert found
    return found


def scrub(app: RunningApp, code: int = 1) -> dict[str, Any]:
    done = app.cli("scrub", "--remote", "--all", "--json")
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def age(app: RunningApp, video_id: str) -> None:
    """What a month without a look does."""
    database, past = Database(load_settings(app.environ, None).catalog_url), datetime.now(UTC) - timedelta(days=30)
    with database.write() as session:
        session.execute(
            update(Delivery).where(Delivery.video_id == video_id).values(checked_at=past, next_attempt_at=past)
        )
    database.close()


def log_steps(app: RunningApp, video_id: str) -> list[str]:
    return [line.split()[2] for line in app.log_file.read_text().splitlines() if video_id in line]


@dataclass(frozen=True)
class Nas:
    app: RunningApp
    copies: Path


@pytest.fixture(scope="module")
def nas(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[Nas]:
    """One for the tests whose videos are all kept."""
    copies = tmp_path_factory.mktemp("nas") / "copies"
    factory = AppFactory(lambda: tmp_path_factory.mktemp("app"), hearth)
    yield Nas(factory({"MEDIA_JOBS": "0"}, targets_toml=folder_target(copies)), copies)
    factory.close()


def test_the_worker_finds_by_itself_what_was_changed_in_a_folder_and_repairs_it(nas: Nas) -> None:
    app, copies = nas.app, nas.copies
    before = len([path for path in copies.rglob("*") if path.is_file()])
    contents = {harm: video_bytes(200_000, harm) for harm in ("removed", "one byte changed", "left alone")}
    videos = {harm: upload(app, f"{harm}.mp4", content) for harm, content in contents.items()}
    copy = {harm: copies / wait_until_verified(app, video, "nas")["remote_key"] for harm, video in videos.items()}
    app.stop("worker")
    copy["removed"].unlink()
    changed = contents["one byte changed"]
    copy["one byte changed"].write_bytes(changed[:-1] + bytes([changed[-1] ^ 1]))
    harmed = [videos["removed"], videos["one byte changed"]]
    for video_id in harmed:
        age(app, video_id)
    app.start("worker")
    for video_id in harmed:
        wait_until(partial(_is_told_damaged, app, video_id), "the damage to be told")
        wait_until_verified(app, video_id, "nas")
    assert {harm: place.read_bytes() for harm, place in copy.items()} == contents
    assert len([path for path in copies.rglob("*") if path.is_file()]) == before + len(contents)
    assert not _is_told_damaged(app, videos["left alone"])


def _is_told_damaged(app: RunningApp, video_id: str) -> bool:
    return "damaged" in log_steps(app, video_id)


def test_one_copy_that_is_verified_over_http_tells_its_damage_and_is_sent_again(nas: Nas) -> None:
    app = nas.app
    video_id = upload(app, "a.mp4")
    copy = nas.copies / wait_until_verified(app, video_id, "nas")["remote_key"]
    path = f"/api/videos/{video_id}/deliveries/nas/verify"
    assert app.request("POST", path).json()["delivery"]["state"] == "delivered"
    copy.unlink()
    told = app.request("POST", path).json()["delivery"]
    assert (told["state"], told["error"]) == ("damaged", "There is no file of that name.")
    wait_until_verified(app, video_id, "nas")
    assert copy.read_bytes() == VIDEO


def test_a_pruned_video_is_repaired_from_its_other_copy(running_app: Callable[..., RunningApp], tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    app = running_app({"MEDIA_JOBS": "0"}, targets_toml=folder_target(one, "one") + folder_target(two, "two"))
    video_id = upload(app, "a.mp4")
    key = wait_until_verified(app, video_id, "one")["remote_key"]
    wait_until_verified(app, video_id, "two")
    assert app.cli("cleanup-exec", "0", "--yes").returncode == 0
    (one / key).unlink()
    (found,) = scrub(app)["damaged"]
    assert (found["video_id"], found["target"], found["lost"]) == (video_id, "one", False)
    wait_until_verified(app, video_id, "one")
    assert (one / key).read_bytes() == (two / key).read_bytes() == VIDEO


def test_a_pruned_video_without_another_copy_is_loudly_lost_until_somebody_sends_it_again(
    running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    app = running_app({"MEDIA_JOBS": "0"}, targets_toml=folder_target(copies))
    video_id = upload(app, "a.mp4")
    key = wait_until_verified(app, video_id, "nas")["remote_key"]
    assert app.cli("cleanup-exec", "0", "--yes").returncode == 0
    (copies / key).unlink()
    (found,) = scrub(app)["damaged"]
    assert found["lost"]
    assert "No other copy is known" in delivery(app, video_id, "nas")["error"]
    assert app.request("GET", f"/api/videos/{video_id}").json()["video"]["status"] == "unplayable"
    assert "lost" in log_steps(app, video_id)
    doctor = app.cli("doctor")
    assert doctor.returncode == 1
    assert "the last ones of their videos" in doctor.stdout
    upload(app, "again.mp4")
    wait_until_verified(app, video_id, "nas")
    assert (copies / key).read_bytes() == VIDEO


def test_whatever_people_do_to_copies_in_drive_ends_in_one_right_file_each(
    running_app: Callable[..., RunningApp], drive: DriveServer, tmp_path: Path
) -> None:
    app = running_app({"MEDIA_JOBS": "0"}, targets_toml=drive_target(drive, tmp_path / "key.json"))
    harms = ("left alone", "trashed", "removed", "replaced", "folder trashed", "folder removed")
    contents = {harm: video_bytes(200_000 + len(harm), harm) for harm in harms}
    videos = {harm: upload(app, "a.mp4", contents[harm], harm.replace(" ", "-")) for harm in harms}
    links = {harm: wait_until_verified(app, video_id, "drive")["link"] for harm, video_id in videos.items()}
    files = {harm: next(f for f in drive.live_files() if f.link == links[harm]) for harm in harms}
    app.stop("worker")
    drive.trash(files["trashed"].id)
    drive.remove(files["removed"].id)
    drive.replace_content(files["replaced"].id, b"another film altogether")
    drive.trash(files["folder trashed"].parents[0])
    drive.remove(files["folder removed"].parents[0])

    found = scrub(app)
    assert (found["right"], found["unreachable"], found["left_alone"]) == (1, [], [])
    reasons = {item["video_id"]: item["reason"] for item in found["damaged"]}
    assert reasons == {videos[harm]: delivery(app, videos[harm], "drive")["error"] for harm in harms[1:]}
    assert reasons[videos["trashed"]] == "It is in Drive's trash."
    assert "deleted in Drive" in reasons[videos["removed"]]
    assert "changed in Drive" in reasons[videos["replaced"]]
    assert "together with its folder" in reasons[videos["folder trashed"]]
    assert "deleted in Drive" in reasons[videos["folder removed"]]

    app.start("worker")
    again = {harm: wait_until_verified(app, video_id, "drive")["link"] for harm, video_id in videos.items()}
    live = drive.live_files()
    assert sorted(f.content for f in live) == sorted(contents.values()), "one right file each, and nothing else"
    assert {f.link: f.content for f in live} == {again[harm]: contents[harm] for harm in harms}
    assert again["left alone"] == links["left alone"]
    assert scrub(app, code=0)["right"] == len(harms)


def test_an_account_that_lost_its_right_to_the_drive_accuses_no_copy(
    running_app: Callable[..., RunningApp], drive: DriveServer, tmp_path: Path
) -> None:
    """Drive answers "not found" for every file then, as if all were deleted."""
    app = running_app({"MEDIA_JOBS": "0"}, targets_toml=drive_target(drive, tmp_path / "key.json"))
    video_id = upload(app, "a.mp4")
    wait_until_verified(app, video_id, "drive")
    (file,) = drive.live_files()
    assert file.drive_id
    drive.set_member(file.drive_id, BOT, None)
    found = scrub(app)
    assert found["damaged"] == []
    assert found["unreachable"] or found["left_alone"]
    assert delivery(app, video_id, "drive")["state"] == "delivered"
    drive.set_member(file.drive_id, BOT, "organizer")
    assert app.request("POST", "/api/targets/drive/check").json()["ok"] is True
    assert scrub(app, code=0)["right"] == 1
