"""A recording whose file is only in the VMS, over HTTP: plain refusals, phases, no broken share link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from backend.catalog.models import Delivery, Video
from backend.web import schemas
from tests.services.footage import register
from tests.unit.web.conftest import Open, Site
from tests.unit.web.test_shares import path_of, shared

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
TARGET = '[[target]]\nname = "vms"\nkind = "milestone"\nlabel = "Milestone"\n'
TARGET += 'watch_url = "https://vms.example/{camera_id}"\n'
PROOF = {"vms_camera_id": "c-7", "start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:00:12Z", "lock_id": "l-1"}


@pytest.fixture
def site(open_site: Open, monkeypatch: pytest.MonkeyPatch) -> Site:
    register(monkeypatch)
    return open_site(TARGET)


def recorded(site: Site) -> str:
    fields: dict[str, Any] = {
        "camera_id": CAMERA,
        "start_time": "2026-11-20T09:00:00Z",
        "end_time": "2026-11-20T09:00:12Z",
    }
    video_id: str = site.upload("gate.mp4", targets="vms", **fields).get_json()["video_id"]
    return video_id


def write(site: Site, video_id: str, **delivery: object) -> None:
    with site.services.database.write() as session:
        session.execute(update(Delivery).where(Delivery.video_id == video_id).values(**delivery))


def free(site: Site, video_id: str) -> None:
    """As if it were verified there, and its bytes here were freed since."""
    write(site, video_id, state="delivered", proof=PROOF)
    with site.services.database.write() as session:
        session.execute(update(Video).where(Video.id == video_id).values(local_state="pruned"))
        path = session.get_one(Video, video_id).relative_path
    (Path(site.services.settings.storage_path) / path).unlink()


def test_the_phase_is_told_wherever_a_delivery_is(site: Site) -> None:
    video_id = recorded(site)
    write(site, video_id, state="in_progress", resume={"phase": "retrieving", "task_id": "33"})
    listed = schemas.DeliveryList.model_validate(site.call("GET", "/api/deliveries").get_json())
    shown = schemas.VideoList.model_validate(site.call("GET", "/api/videos/list").get_json())
    span = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z"}
    answer = site.call("GET", f"/api/v1/storage/segments/{CAMERA}", query_string=span)
    segments = schemas.SegmentPage.model_validate(answer.get_json())
    told = [listed.deliveries[0], shown.videos[0].deliveries[0], segments.segments[0].deliveries[0]]
    assert [(one.state, one.phase, one.footage) for one in told] == [("in_progress", "retrieving", None)] * 3
    assert "task_id" not in answer.get_data(as_text=True)
    free(site, video_id)
    (delivery,) = site.call("GET", f"/api/videos/{video_id}/deliveries").get_json()["deliveries"]
    stretch = {name: PROOF[name] for name in ("vms_camera_id", "start", "end")}
    assert (delivery["phase"], delivery["footage"]) == ("verified", {**stretch, "locked": True, "ended_at": None})


@pytest.mark.parametrize(
    ("mode", "of_vms", "of_nas"), [("LOCAL", "named", "all"), ("MILESTONE", "recordings", "named"),
                                   ("BOTH", "recordings", "all")],
)  # fmt: skip
def test_it_is_told_of_which_videos_a_copy_is_required(
    open_site: Open, monkeypatch: pytest.MonkeyPatch, mode: str, of_vms: str, of_nas: str
) -> None:
    register(monkeypatch)
    nas = '[[target]]\nname = "nas"\nkind = "folder"\npath = "/mnt/nas"\n'
    extra = '[[target]]\nname = "extra"\nkind = "folder"\npath = "/mnt/extra"\nrequired = false\n'
    vms = {"MILESTONE_URL": "https://vms.example", "MILESTONE_USERNAME": "u", "MILESTONE_PASSWORD": "p"}
    site = open_site(TARGET + nas + extra, STORAGE_MODE=mode, **vms)
    listed = schemas.TargetList.model_validate(site.call("GET", "/api/targets").get_json()).targets
    known = schemas.Session.model_validate(site.call("GET", "/api/session").get_json()).targets
    wanted = {"vms": of_vms, "nas": of_nas, "extra": "none"}
    assert {one.name: one.required_of for one in listed} == wanted
    assert {one.name: one.required_of for one in known} == wanted


def test_an_ordinary_upload_is_told_apart_from_one_that_lacks_its_copy(
    open_site: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(monkeypatch)
    vms = {"MILESTONE_URL": "https://vms.example", "MILESTONE_USERNAME": "u", "MILESTONE_PASSWORD": "p"}
    site = open_site(TARGET, STORAGE_MODE="MILESTONE", **vms)
    site.upload()
    recorded(site)
    safe = schemas.StorageReport.model_validate(site.call("GET", "/api/storage/report").get_json()).safe
    assert (safe.videos, safe.verified, safe.waiting, safe.exempt) == (2, 0, 1, 1)


@pytest.mark.parametrize("path", ["content", "download"])
def test_who_asks_for_the_file_is_told_that_it_is_gone_for_good_and_where_to_watch(site: Site, path: str) -> None:
    video_id = recorded(site)
    free(site, video_id)
    answer = site.call("GET", f"/api/videos/{video_id}/{path}")
    problem = schemas.Problem.model_validate(answer.get_json())
    assert (answer.status_code, problem.code) == (410, "footage-only")
    assert "The original file and its SHA-256 cannot be had back" in problem.error
    assert "Milestone has the footage on its camera c-7" in problem.error
    (stretch,) = answer.get_json()["detail"]["footage"]
    assert (stretch["vms_camera_id"], stretch["link"]) == ("c-7", "https://vms.example/c-7")
    assert site.call("HEAD", f"/api/videos/{video_id}/{path}").status_code == 410


def test_bringing_it_back_is_refused_at_once(site: Site) -> None:
    video_id = recorded(site)
    free(site, video_id)
    answer = site.call("POST", f"/api/videos/{video_id}/restore")
    assert (answer.status_code, answer.get_json()["code"]) == (410, "footage-only")


def test_no_conversion_is_queued_that_could_never_be_made(site: Site) -> None:
    video_id = recorded(site)
    free(site, video_id)
    answer = site.call("POST", f"/api/videos/{video_id}/conversions", json={"format": "mp4", "heights": [240]})
    assert (answer.status_code, answer.get_json()["code"]) == (410, "footage-only")
    assert "cannot be had back" in answer.get_json()["error"]


def test_a_share_link_says_it_without_telling_strangers_of_the_vms(site: Site) -> None:
    video_id = recorded(site)
    path = path_of(shared(site, video_id, may_download=True))
    free(site, video_id)
    page = site.call("GET", path, None)
    words = page.get_data(as_text=True)
    assert page.status_code == 200
    assert "kept in a video management system now and cannot be shown here" in words
    assert "<video" not in words
    for part in ("content", "download"):
        answer = site.call("GET", f"{path}/{part}", None)
        assert answer.status_code == 404
        assert "c-7" not in answer.get_data(as_text=True)
