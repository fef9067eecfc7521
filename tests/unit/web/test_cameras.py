"""Cameras over HTTP: told, called by a name, and covered; what is asked wrongly is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from backend.catalog import tokens
from backend.web import cameras as web_cameras
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site
from tests.unit.web.test_openapi import _fits

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
BELOW = "/api/v1/storage/segments"


def record(site: Site, start: str, end: str, camera_id: str = CAMERA, **fields: Any) -> str:
    """Through the form door; times of one day."""
    answer = site.upload(
        content=VIDEO + start.encode(),
        camera_id=camera_id,
        start_time=f"2025-01-23T{start}Z",
        end_time=f"2025-01-23T{end}Z",
        **fields,
    )
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["video_id"])


def segments(site: Site, start: str, end: str, role: str = "admin", **query: Any) -> Any:
    bounds = {"start": f"2025-01-23T{start}Z", "end": f"2025-01-23T{end}Z"}
    answer = site.call("GET", f"{BELOW}/{CAMERA}", role, query_string=bounds | query)
    assert answer.status_code == 200, answer.text
    _fits(schemas.SegmentPage, answer.get_json())
    return answer.get_json()


def limited(site: Site, project_id: str) -> str:
    with site.services.database.write() as session:
        site.tokens["limited"] = tokens.create(session, "limited", "operator", [project_id])[1]
    return "limited"


def test_what_a_form_brings_is_listed_with_its_gaps(site: Site) -> None:
    first, second = record(site, "10:00:00", "11:00:00"), record(site, "11:30:00", "12:00:00")
    found = segments(site, "10:30:00", "12:30:00")
    assert [one["id"] for one in found["segments"]] == [first, second]
    assert found["gaps"] == [
        {"start": "2025-01-23T11:00:00.000Z", "end": "2025-01-23T11:30:00.000Z"},
        {"start": "2025-01-23T12:00:00.000Z", "end": "2025-01-23T12:30:00.000Z"},
    ]
    assert found["next_cursor"] is None
    told = found["segments"][0]
    assert (told["start_time"], told["duration_seconds"]) == ("2025-01-23T10:00:00.000Z", 3600)
    assert (told["storage_backend"], told["mode"]) == ("FILESYSTEM", "LOCAL")
    assert [delivery["target"] for delivery in told["deliveries"]] == ["nas"]
    assert len(told["checksum"]) == 64


def test_times_may_be_asked_with_any_offset(site: Site) -> None:
    name = record(site, "10:00:00", "11:00:00")
    bounds = {"start": "2025-01-23T11:59:59+02:00", "end": "2025-01-23T12:00:01+02:00"}
    found = site.call("GET", f"{BELOW}/{CAMERA.upper()}", query_string=bounds).get_json()
    assert [one["id"] for one in found["segments"]] == [name]
    assert found["gaps"] == [{"start": "2025-01-23T09:59:59.000Z", "end": "2025-01-23T10:00:00.000Z"}]


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        (CAMERA, {}, "start is missing"),
        (CAMERA, {"start": "2025-01-23T10:00:00Z"}, "end is missing"),
        (CAMERA, {"start": "2025-01-23T10:00:00", "end": "2025-01-23T11:00:00Z"}, "time zone"),
        (CAMERA, {"start": "2025-01-23T10:00:00Z", "end": "2025-01-23T10:00:00Z"}, "later than start"),
        ("gate", {"start": "2025-01-23T10:00:00Z", "end": "2025-01-23T11:00:00Z"}, "no UUID"),
        (CAMERA, {"start": "2025-01-23T10:00:00Z", "end": "2025-01-23T11:00:00Z", "limit": "5001"}, "1 to 5000"),
        (CAMERA, {"start": "2025-01-23T10:00:00Z", "end": "2025-01-23T11:00:00Z", "cursor": "x"}, "cursor"),
    ],
)
def test_a_list_that_is_asked_wrongly_is_refused_in_words(
    site: Site, path: str, query: dict[str, str], words: str
) -> None:
    answer = site.call("GET", f"{BELOW}/{path}", query_string=query)
    assert answer.status_code == 422
    assert words in answer.get_json()["error"]


def test_a_deleted_segment_is_in_the_trash_and_a_held_one_stays(site: Site) -> None:
    held, other = record(site, "10:00:00", "11:00:00"), record(site, "11:00:00", "12:00:00")
    site.call("POST", f"/api/videos/{held}/hold", json={"reason": "court"})
    assert site.call("DELETE", f"{BELOW}/{held}").status_code == 409
    answer = site.call("DELETE", f"{BELOW}/{other}")
    _fits(schemas.SegmentTrashed, answer.get_json())
    assert [one["id"] for one in segments(site, "10:00:00", "12:00:00")["segments"]] == [held]
    assert site.call("DELETE", f"{BELOW}/{other}").status_code == 404
    assert site.call("POST", f"/api/videos/{other}/restore-from-trash").status_code == 200
    assert len(segments(site, "10:00:00", "12:00:00")["segments"]) == 2


def test_who_may_not_delete_and_what_is_no_segment(site: Site) -> None:
    name, video = record(site, "10:00:00", "11:00:00"), site.upload().get_json()["video_id"]
    assert site.call("DELETE", f"{BELOW}/{name}", "uploader").status_code == 403
    assert site.call("DELETE", f"{BELOW}/{video}").status_code == 404
    assert site.call("DELETE", f"{BELOW}/{CAMERA}").status_code == 404


def test_a_token_of_one_project_sees_and_deletes_no_other_s(site: Site) -> None:
    name = record(site, "10:00:00", "11:00:00", project_id="secret")
    role = limited(site, "mine")
    assert segments(site, "10:00:00", "11:00:00", role)["segments"] == []
    assert site.call("DELETE", f"{BELOW}/{name}", role).status_code == 404
    assert site.call("GET", "/api/cameras", role).get_json()["cameras"] == []
    assert site.call("PATCH", f"/api/cameras/{CAMERA}", role, json={"name": "x"}).status_code == 404


def test_the_name_of_a_camera_that_projects_share_is_for_an_operator_of_all_of_them(site: Site) -> None:
    record(site, "10:00:00", "11:00:00", project_id="mine")
    role = limited(site, "mine")
    assert site.call("PATCH", f"/api/cameras/{CAMERA}", role, json={"name": "Gate"}).status_code == 200
    record(site, "11:00:00", "12:00:00", project_id="secret")
    answer = site.call("PATCH", f"/api/cameras/{CAMERA}", role, json={"name": "x"})
    assert answer.status_code == 403
    assert "every project" in answer.get_json()["error"]
    assert site.call("GET", "/api/cameras").get_json()["cameras"][0]["name"] == "Gate"


def test_a_camera_is_called_by_its_name(site: Site) -> None:
    record(site, "10:00:00", "11:00:00")
    answer = site.call("PATCH", f"/api/cameras/{CAMERA}", json={"name": "Gate, north"})
    _fits(schemas.OneCamera, answer.get_json())
    told = site.call("GET", "/api/cameras").get_json()
    _fits(schemas.CameraList, told)
    assert told["cameras"][0]["name"] == "Gate, north"
    assert (told["cameras"][0]["segments"], told["cameras"][0]["first_at"]) == (1, "2025-01-23T10:00:00.000Z")
    bodies: tuple[Any, ...] = ({}, {"name": 1}, {"name": "x" * 101}, {"name": "a\nb"}, {"name": "x", "id": "y"}, [])
    for body in bodies:
        assert site.call("PATCH", f"/api/cameras/{CAMERA}", json=body).status_code == 422
    assert site.call("PATCH", f"/api/cameras/{CAMERA}", "uploader", json={"name": "x"}).status_code == 403


def test_coverage_tells_exact_stretches_in_the_order_asked(site: Site) -> None:
    record(site, "10:00:00", "11:00:00")
    record(site, "11:00:00", "11:30:00")
    other = "223e4567-e89b-12d3-a456-426614174000"
    bounds = {"start": "2025-01-23T10:30:00Z", "end": "2025-01-23T12:30:00Z"}
    answer = site.call("GET", "/api/cameras/coverage", query_string=bounds | {"camera_id": f"{other},{CAMERA}"})
    told = answer.get_json()
    _fits(schemas.Coverage, told)
    assert [lane["camera_id"] for lane in told["lanes"]] == [other, CAMERA]
    assert told["lanes"][0] | {"camera_id": ""} == {"camera_id": "", "segments": 0, "stretches": [], "bins": None}
    assert told["lanes"][1]["segments"] == 2
    assert told["lanes"][1]["stretches"] == [{"start": "2025-01-23T10:30:00.000Z", "end": "2025-01-23T11:30:00.000Z"}]
    assert told["bin_seconds"] == 12


@pytest.mark.parametrize("query", [{}, {"camera_id": "gate"}, {"camera_id": CAMERA, "bins": "0"}])
def test_coverage_that_is_asked_wrongly_is_refused(site: Site, query: dict[str, str]) -> None:
    bounds = {"start": "2025-01-23T10:30:00Z", "end": "2025-01-23T12:30:00Z"}
    assert site.call("GET", "/api/cameras/coverage", query_string=bounds | query).status_code == 422


def test_figures_of_very_many_segments_are_kept_a_while_and_names_are_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_cameras, "_MANY", 0)
    record(site, "10:00:00", "11:00:00")
    assert site.call("GET", "/api/cameras").get_json()["cameras"][0]["segments"] == 1
    record(site, "11:00:00", "12:00:00")
    site.call("PATCH", f"/api/cameras/{CAMERA}", json={"name": "Gate"})
    (told,) = site.call("GET", "/api/cameras").get_json()["cameras"]
    assert (told["segments"], told["name"]) == (1, "Gate")
    monkeypatch.setattr(web_cameras, "_KEPT_SECONDS", 0.0)
    web_cameras_kept(site).clear()
    assert site.call("GET", "/api/cameras").get_json()["cameras"][0]["segments"] == 2


def web_cameras_kept(site: Site) -> dict[object, object]:
    kept: dict[object, object] = site.client.application.extensions["holdfast_cameras"]
    return kept
