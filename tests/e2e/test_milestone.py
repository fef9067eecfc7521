"""The whole way to a VMS: our server, worker and edge device, and an emulated XProtect that really pulls from it.

What arrived there is what the emulator's own sequences are made of, so a copy is verified by frames, not by words.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.contract.edge_site import SECONDS, film
from tests.contract.test_vms_pull import held
from tests.services.app import AppFactory, RunningApp
from tests.services.process import free_port
from tests.services.vms.faults import Status
from tests.services.vms.server import Vms, running_vms
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

pytestmark = pytest.mark.service
BELOW = "/api/v1/storage/segments"
START = datetime(2026, 2, 3, 10, tzinfo=UTC)
TARGET = '[[target]]\nname = "milestone"\nkind = "milestone"\nlabel = "Milestone"\npoll_seconds = 0.05\n'
TARGET += 'watch_url = "https://vms.example.org/?camera={camera_id}"\n'
NAS = '[[target]]\nname = "nas"\nkind = "folder"\npath = "{copy}"\n'
JSON = dict[str, Any]


@dataclass
class Site:
    """One installation with its VMS, and a folder whose files are recordings."""

    app: RunningApp
    vms: Vms
    folder: Path
    films: dict[str, Path] = field(default_factory=dict)

    def record(self, **more: Any) -> str:
        """A recorder's new file, of a camera of its own: its id."""
        number = len(self.films)
        path = film(self.folder, f"gate-{number}.mp4", number=number)
        end = START + timedelta(seconds=SECONDS)
        bounds = {"start_time": START.isoformat(), "end_time": end.isoformat()}
        body = {"camera_id": str(uuid4()), "file_path": str(path), **bounds, **more}
        answer = self.app.request("POST", BELOW, json=body)
        assert answer.status == 201, answer.data
        video_id: str = answer.json()["id"]
        self.films[video_id] = path
        return video_id

    def copy(self, video_id: str, target: str = "milestone") -> JSON:
        found: list[JSON] = self.video(video_id)["deliveries"]
        return next(one for one in found if one["target"] == target)

    def video(self, video_id: str) -> JSON:
        shown: JSON = self.app.request("GET", f"/api/videos/{video_id}").json()["video"]
        return shown

    def retry(self, video_id: str) -> None:
        self.app.request("POST", f"/api/videos/{video_id}/deliveries/milestone/retry")

    def wait_for(self, video_id: str, what: str, **wanted: object) -> JSON:
        def there() -> bool:
            shown = self.copy(video_id)
            return all(shown[name] == value for name, value in wanted.items())

        try:
            wait_until(there, what, seconds=60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.copy(video_id)}\n{self.app.process('worker').tail()}") from None
        return self.copy(video_id)

    def verified(self, video_id: str) -> JSON:
        return self.wait_for(video_id, "the copy to be verified", state="delivered", phase="verified")

    def arrived(self, video_id: str) -> bool:
        """Whether every frame of the recording is in the VMS, at its own time."""
        camera: str = self.copy(video_id)["footage"]["vms_camera_id"]
        return self.vms.frames(camera) == held(self.films[video_id], START)

    def asked(self) -> Counter[str]:
        return Counter(seen.operation for seen in self.vms.requests)

    def is_here(self, video_id: str) -> bool:
        path: str = self.video(video_id)["relative_path"]
        return (self.app.storage_path / path).exists()

    def free(self) -> list[JSON]:
        """Carry out the rules now, as the worker does each hour."""
        done = self.app.cli("cleanup-exec", "--rules", "--yes", "--json")
        assert done.returncode in (0, 1), done.stderr
        found: list[JSON] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def vms() -> Iterator[Vms]:
    with running_vms() as found:
        yield found


@pytest.fixture(scope="module")
def factory(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[AppFactory]:
    made = AppFactory(lambda: tmp_path_factory.mktemp("milestone"), hearth)
    yield made
    made.close()


def installed(factory: AppFactory, vms: Vms, targets: str = "", **env: str) -> Site:
    app = factory(start=False)
    folder = app.home / "recordings"
    folder.mkdir()
    (app.home / "copy").mkdir()
    (app.home / "targets.toml").write_text(TARGET + targets.format(copy=app.home / "copy"))
    edge = free_port()
    app.environ |= {
        "TARGETS_FILE": str(app.home / "targets.toml"), "SEGMENT_ROOTS": str(folder), "MILESTONE_URL": vms.url,
        "MILESTONE_USERNAME": vms.username, "MILESTONE_PASSWORD": vms.password, "EDGE_PORT": str(edge),
        "EDGE_RTSP_PORT": str(free_port()), "EDGE_ADDRESS": f"127.0.0.1:{edge}", **env,
    }  # fmt: skip
    app.release_here()
    return Site(app, vms, folder)


@pytest.fixture(scope="module")
def shared(factory: AppFactory, vms: Vms) -> Site:
    site = installed(factory, vms, STORAGE_MODE="MILESTONE")
    site.app.start()
    return site


@pytest.fixture
def site(shared: Site, vms: Vms) -> Iterator[Site]:
    vms.requests.clear()
    yield shared
    vms.faults.clear()


def test_each_phase_is_shown_and_a_killed_worker_makes_nothing_twice(site: Site) -> None:
    vms = site.vms
    # The VMS is away at first: what is offered waits.
    vms.faults.add(Status(503), times=None)
    video_id = site.record()
    offered = site.wait_for(video_id, "it to be offered", phase="offered", state="pending")
    assert offered["error"]
    vms.faults.clear()
    pull = vms.faults.stuck()
    site.retry(video_id)
    site.wait_for(video_id, "the VMS to be at it", phase="retrieving", state="in_progress")
    wait_until(lambda: site.asked()["POST cameras/{id}?task=RetrieveEdgeStorage"] == 1, "the task")
    site.app.kill9("worker")
    site.app.start("worker")
    site.retry(video_id)
    pull.let_go.set()
    shown = site.verified(video_id)
    assert site.arrived(video_id)
    assert datetime.fromisoformat(shown["footage"]["start"]) == START
    asked = site.asked()
    assert asked["POST cameras/{id}?task=RetrieveEdgeStorage"] == 1
    assert asked["POST bookmarks"] == 1
    assert [one.fields["reference"] for one in vms.every("bookmarks")].count(video_id) == 1


def test_half_of_a_recording_is_not_verified_and_is_fetched_again(site: Site) -> None:
    site.vms.faults.partial_pull(0.5)
    video_id = site.record()
    shown = site.wait_for(video_id, "the half to be found out", state="pending", attempts=1)
    assert shown["error"]
    assert shown["phase"] != "verified"
    assert site.is_here(video_id)
    site.retry(video_id)
    site.verified(video_id)
    assert site.arrived(video_id)


def test_a_hold_locks_the_footage_and_its_end_unlocks_it(site: Site) -> None:
    video_id = site.record()
    site.verified(video_id)
    held_by = site.app.request("POST", f"/api/videos/{video_id}/hold", json={"reason": "Court case", "until": None})
    assert held_by.status == 201, held_by.data

    def locks() -> list[str]:
        return [one.id for one in site.vms.every("evidenceLocks") if one.fields["reference"] == video_id]

    wait_until(lambda: len(locks()) == 1, "a lock", seconds=60)
    wait_until(lambda: site.copy(video_id)["footage"]["locked"], "the lock to be told")
    hold_id = site.video(video_id)["holds"][0]["id"]
    site.app.request("DELETE", f"/api/videos/{video_id}/hold/{hold_id}")
    wait_until(lambda: locks() == [], "the lock to be released", seconds=60)
    wait_until(lambda: not site.copy(video_id)["footage"]["locked"], "the release to be told")


def test_local_bytes_go_when_the_vms_has_the_footage_and_then_say_where_it_is(site: Site) -> None:
    pull = site.vms.faults.stuck()
    video_id = site.record()
    site.wait_for(video_id, "the VMS to be at it", phase="retrieving")
    wait_until(lambda: site.video(video_id)["status"] == "ready", "its pictures", seconds=60)
    site.free()
    assert site.is_here(video_id)
    pull.let_go.set()
    site.verified(video_id)
    wait_until(lambda: any(one["video_id"] == video_id and one["prune"] for one in site.free()), "its turn", seconds=60)
    assert not site.is_here(video_id)
    answer = site.app.request("GET", f"/api/videos/{video_id}/content")
    assert (answer.status, answer.json()["code"]) == (410, "footage-only")
    (stretch,) = answer.json()["detail"]["footage"]
    assert site.vms.frames(stretch["vms_camera_id"]) == held(site.films[video_id], START)
    assert stretch["link"] == f"https://vms.example.org/?camera={stretch['vms_camera_id']}"
    assert "without sound" in answer.json()["error"]
    exported = site.app.request(
        "POST", "/api/v1/storage/exports",
        json={"camera_ids": [site.video(video_id)["camera_id"]], "reason": "incident",
              "start_time": START.isoformat(), "end_time": (START + timedelta(seconds=2)).isoformat()},
    ).json()  # fmt: skip
    path = f"/api/v1/storage/exports/{exported['id']}"
    wait_until(lambda: site.app.request("GET", path).json()["status"] == "FAILED", "the export to fail", seconds=60)
    told = site.app.request("GET", path).data.decode()
    assert "cannot be had back from a VMS" in told
    assert site.films[video_id].name in told
    retention_ends(site, video_id)


def retention_ends(site: Site, video_id: str) -> None:
    """The footage of a video that is only in the VMS grows too old there; afterwards the VMS keeps for ever again."""
    site.vms.retain(days=7)
    try:
        looked = site.app.request("POST", f"/api/videos/{video_id}/deliveries/milestone/verify")
        late = site.wait_for(site.record(), "what is too old to be refused", state="failed")
    finally:
        site.vms.retain(days=50 * 365)
    assert looked.status == 200, looked.data
    shown = site.copy(video_id)
    assert (shown["state"], shown["phase"], shown["error_code"]) == ("deleted", "ended", "past-retention")
    assert shown["error"].startswith("Ended in the VMS: its retention of 7 days passed at 2026-02-10 10:00 UTC.")
    assert datetime.fromisoformat(shown["footage"]["ended_at"]) > START + timedelta(days=7), "it was seen there since"
    answer = site.app.request("GET", f"/api/videos/{video_id}/content")
    assert (answer.status, answer.json()["code"]) == (410, "footage-only")
    assert "Milestone had the footage" in answer.json()["error"]
    assert late["error_code"] == "past-retention"
    assert "was due to be deleted there at 2026-02-10 10:00 UTC" in late["error"]


def test_both_is_complete_only_when_both_have_it(factory: AppFactory, vms: Vms) -> None:
    site, app = (found := installed(factory, vms, NAS, MEDIA_JOBS="0", STORAGE_MODE="BOTH")), found.app
    app.start()
    pull = vms.faults.stuck()
    video_id = site.record()
    site.wait_for(video_id, "the VMS to be at it", phase="retrieving")
    wait_until(lambda: site.copy(video_id, "nas")["state"] == "delivered", "the copy on the disk")

    def complete() -> int:
        count: int = app.request("GET", "/api/storage/report").json()["safe"]["verified"]
        return count

    assert complete() == 0
    pull.let_go.set()
    site.verified(video_id)
    wait_until(lambda: complete() == 1, "it to count as complete", seconds=30)
    assert site.arrived(video_id)
    assert site.is_here(video_id)
