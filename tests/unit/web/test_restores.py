"""Bytes that are elsewhere, over HTTP: told how far, begun by operators only, and of what is lost the truth."""

from __future__ import annotations

from pathlib import Path

from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Open, Site


def lose(site: Site, video_id: str) -> None:
    video = site.call("GET", f"/api/videos/{video_id}").get_json()["video"]
    (Path(site.services.settings.storage_path) / video["relative_path"]).unlink()


def test_what_is_here_is_here_and_nothing_is_begun(site: Site) -> None:
    path = f"/api/videos/{site.upload().get_json()['video_id']}/restore"
    shown = schemas.OneRestore.model_validate(site.call("GET", path, "viewer").get_json())
    assert (shown.restore.state, shown.restore.bytes_total) == ("here", len(VIDEO))
    assert site.call("POST", path, "viewer").status_code == 403
    assert site.call("POST", path, "operator").status_code == 200


def test_what_is_nowhere_is_not_found_also_by_head(open_site: Open) -> None:
    site = open_site()
    video_id = site.upload().get_json()["video_id"]
    lose(site, video_id)
    assert site.call("GET", f"/api/videos/{video_id}/restore").get_json()["restore"]["state"] == "away"
    for method in ("GET", "HEAD"):
        assert site.call(method, f"/api/videos/{video_id}/content").status_code == 404
    shown = site.call("GET", f"/api/videos/{video_id}/restore").get_json()["restore"]
    assert shown["state"] == "failed"
    assert "no verified copy can be read back" in shown["error"]


def test_another_projects_video_is_none_of_ones_business(site: Site) -> None:
    assert site.call("GET", "/api/videos/none/restore").status_code == 404
    assert site.call("POST", "/api/videos/none/restore").status_code == 404
