"""Exports over HTTP: what may be asked and how it is refused, who sees what, what is answered in each state."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from backend.catalog import tokens
from backend.catalog.models import AuditLine, Export, ExportStatus
from backend.web import schemas
from tests.unit.web.conftest import Site

PATH = "/api/v1/storage/exports"
CAMERA, OTHER = "123e4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174001"
AT = datetime(2026, 1, 31, 10, tzinfo=UTC)


def record(site: Site, camera: str = CAMERA, start: datetime = AT, seconds: float = 60, **fields: Any) -> str:
    """An upload that is a segment of a camera."""
    end = start + timedelta(seconds=seconds)
    times = {"camera_id": camera, "start_time": start.isoformat(), "end_time": end.isoformat()}
    answer = site.upload("cam.mp4", **{**times, **fields})
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["video_id"])


def order(**changed: Any) -> dict[str, Any]:
    wish = {"camera_ids": [CAMERA], "start_time": "2026-01-31T10:00:00Z", "end_time": "2026-01-31T10:02:00Z"}
    return {name: value for name, value in (wish | changed).items() if value is not None}


def ask(site: Site, role: str = "uploader", **changed: Any) -> dict[str, Any]:
    answer = site.call("POST", PATH, role, json=order(**changed))
    assert answer.status_code == 202, answer.get_json()
    found: dict[str, Any] = schemas.OneExport.model_validate(answer.get_json(), strict=True).model_dump()
    return found


def limited(site: Site, name: str, *projects: str, role: str = "uploader") -> str:
    """The name of a role of this test's own, whose token reaches some projects only."""
    with site.services.database.write() as session:
        site.tokens[name] = tokens.create(session, name, role, list(projects))[1]
    return name


def change(site: Site, export_id: str, **values: Any) -> None:
    with site.services.database.write() as session:
        row = session.get(Export, export_id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)


def test_an_order_is_taken_and_told_as_it_is(site: Site) -> None:
    record(site)
    made = ask(site, reason="incident", cut="exact", slate=True, incomplete="partial", keep_hours=2)
    assert (made["status"], made["progress"], made["camera_ids"]) == ("PENDING", 0.0, [CAMERA])
    assert (made["start_time"], made["end_time"]) == ("2026-01-31T10:00:00.000Z", "2026-01-31T10:02:00.000Z")
    assert (made["reason"], made["cut"], made["slate"], made["incomplete"]) == ("incident", "exact", True, "partial")
    assert (made["created_by"], made["download_url"], made["delivery"]) == ("uploader", None, None)
    told = site.call("GET", f"{PATH}/{made['id']}").get_json()
    assert schemas.OneExport.model_validate(told, strict=True).model_dump() == made


def test_several_ways_to_write_a_camera_are_one(site: Site) -> None:
    record(site)
    assert ask(site, camera_ids=[CAMERA.upper()])["camera_ids"] == [CAMERA]
    assert site.call("POST", PATH, json=order(camera_ids=[CAMERA, CAMERA.upper()])).status_code == 422


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"camera_ids": None}, "camera_ids", "1 to 16"),
        ({"camera_ids": []}, "camera_ids", "1 to 16"),
        ({"camera_ids": "all"}, "camera_ids", "1 to 16"),
        ({"camera_ids": [str(uuid.uuid4()) for _ in range(17)]}, "camera_ids", "at most 16"),
        ({"camera_ids": ["entrance"]}, "camera_ids", "no UUID"),
        ({"camera_ids": [7]}, "camera_ids", "no UUID"),
        ({"start_time": None}, "start_time", "missing"),
        ({"start_time": 5}, "start_time", "missing"),
        ({"start_time": "yesterday"}, "start_time", "ISO 8601"),
        ({"end_time": "2026-01-31T10:02:00"}, "end_time", "no time zone"),
        ({"end_time": "0001-01-01T00:00:00+14:00"}, "end_time", "years 1 and 9999"),
        ({"end_time": "2026-01-31T10:00:00Z"}, "end_time", "after start_time"),
        ({"end_time": "2026-02-07T10:00:01Z"}, "end_time", "more than 7 days"),
        ({"format": "avi"}, "format", "mp4, mkv"),
        ({"format": ["mp4"]}, "format", "mp4, mkv"),
        ({"cut": "rough"}, "cut", "fast, exact"),
        ({"layout": "grid", "cut": "rough"}, "cut", "fast, exact"),
        ({"layout": "heap"}, "layout", "files, grid"),
        ({"layout": "grid"}, "layout", "at least 2 cameras"),
        ({"slate": 1}, "slate", "true or false"),
        ({"slate": True}, "slate", "exact"),
        ({"incomplete": "guess"}, "incomplete", "fail, partial"),
        ({"reason": 5}, "reason", "a text"),
        ({"keep_hours": 0}, "keep_hours", "above 0"),
        ({"keep_hours": True}, "keep_hours", "above 0"),
        ({"keep_hours": 1e9}, "keep_hours", "at most"),
        ({"colour": "red"}, "colour", "unknown"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(
    site: Site, changed: dict[str, Any], field: str, words: str
) -> None:
    for path in (PATH, f"{PATH}/estimate"):
        answer = site.call("POST", path, json=order(**changed))
        assert (answer.status_code, answer.get_json()["detail"].get("field")) == (422, field)
        assert words in answer.get_json()["error"]


def test_a_reason_may_be_long_but_not_endless(site: Site) -> None:
    record(site)
    assert ask(site, reason="ü" * 32768)["reason"] == "ü" * 32768
    answer = site.call("POST", PATH, json=order(reason="ü" * 32769))
    assert (answer.status_code, answer.get_json()["code"]) == (413, "too-large")
    assert ask(site, reason="a\x00b\ud800")["reason"] == "a\x00b\ud800"


def test_no_json_is_told_how_it_should_look(site: Site) -> None:
    for body in ({"data": b"nonsense"}, {"json": [1]}, {"data": b"[" * 100_000, "content_type": "application/json"}):
        answer = site.call("POST", PATH, **body)
        assert (answer.status_code, "camera_ids" in answer.get_json()["error"]) == (422, True)


def test_a_camera_that_recorded_nothing_is_said(site: Site) -> None:
    record(site)
    for path in (PATH, f"{PATH}/estimate"):
        answer = site.call("POST", path, json=order(camera_ids=[CAMERA, OTHER]))
        assert answer.status_code == 404
        assert OTHER in answer.get_json()["error"]


def test_an_estimate_counts_what_is_there_and_makes_nothing(site: Site) -> None:
    record(site, start=AT + timedelta(seconds=30), seconds=60)
    record(site, OTHER, start=AT - timedelta(hours=1), seconds=60)
    answer = site.call("POST", f"{PATH}/estimate", "uploader", json=order(camera_ids=[CAMERA, OTHER]))
    told = schemas.ExportEstimate.model_validate(answer.get_json(), strict=True)
    first, second = told.cameras
    assert (first.segments, first.recorded_seconds, first.gaps) == (1, 60.0, 2)
    assert (second.segments, second.recorded_seconds, second.gaps, second.bytes) == (0, 0.0, 1, 0)
    assert told.estimate_bytes == first.bytes > 0
    assert site.call("GET", PATH).get_json()["count"] == 0


def test_a_list_goes_page_by_page_newest_first(site: Site) -> None:
    record(site)
    ids = [ask(site)["id"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        page = schemas.ExportPage.model_validate(
            site.call("GET", f"{PATH}?limit=2&cursor={cursor}").get_json(), strict=True
        )
        seen += [one.id for one in page.exports]
        if page.next_cursor is None:
            break
        cursor = page.next_cursor
    assert seen == ids[::-1]
    change(site, ids[0], status=ExportStatus.FAILED)
    assert [one["id"] for one in site.call("GET", f"{PATH}?status=failed").get_json()["exports"]] == [ids[0]]
    for query in ("status=done", "limit=0", "cursor=x", "cursor=WzEsMl0", "cursor=WyIyMDI2LTAxLTAxIiwgImEiXQ"):
        assert site.call("GET", f"{PATH}?{query}").status_code == 422


def test_an_unknown_export_is_not_found(site: Site) -> None:
    for export_id in (str(uuid.uuid4()), "nonsense"):
        for method, rest in (("GET", ""), ("GET", "/download"), ("GET", "/manifest"), ("POST", "/cancel"),
                             ("POST", "/retry"), ("DELETE", "")):  # fmt: skip
            assert site.call(method, f"{PATH}/{export_id}{rest}").status_code == 404


def test_who_is_limited_to_projects_sees_no_more_than_its_own(site: Site) -> None:
    record(site, project_id="a")
    record(site, OTHER, project_id="b")
    of_a, of_both = limited(site, "of-a", "a"), limited(site, "of-both", "a", "b")
    answer = site.call("POST", PATH, of_a, json=order(camera_ids=[OTHER]))
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not-found")
    assert site.call("POST", f"{PATH}/estimate", of_a, json=order(camera_ids=[OTHER])).status_code == 404
    a, both, every = ask(site, of_a)["id"], ask(site, of_both)["id"], ask(site)["id"]

    def seen_by(role: str) -> set[str]:
        return {one["id"] for one in site.call("GET", PATH, role).get_json()["exports"]}

    assert (seen_by(of_a), seen_by(of_both), seen_by("viewer")) == ({a}, {a, both}, {a, both, every})
    for hidden in (both, every):
        assert site.call("GET", f"{PATH}/{hidden}", of_a).status_code == 404
        assert site.call("POST", f"{PATH}/{hidden}/cancel", of_a).status_code == 404


def test_only_the_requester_and_operators_end_an_export(site: Site) -> None:
    record(site)
    export_id = ask(site, "uploader")["id"]
    assert site.call("POST", f"{PATH}/{export_id}/cancel", "viewer").status_code == 403
    answer = site.call("POST", f"{PATH}/{export_id}/cancel", "service")
    assert (answer.status_code, "uploader" in answer.get_json()["error"]) == (403, True)
    ended = schemas.OneExport.model_validate(
        site.call("POST", f"{PATH}/{export_id}/cancel", "uploader").get_json(), strict=True
    )
    assert (ended.status, ended.error, ended.error_code) == ("CANCELLED", "Cancelled by uploader.", "cancelled")
    assert site.call("POST", f"{PATH}/{export_id}/cancel", "operator").status_code == 409
    again = site.call("POST", f"{PATH}/{export_id}/retry", "operator").get_json()
    assert (again["status"], again["error"]) == ("PENDING", None)
    assert site.call("POST", f"{PATH}/{export_id}/retry", "operator").status_code == 409
    assert site.call("DELETE", f"{PATH}/{export_id}", "operator").status_code == 409
    assert site.call("POST", f"{PATH}/{export_id}/cancel", "operator").status_code == 200
    assert site.call("DELETE", f"{PATH}/{export_id}", "operator").get_json()["success"]
    assert site.call("GET", f"{PATH}/{export_id}", "operator").status_code == 404


def test_a_viewer_asks_for_nothing(site: Site) -> None:
    record(site)
    for path in (PATH, f"{PATH}/estimate"):
        assert site.call("POST", path, "viewer", json=order()).status_code == 403
    assert site.call("GET", PATH, None).status_code == 401


def test_what_is_not_made_cannot_be_fetched(site: Site) -> None:
    record(site)
    export_id = ask(site)["id"]
    for rest in ("download", "manifest"):
        answer = site.call("GET", f"{PATH}/{export_id}/{rest}")
        assert (answer.status_code, answer.get_json()["code"]) == (409, "not-ready")


def made_one(site: Site, content: bytes = bytes(range(256)) * 8) -> str:
    """An export as the worker leaves it, without one."""
    export_id: str = ask(site)["id"]
    folder = site.services.layout.exports / export_id
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(content)
    change(
        site, export_id, status=ExportStatus.COMPLETED, file_path=f"exports/{export_id}/clip.mp4",
        file_size=len(content), checksum="ab" * 32, findings={"filename": "clip.mp4", "mime_type": "video/mp4"},
        completed_at=AT, expires_at=datetime.now(UTC) + timedelta(hours=1), node=site.services.settings.node_name,
        manifest="e30.eyJpZCI6MX0.e30",
    )  # fmt: skip
    return export_id


def test_a_result_comes_whole_and_in_parts(site: Site) -> None:
    record(site)
    export_id = made_one(site)
    told = site.call("GET", f"{PATH}/{export_id}").get_json()
    assert (told["download_url"], told["manifest_url"]) == tuple(
        f"{PATH}/{export_id}/{rest}" for rest in ("download", "manifest")
    )
    whole = site.call("GET", told["download_url"], "viewer")
    assert (whole.status_code, whole.data) == (200, bytes(range(256)) * 8)
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["ETag"] == f'"{"ab" * 32}"'
    assert whole.headers["Content-Disposition"].startswith('attachment; filename="clip.mp4"')
    part = site.call("GET", told["download_url"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, bytes(range(10, 20)))
    same = site.call("GET", told["download_url"], headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304
    manifest = schemas.ExportManifest.model_validate(site.call("GET", told["manifest_url"]).get_json(), strict=True)
    assert manifest.payload == {"id": 1}


def test_a_deleted_result_is_gone_and_its_manifest_is_not(site: Site) -> None:
    record(site)
    export_id = made_one(site)
    assert site.call("DELETE", f"{PATH}/{export_id}", "service").status_code == 403
    assert site.call("DELETE", f"{PATH}/{export_id}", "uploader").status_code == 200
    assert list(site.services.layout.exports.iterdir()) == []
    answer = site.call("GET", f"{PATH}/{export_id}/download")
    assert (answer.status_code, answer.get_json()["code"]) == (410, "export-gone")
    told = site.call("GET", f"{PATH}/{export_id}").get_json()
    assert (told["status"], told["download_url"], told["file_path"]) == ("EXPIRED", None, None)
    assert f"removed by {told['removed_by']} at {told['removed_at']}" in answer.get_json()["error"]
    assert told["removed_at"] < told["expires_at"]
    assert site.call("GET", f"{PATH}/{export_id}/manifest").status_code == 200


def test_each_change_and_download_is_in_the_audit(site: Site) -> None:
    record(site)
    export_id = made_one(site)
    site.call("GET", f"{PATH}/{export_id}/download", "viewer")
    site.call("DELETE", f"{PATH}/{export_id}", "operator")
    site.call("POST", f"{PATH}/{ask(site)['id']}/cancel", "uploader")
    with site.services.database.read() as session:
        lines = session.scalars(select(AuditLine).where(AuditLine.action.startswith("export.")).order_by(AuditLine.id))
        told = [(line.action, line.who) for line in lines]
    assert told == [
        ("export.created", "uploader"), ("export.downloaded", "viewer"), ("export.deleted", "operator"),
        ("export.created", "uploader"), ("export.cancelled", "uploader"),
    ]  # fmt: skip


def test_a_player_that_asks_for_part_after_part_is_one_line_of_the_audit(site: Site) -> None:
    record(site)
    export_id = made_one(site)
    for first in (100, 0, 500):
        part = site.call(
            "GET", f"{PATH}/{export_id}/download", "viewer", headers={"Range": f"bytes={first}-{first + 9}"}
        )
        assert part.status_code == 206
    site.call("HEAD", f"{PATH}/{export_id}/download", "operator")
    with site.services.database.read() as session:
        lines = session.scalars(select(AuditLine.who).where(AuditLine.action == "export.downloaded")).all()
    assert lines == ["viewer"]


def test_the_room_that_results_take_is_counted(site: Site) -> None:
    record(site, project_id="a")
    of_a = limited(site, "of-a", "a")
    export_id = made_one(site)

    def counted(role: str = "admin", path: str = "/storage/stats") -> tuple[int, int]:
        found = site.call("GET", path, role).get_json()["categories"]["exports"]
        return found["file_count"], found["bytes"]

    assert (counted(), counted(of_a), counted(path="/projects/a/storage/stats")) == ((1, 2048), (0, 0), (0, 0))
    change(site, export_id, projects=["a"])
    assert (counted(), counted(of_a), counted(path="/projects/a/storage/stats")) == ((1, 2048),) * 3
    site.call("DELETE", f"{PATH}/{export_id}")
    assert (counted(), counted(of_a)) == ((0, 0), (0, 0))
