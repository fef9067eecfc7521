"""Seed 004's storage: exact shapes, a project that goes to the trash whole or not at all, and its quota."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.test import TestResponse

from backend.catalog import tokens
from backend.disk.layout import CATEGORIES
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Open, Site

SOUND = b"ID3\x04" + bytes(range(256)) * 40
FULL = len(VIDEO)


def _upload(site: Site, content: bytes = VIDEO, name: str = "a.mp4", project: str = "demo") -> str:
    answer = site.upload(name, content, path=f"/projects/{project}/videos")
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["asset_id"])


def _hold(site: Site, video_id: str) -> None:
    site.services.holder.hold(video_id, "court case")


def _only(site: Site, project: str, role: str = "operator") -> None:
    """Sign in as somebody who reaches one project only, under the name of that role."""
    with site.services.database.write() as session:
        site.tokens["limited"] = tokens.create(session, "limited", tokens.Role(role), [project])[1]


def _files(answer: TestResponse) -> dict[str, int]:
    return {name: part["file_count"] for name, part in answer.get_json()["categories"].items()}


def test_storage_stats_have_exactly_the_seeds_shape(site: Site) -> None:
    _upload(site, bytes(1024 * 1024), "a.mp4")
    _upload(site, SOUND, "song.mp3", "other")
    answer = site.call("GET", "/storage/stats").get_json()
    schemas.CategoriesStats.model_validate(answer, strict=True)
    assert list(answer) == ["root", "categories"]
    assert list(answer["categories"]) == list(CATEGORIES)
    assert answer["categories"]["uploads"] == {"bytes": 1048576, "megabytes": 1.0, "file_count": 1}
    assert answer["categories"]["music"] == {"bytes": len(SOUND), "megabytes": 0.01, "file_count": 1}
    one = site.call("GET", "/projects/demo/storage/stats").get_json()
    assert one["categories"]["uploads"] == answer["categories"]["uploads"]
    assert one["categories"]["music"] == {"bytes": 0, "megabytes": 0.0, "file_count": 0}


def test_the_roots_whole_path_is_for_admins_only(site: Site) -> None:
    for role, root in (("admin", str(site.services.layout.root)), ("viewer", "storage"), ("operator", "storage")):
        for path in ("/storage/stats", "/projects/demo/storage/stats"):
            assert site.call("GET", path, role).get_json()["root"] == root


def test_what_lies_in_the_trash_is_still_on_the_disk(site: Site) -> None:
    site.call("DELETE", f"/projects/demo/videos/{_upload(site)}")
    assert _files(site.call("GET", "/projects/demo/storage/stats"))["uploads"] == 1


def test_a_token_of_one_project_sees_and_deletes_no_other(site: Site) -> None:
    theirs, own = _upload(site, project="theirs"), _upload(site, SOUND, "song.mp3", "own")
    _only(site, "own")
    assert _files(site.call("GET", "/storage/stats", "limited")) == dict.fromkeys(CATEGORIES, 0) | {"music": 1}
    assert [p["project_id"] for p in site.call("GET", "/api/projects", "limited").get_json()["projects"]] == ["own"]
    assert site.call("GET", "/projects/theirs/storage/stats", "limited").status_code == 404
    assert site.call("DELETE", "/projects/theirs/storage", "limited").status_code == 404
    assert site.call("DELETE", f"/projects/theirs/videos/{theirs}", "limited").status_code == 404
    assert site.call("DELETE", f"/projects/own/videos/{own}", "limited").status_code == 200


def test_a_video_is_deleted_in_its_own_project_only(site: Site) -> None:
    asset = _upload(site)
    assert site.call("DELETE", f"/projects/other/videos/{asset}").status_code == 404
    assert site.call("DELETE", "/projects/demo/videos/none").status_code == 404
    assert site.call("DELETE", f"/projects/demo/videos/{asset}", "uploader").status_code == 403
    answer = site.call("DELETE", f"/projects/demo/videos/{asset}", "operator")
    schemas.Trashed.model_validate(answer.get_json(), strict=True)
    assert site.call("GET", "/projects/demo/videos").get_json() == []
    assert site.call("POST", f"/api/videos/{asset}/restore-from-trash").status_code == 200


@pytest.mark.parametrize("project", ["2026/summer", "a/videos/b", "..", "ö & ?"])
def test_a_project_of_any_name_is_reached_by_its_address(site: Site, project: str) -> None:
    address = f"/projects/{quote(project, safe='')}"
    asset = site.upload(path=f"{address}/videos").get_json()["asset_id"]
    other = site.upload("b.mp4", project_id=project).get_json()["video_id"]
    assert {video["id"] for video in site.call("GET", f"{address}/videos").get_json()} == {asset, other}
    assert _files(site.call("GET", f"{address}/storage/stats"))["uploads"] == 2
    assert site.call("DELETE", f"{address}/videos/{other}").status_code == 200
    assert site.call("DELETE", f"{address}/storage").get_json()["videos"] == 1


def test_a_project_goes_to_the_trash_whole_and_every_category_is_counted(site: Site) -> None:
    video, song = _upload(site), _upload(site, SOUND, "song.mp3")
    other = _upload(site, VIDEO[::-1], project="other")
    place = site.call("GET", f"/api/videos/{video}").get_json()["video"]["relative_path"]
    for folder in (site.services.layout.pictures_of(place), site.services.layout.renditions_of(place)):
        folder.mkdir(parents=True)
        (folder / "made").write_bytes(b"12345")
    answer = site.call("DELETE", "/projects/demo/storage", "operator").get_json()
    schemas.ProjectDeleted.model_validate(answer, strict=True)
    assert answer["deleted"] == {
        "uploads": {"file_count": 1, "bytes": FULL},
        "processed": {"file_count": 1, "bytes": 5},
        "thumbnails": {"file_count": 1, "bytes": 5},
        "exports": {"file_count": 0, "bytes": 0},
        "music": {"file_count": 1, "bytes": len(SOUND)},
    }
    assert (answer["videos"], answer["project_id"]) == (2, "demo")
    for asset, status in ((video, "trashed"), (song, "trashed"), (other, "processing")):
        assert site.call("GET", f"/api/videos/{asset}").get_json()["video"]["status"] == status
    again = site.call("DELETE", "/projects/demo/storage").get_json()
    assert (again["videos"], again["deleted"]["uploads"]) == (0, {"file_count": 0, "bytes": 0})


def test_one_held_video_keeps_the_whole_project(site: Site) -> None:
    free, held = _upload(site), _upload(site, VIDEO[::-1], "held.mp4")
    _hold(site, held)
    answer = site.call("DELETE", "/projects/demo/storage")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "held")
    assert [v["video_id"] for v in answer.get_json()["detail"]["videos"]] == [held]
    assert "held.mp4" in answer.get_json()["error"]
    assert len(site.call("GET", "/projects/demo/videos").get_json()) == 2
    site.call("DELETE", f"/projects/demo/videos/{free}")


def test_a_project_that_never_was_or_is_purged_is_unknown(open_site: Open) -> None:
    site = open_site(TRASH_DAYS="0")
    assert site.call("DELETE", "/projects/never/storage").status_code == 404
    _upload(site)
    site.call("DELETE", "/projects/demo/storage")
    site.services.trash.purge_due()
    assert site.call("DELETE", "/projects/demo/storage").status_code == 404
    assert not list(site.services.layout.uploads.rglob("*.mp4"))


def test_only_operators_delete_a_project(site: Site) -> None:
    _upload(site)
    for role in ("viewer", "uploader", "service"):
        assert site.call("DELETE", "/projects/demo/storage", role).status_code == 403


@pytest.fixture
def small(open_site: Open, tmp_path: Path) -> Site:
    """Every project may keep one VIDEO and half of another; "big" what the disk takes."""
    gib = 1024**3
    (tmp_path / "retention.toml").write_text(
        f'[[quota]]\nproject = "*"\nmax_gib = {1.5 * FULL / gib}\n[[quota]]\nproject = "big"\nmax_gib = 1000\n'
    )
    return open_site(RETENTION_FILE=str(tmp_path / "retention.toml"))


def _refused(answer: TestResponse) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    assert (answer.status_code, body["code"]) == (507, "quota"), body
    assert {"used_bytes", "limit_bytes", "needed_bytes", "project_id"} <= set(body["detail"])
    return body


def test_every_door_refuses_what_passes_the_quota_and_keeps_nothing_of_it(small: Site) -> None:
    _upload(small)
    other = VIDEO[::-1]
    metadata = {"Tus-Resumable": "1.0.0", "Upload-Metadata": "filename YS5tcDQ=,project_id ZGVtbw=="}
    length = {"Upload-Length": str(len(other))}
    _refused(small.upload(content=other, path="/projects/demo/videos"))
    _refused(small.upload(content=other, project_id="demo"))
    _refused(small.call("PUT", "/uploads/a.mp4?project_id=demo", data=other))
    _refused(small.call("POST", "/files/", headers=metadata | length))
    draft = {"Upload-Draft-Interop-Version": "8", "Upload-Complete": "?0"} | length
    assert small.call("POST", "/uploads?filename=a.mp4&project_id=demo", headers=draft).status_code == 507
    assert small.upload(content=other, project_id="big").status_code == 201
    assert not list(small.services.layout.incoming.iterdir())
    assert len(small.call("GET", "/projects/demo/videos").get_json()) == 1


def test_a_project_that_is_named_behind_the_file_is_refused_as_soon_as_it_is(small: Site) -> None:
    _upload(small)
    body = (
        b'--X\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n%s\r\n'
        b'--X\r\nContent-Disposition: form-data; name="project_id"\r\n\r\ndemo\r\n--X--\r\n' % VIDEO[::-1]
    )
    answer = small.call("POST", "/api/upload-video", data=body, content_type="multipart/form-data; boundary=X")
    assert _refused(answer)["detail"]["needed_bytes"] == FULL
    assert not list(small.services.layout.incoming.iterdir())


def test_a_large_body_is_refused_before_it_is_read(small: Site) -> None:
    form: dict[str, Any] = {
        "content_type": "multipart/form-data; boundary=X",
        "environ_overrides": {"CONTENT_LENGTH": str(10**9)},
    }
    answer = small.call("POST", "/projects/demo/videos", **form)
    assert _refused(answer)["detail"]["needed_bytes"] > 10**9 - 10**6


def test_a_retried_form_is_answered_as_before_though_the_project_is_full_by_now(small: Site) -> None:
    key = {"Idempotency-Key": "once"}
    first = small.upload(headers=key, project_id="demo").get_json()
    again = small.upload(headers=key, project_id="demo")
    assert again.get_json()["video_id"] == first["video_id"]
    form: dict[str, Any] = {
        "content_type": "multipart/form-data; boundary=X",
        "environ_overrides": {"CONTENT_LENGTH": str(10**9)},
    }
    _refused(small.call("POST", "/projects/demo/videos", headers={"Idempotency-Key": "new"}, **form))


def test_projects_tell_what_they_keep_and_may_keep(small: Site) -> None:
    asset = _upload(small)
    _upload(small, SOUND, "song.mp3", "big")
    small.call("DELETE", f"/projects/demo/videos/{asset}")
    answer = small.call("GET", "/api/projects", "viewer").get_json()
    schemas.ProjectList.model_validate(answer, strict=True)
    assert answer["projects"] == [
        {"project_id": "big", "videos": 1, "bytes": len(SOUND), "quota_bytes": 1000 * 1024**3, "trashed": 0},
        {"project_id": "demo", "videos": 0, "bytes": FULL, "quota_bytes": int(1.5 * FULL), "trashed": 1},
    ]
