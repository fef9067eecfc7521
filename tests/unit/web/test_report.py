"""The report of the storage over HTTP: its shape, whom it tells what, and what changes it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from backend.catalog import counts, tokens
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site


def report(site: Site, *who: str) -> dict[str, Any]:
    found: dict[str, Any] = site.call("GET", "/api/storage/report", *who).get_json()
    TypeAdapter(schemas.StorageReport).validate_python(found, strict=True)
    return found


def test_the_report_tells_what_is_kept_where_and_since_when(site: Site) -> None:
    first = site.upload(name="1.mp4", content=VIDEO + b"1", project_id="a", content_type="Raw").get_json()
    site.upload(name="2.mp4", content=VIDEO + b"22", project_id="b")
    size, both = len(VIDEO) + 1, 2 * len(VIDEO) + 3
    found = report(site)
    total = found["total"]
    assert (total["videos"], total["bytes"], total["physical_bytes"]) == (2, both, both)
    assert total["disk_total_bytes"] >= total["disk_free_bytes"] > 0
    assert found["by_project"] == [
        {"name": "b", "count": 1, "bytes": size + 1},
        {"name": "a", "count": 1, "bytes": size},
    ]
    assert {"name": "Raw", "count": 1, "bytes": size} in found["by_label"]
    assert found["by_state"] == [{"name": "present", "count": 2, "bytes": both}]
    assert found["over_time"] == [{"day": f"{datetime.now(UTC):%Y-%m-%d}", "count": 2, "bytes": both}]
    assert found["safe"]["videos"] == 2
    site.call("DELETE", f"/api/videos/{first['video_id']}")
    counts.fold(site.services.database)
    found = report(site)
    assert {"name": "trashed", "count": 1, "bytes": size} in found["by_state"]
    assert (found["total"]["videos"], found["total"]["physical_bytes"]) == (1, both)
    assert [row["count"] for row in found["over_time"]] == [1]


def test_projects_that_one_may_not_see_are_in_no_figure(site: Site) -> None:
    site.upload(name="1.mp4", content=VIDEO + b"1", project_id="a", content_type="Raw")
    site.upload(name="2.mp4", content=VIDEO + b"2", project_id="secret", content_type="Secret")
    with site.services.database.write() as session:
        site.tokens["of a"] = tokens.create(session, "ann", "viewer", ["a"])[1]
    own = report(site, "of a")
    assert own["total"]["videos"] == own["safe"]["videos"] == 1
    assert own["total"]["physical_bytes"] == len(VIDEO) + 1
    assert "ecret" not in str(own)


def test_held_videos_are_a_list_of_their_own(site: Site) -> None:
    saved = [site.upload(name=f"{n}.mp4", content=VIDEO + bytes([n])).get_json() for n in range(3)]
    held, over = saved[0]["video_id"], saved[1]["video_id"]
    assert site.call("POST", f"/api/videos/{held}/hold", json={"reason": "court", "until": None}).status_code == 201
    hold = site.call("POST", f"/api/videos/{over}/hold", json={"reason": "soon over", "until": None}).get_json()["hold"]
    site.call("DELETE", f"/api/videos/{over}/hold/{hold['id']}")
    found = site.call("GET", "/api/videos/list?held=1&total=1").get_json()
    assert ([video["id"] for video in found["videos"]], found["total"]) == ([held], 1)
    assert site.call("GET", "/api/videos/list?held=0&total=1").get_json()["total"] == 3
