"""Registering segments over HTTP: seed 001's example works as it is written, and every refusal has words."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from backend.web import schemas
from tests.unit.web import tus_client
from tests.unit.web.conftest import VIDEO, Open, Site
from tests.unit.web.rufh_client import create, saved
from tests.unit.web.test_cameras import BELOW, CAMERA, limited, segments
from tests.unit.web.test_openapi import _fits


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "segment.ts").write_bytes(VIDEO)
    return tmp_path / "recordings"


@pytest.fixture
def site(open_site: Open, folder: Path) -> Site:
    return open_site(SEGMENT_ROOTS=str(folder))


def register(site: Site, path: Path | str, role: str = "service", **fields: Any) -> Any:
    told = {"size_bytes": len(VIDEO), "duration_seconds": 3600, "file_path": str(path)}
    return site.call("POST", BELOW, role, json=_body(Path(path).parent) | told | fields)


def test_a_recorder_s_file_is_registered_and_listed(site: Site, folder: Path) -> None:
    answer = register(site, folder / "segment.ts", title="Gate", tags=["night"], project_id="gates")
    told = answer.get_json()
    assert answer.status_code == 201, answer.text
    _fits(schemas.RegisteredSegment, told)
    assert (told["id"], told["already_registered"]) == (told["video_id"], False)
    assert (told["storage_path"].split("/")[0], told["project_id"]) == ("uploads", "gates")
    assert [one["target"] for one in told["deliveries"]] == ["nas"]
    assert [one["id"] for one in segments(site, "10:00:00", "11:00:00")["segments"]] == [told["id"]]
    video = site.call("GET", f"/api/videos/{told['id']}").get_json()["video"]
    assert (video["title"], video["tags"], video["sha256"]) == ("Gate", ["night"], told["checksum"])
    again = register(site, folder / "segment.ts")
    assert (again.status_code, again.get_json()["already_registered"]) == (200, True)
    assert again.get_json()["id"] == told["id"]


def test_a_linked_one_is_told_as_not_hashed_everywhere_until_it_is(open_site: Open, folder: Path) -> None:
    site = open_site(SEGMENT_ROOTS=str(folder), SEGMENT_ADOPT="link")
    told = register(site, folder / "segment.ts").get_json()
    assert told["checksum"] is None
    path = f"/api/videos/{told['id']}"
    video = site.call("GET", path).get_json()
    _fits(schemas.OneVideo, video)
    assert (video["video"]["checksum"], video["video"]["sha256"]) == (None, None)
    _fits(schemas.VideoList, site.call("GET", "/api/videos/list").get_json())
    receipt = site.call("GET", f"{path}/receipt")
    assert (receipt.status_code, receipt.get_json()["code"]) == (409, "conflict")
    content = site.call("GET", f"{path}/content")
    assert content.data == VIDEO
    with (folder / "segment.ts").open("ab") as file:
        file.write(b"more")
    grown = site.call("GET", f"{path}/content")
    assert grown.data == VIDEO + b"more"
    assert grown.headers["ETag"] != content.headers["ETag"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"camera_id": "gate"}, 422, "bad-field"),
        ({"start_time": "2025-01-23T10:00:00"}, 422, "bad-field"),
        ({"end_time": "2025-01-23T09:00:00Z"}, 422, "bad-field"),
        ({"end_time": "2025-02-23T09:00:00Z"}, 422, "bad-field"),
        ({"file_path": "/etc/passwd"}, 422, "bad-field"),
        ({"file_path": "{folder}/../segment.ts"}, 422, "bad-field"),
        ({"file_path": "{folder}/none.ts"}, 404, "not-found"),
        ({"size_bytes": 1}, 409, "still-recording"),
        ({"duration_seconds": 60}, 422, "bad-field"),
        ({"duration_seconds": 10**400}, 422, "bad-field"),
        ({"speed": 60}, 422, "bad-field"),
    ],
)
def test_every_refusal_has_its_word(site: Site, folder: Path, fields: dict[str, Any], status: int, code: str) -> None:
    if "file_path" in fields:
        fields = fields | {"file_path": fields["file_path"].format(folder=folder)}
    answer = site.call("POST", BELOW, "service", json=_body(folder) | fields)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    assert segments(site, "00:00:00", "23:00:00")["segments"] == []


@pytest.mark.parametrize("body", [None, [], "x", {}])
def test_what_is_no_wish_is_refused(site: Site, body: Any) -> None:
    assert site.call("POST", BELOW, "service", json=body).status_code == 422


def test_who_may_register_where(site: Site, folder: Path) -> None:
    assert register(site, folder / "segment.ts", "viewer").status_code == 403
    assert register(site, folder / "segment.ts", limited(site, "mine")).status_code == 403
    assert register(site, folder / "segment.ts", "limited", project_id="mine").status_code == 201


def test_without_roots_nothing_is_taken_from_the_disk(open_site: Open, folder: Path) -> None:
    answer = register(open_site(), folder / "segment.ts")
    assert answer.status_code == 422
    assert "SEGMENT_ROOTS" in answer.get_json()["error"]


def _body(folder: Path) -> dict[str, Any]:
    return {
        "camera_id": CAMERA,
        "start_time": "2025-01-23T10:00:00Z",
        "end_time": "2025-01-23T11:00:00Z",
        "file_path": str(folder / "segment.ts"),
    }


def test_what_is_listed_and_what_came_again_is_told_to_the_metrics(open_site: Open, folder: Path) -> None:
    site = open_site(SEGMENT_ROOTS=str(folder), LOG_LEVEL="debug")
    register(site, folder / "segment.ts")
    register(site, folder / "segment.ts")
    segments(site, "10:00:00", "11:00:00")
    log = (site.services.settings.log_dir / "video_uploads.log").read_text()
    assert "replayed" in log
    assert "backend=FILESYSTEM" in log


@pytest.mark.parametrize("door", ["tus", "ietf", "put"])
def test_every_door_makes_a_segment_of_a_camera_s_recording(site: Site, door: str) -> None:
    fields = {"camera_id": CAMERA.upper(), "start_time": "2025-01-23T10:00:00Z", "end_time": "2025-01-23T11:00:00Z"}
    query = urlencode({"filename": "a.mp4", **fields})
    if door == "tus":
        tus = tus_client.Door(site)
        path = tus.place(len(VIDEO), Upload_Metadata=tus_client.metadata(filename="a.mp4", **fields))
        assert tus.send(path, 0, VIDEO).status_code == 204
    elif door == "ietf":
        saved(create(site, VIDEO, complete="?1", path=f"/uploads?{query}"))
    else:
        assert site.call("PUT", f"/uploads/a.mp4?{query}", data=VIDEO).status_code == 201
    (one,) = segments(site, "10:00:00", "11:00:00")["segments"]
    assert (one["camera_id"], one["storage_backend"]) == (CAMERA, "FILESYSTEM")
    week = urlencode({**fields, "end_time": "2025-02-23T11:00:00Z"})
    refused = site.call("PUT", f"/uploads/a.mp4?{week}", data=VIDEO)
    assert (refused.status_code, "7 days" in refused.get_json()["error"]) == (422, True)
