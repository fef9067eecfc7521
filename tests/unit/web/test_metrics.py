"""`GET /metrics`: who is told, in which form, and what is so just now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, update

from backend.catalog import tokens
from backend.catalog.database import Database
from backend.catalog.models import Delivery, Export, ExportStatus, TargetRow, Video
from backend.metrics.answer import Answer
from backend.web import metrics
from tests.unit.web.conftest import VIDEO, Open, Site

CAMERA = "123e4567-e89b-12d3-a456-426614174000"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def told(site: Site) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Every sample just now; nothing is kept from before."""
    site.client.application.extensions.pop(metrics._ANSWER, None)
    answer = site.call("GET", "/metrics")
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: dict[tuple[str, frozenset[tuple[str, str]]], float], name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


@pytest.mark.parametrize("role", ["viewer", "uploader", "service", "operator", "admin"])
def test_whoever_may_read_everything_is_told(site: Site, role: str) -> None:
    assert site.call("GET", "/metrics", role).status_code == 200


def test_a_stranger_and_a_token_for_some_projects_are_told_why_not(open_site: Open) -> None:
    site = open_site()
    assert site.call("GET", "/metrics", None).status_code == 401
    site.tokens["limited"] = limited_token(site)
    answer = site.call("GET", "/metrics", "limited")
    assert answer.status_code == 403
    assert "figures of all projects" in answer.get_json()["error"]


def limited_token(site: Site) -> str:
    with site.services.database.write() as session:
        return tokens.create(session, "limited", tokens.Role.VIEWER, ["alpha"])[1]


def test_the_form_is_the_one_that_is_accepted(site: Site) -> None:
    plain = site.call("GET", "/metrics")
    assert plain.headers["Content-Type"] == CONTENT_TYPE_PLAIN_0_0_4
    assert plain.headers["Cache-Control"] == "no-store"
    for accept in (OPENMETRICS, "application/openmetrics-text", f"{OPENMETRICS};q=0.5,text/plain;version=0.0.4;q=0.3"):
        answer = site.call("GET", "/metrics", headers={"Accept": accept})
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
        assert answer.text.endswith("# EOF\n")
        assert list(openmetrics.text_string_to_metric_families(answer.text))


@pytest.mark.parametrize("accept", ["*/*", "application/openmetrics-text; version=wild", "image/png", ";;;=,"])
def test_an_odd_wish_gets_the_plain_form(site: Site, accept: str) -> None:
    answer = site.call("GET", "/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == CONTENT_TYPE_PLAIN_0_0_4


def test_what_is_kept_and_what_waits_is_told(site: Site) -> None:
    for number in range(3):
        site.upload(f"{number}.mp4", VIDEO + bytes([number]))
    gone = site.upload("gone.mp4", VIDEO + b"gone").get_json()["video_id"]
    site.call("DELETE", f"/api/videos/{gone}")
    with site.services.database.write() as session:
        session.execute(update(Delivery).values(created_at=datetime.now(UTC) - timedelta(hours=2)))
    found = told(site)
    size = len(VIDEO) + 1
    assert value(found, "holdfast_videos", state="present") == 3
    assert value(found, "holdfast_videos", state="trashed") == 1
    assert value(found, "holdfast_deliveries", target="nas", state="pending") == 3
    assert value(found, "holdfast_deliveries", target="nas", state="delivered") == 0
    assert value(found, "holdfast_delivery_backlog_videos", target="nas") == 3
    assert value(found, "holdfast_delivery_backlog_bytes", target="nas") == 3 * size
    assert 7200 <= (value(found, "holdfast_delivery_backlog_age_seconds", target="nas") or 0) < 7300
    assert value(found, "holdfast_videos_unsafe") == 3
    assert value(found, "storage_bytes_used", backend="FILESYSTEM", bucket="uploads") == 4 * size + 3
    assert value(found, "holdfast_catalog_up") == 1
    assert (value(found, "holdfast_disk_free_bytes") or 0) < (value(found, "holdfast_disk_size_bytes") or 0)


def test_a_targets_state_is_one_of_those_that_people_see(site: Site) -> None:
    with site.services.database.write() as session:
        session.add(TargetRow(name="nas", circuit="parked"))
    found = told(site)
    assert {
        state: value(found, "holdfast_target_state", target="nas", state=state)
        for state in ("up", "degraded", "parked", "paused")
    } == {"up": 0, "degraded": 0, "parked": 1, "paused": 0}


def test_segments_are_counted_by_camera_and_exports_by_status(site: Site) -> None:
    for hour in range(2):
        start, end = (f"2025-01-23T1{hour}:{minute}:00Z" for minute in ("00", "30"))
        site.upload(f"{hour}.mp4", VIDEO + bytes([hour]), camera_id=CAMERA, start_time=start, end_time=end)
    site.upload("alone.mp4", VIDEO + b"x", camera_id=CAMERA)  # a camera's, but of no known time: no segment
    now = datetime.now(UTC)
    with site.services.database.write() as session:
        row = {
            "camera_ids": [CAMERA], "start_time": now, "end_time": now, "format": "mp4", "created_at": now,
            "updated_at": now, "next_attempt_at": now, "cut": "fast", "layout": "files", "slate": False,
            "incomplete": "fail", "keep_hours": 1, "file_size": 700,
        }  # fmt: skip
        for number, status in enumerate((ExportStatus.COMPLETED, ExportStatus.FAILED)):
            session.execute(
                insert(Export).values(id=f"123e4567-e89b-12d3-a456-42661417400{number}", status=status, **row)
            )
    found = told(site)
    assert value(found, "storage_segments_count", camera_id=CAMERA) == 2
    assert value(found, "holdfast_exports", status="COMPLETED") == 1
    assert value(found, "holdfast_exports", status="FAILED") == 1
    assert value(found, "storage_bytes_used", backend="FILESYSTEM", bucket="exports") == 700


def test_damage_and_the_oldest_look_are_told(site: Site) -> None:
    video_id = site.upload().get_json()["video_id"]
    with site.services.database.write() as session:
        session.execute(update(Video).values(created_at=datetime.now(UTC) - timedelta(days=31)))
    assert (value(told(site), "holdfast_oldest_check_age_seconds", place="here") or 0) >= 31 * 86400
    path = site.call("GET", f"/api/videos/{video_id}").get_json()["video"]["relative_path"]
    (site.services.layout.root / path).write_bytes(b"rot")
    site.services.scrubber.run_due()
    assert value(told(site), "holdfast_damages_open") == 1


def test_figures_of_state_are_asked_once_for_many_scrapes(site: Site) -> None:
    before = told(site)
    site.upload()
    answers = {site.call("GET", "/metrics").text for _ in range(5)}
    assert all('holdfast_videos{state="present"} 0.0' in text for text in answers)
    assert value(before, "holdfast_videos", state="present") == 0
    assert value(told(site), "holdfast_videos", state="present") == 1


def test_without_the_catalog_the_rest_is_told(site: Site) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    body, _ = Answer.of(replace(site.services, database=away)).text("")
    away.close()
    told = body.decode()
    assert "holdfast_catalog_up 0.0" in told
    assert "holdfast_disk_free_bytes " in told
    assert "holdfast_videos{" not in told
