"""The Library's questions over HTTP: filters, orders, totals, facets and history."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import TypeAdapter

from backend.catalog import tokens, videos
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site


def names(site: Site, *query: tuple[str, str], **options: str) -> list[str]:
    found = site.call("GET", f"/api/videos/list?{urlencode([*query, *options.items()])}").get_json()
    assert found["success"], found
    return [video["original_filename"] for video in found["videos"]]


def upload(site: Site, name: str, **fields: Any) -> dict[str, Any]:
    saved: dict[str, Any] = site.upload(name=name, content=VIDEO + name.encode(), **fields).get_json()
    return saved


def test_tags_come_as_a_list_or_repeated(site: Site) -> None:
    upload(site, "1.mp4", tags="sea,sand")
    upload(site, "2.mp4", tags="sea,日本")
    saved = upload(site, "3.mp4")
    with site.services.database.write() as session:
        row = videos.get(session, saved["video_id"])
        videos.apply(row, videos.sidecar_of(row).model_copy(update={"video": _with_tags(row, "a,b")}))
    assert names(site, tags="sea,sand") == ["2.mp4", "1.mp4"]
    assert names(site, tags=" sea , sand ", operator="AND") == ["1.mp4"]
    assert names(site, ("tags", "sea"), ("tags", "日本"), operator="and") == ["2.mp4"]
    assert names(site, ("tags", "a,b"), ("tags", "")) == ["3.mp4"]
    assert names(site, tags="a,b") == []


def _with_tags(row: Any, *tags: str) -> Any:
    return videos.facts_of(row).model_copy(update={"tags": tags})


def test_orders_and_pages_follow_the_query(site: Site) -> None:
    for name in ("b.mp4", "A.mp4", "c.mp4"):
        upload(site, name)
    assert names(site, sort="name") == ["A.mp4", "b.mp4", "c.mp4"]
    assert names(site, sort="oldest") == ["b.mp4", "A.mp4", "c.mp4"]
    first = site.call("GET", "/api/videos/list?sort=name&limit=2&total=1").get_json()
    assert (first["count"], first["total"], first["total_is_exact"]) == (2, 3, True)
    assert names(site, sort="name", limit="2", cursor=first["next_cursor"]) == ["c.mp4"]
    assert "total" not in site.call("GET", "/api/videos/list").get_json()


def test_a_total_counts_what_the_filters_leave(site: Site) -> None:
    upload(site, "1.mp4", camera_id="gate")
    upload(site, "2.mp4")
    assert site.call("GET", "/api/videos/list?camera_id=gate&total=1&limit=1").get_json()["total"] == 1


def test_times_with_any_zone_are_taken(site: Site) -> None:
    saved_at = upload(site, "1.mp4")["created_at"]
    assert names(site, stored_after="2020-01-01T00:00:00+01:00", stored_before="2100-01-01T00:00Z") == ["1.mp4"]
    assert names(site, stored_after=saved_at) == ["1.mp4"], "what an answer says can be asked for"
    assert names(site, stored_before="2020-01-01T00:00:00Z") == []
    answer = site.call("GET", "/api/videos/list?stored_after=2020-01-01T00:00:00+01:00")
    assert answer.status_code == 200, "a plus sign that was not escaped"


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("operator=XOR", "operator", "known: OR, AND"),
        ("sort=random", "sort", "known: newest, oldest, name"),
        ("status=lost", "status", "known: processing, ready"),
        ("state=lost", "state", "known states: pending"),
        ("total=maybe", "total", "known: 1, true, 0, false"),
        ("stored_after=2026-01-01T00:00:00", "stored_after", "has no time zone; add Z"),
        ("stored_before=2026-01-01", "stored_before", "has no time zone; add Z"),
        ("stored_before=yesterday", "stored_before", "not an ISO 8601 time"),
        ("stored_before=0001-01-01T00:00:00%2B14:00", "stored_before", "years 1 and 9999"),
        ("stored_after=2026-01-02T00:00Z&stored_before=2026-01-01T00:00Z", "stored_before", "later than stored_after"),
        ("min_duration=-1", "min_duration", "number of seconds such as 90 or 2.5"),
        ("max_duration=nan", "max_duration", "number of seconds"),
        ("max_duration=1e999", "max_duration", "number of seconds"),
        ("max_duration=²", "max_duration", "number of seconds"),
        ("min_duration=2&max_duration=1", "max_duration", "not be less than min_duration"),
        ("sort=name&sort=name", "sort", "more than once"),
        ("limit=1&limit=2", "limit", "more than once"),
        ("project_id=a&project_id=b", "project_id", "more than once"),
        ("cursor=x", "cursor", "not one that a list gave"),
        ("limit=0", "limit", "must be 1 to 200"),
        ("ids=" + ",".join(map(str, range(201))), "ids", "more than 200"),
        ("tags=" + ",".join(map(str, range(51))), "tags", "more than 50"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field_and_what_is_known(
    site: Site, query: str, field: str, words: str
) -> None:
    answer = site.call("GET", f"/api/videos/list?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")
    assert answer.get_json()["detail"] == {"field": field}
    assert words in answer.get_json()["error"]


def test_empty_parameters_filter_nothing(site: Site) -> None:
    upload(site, "1.mp4")
    every = "tags operator sort status state stored_after stored_before min_duration max_duration camera_id q"
    assert names(site, *((name, "") for name in f"{every} project_id content_type cursor total".split())) == ["1.mp4"]


@pytest.mark.parametrize("ids", ["", ",", " , "])
def test_an_empty_list_of_ids_asks_for_no_video_rather_than_for_all(site: Site, ids: str) -> None:
    upload(site, "1.mp4")
    assert names(site, ids=ids, total="1") == []
    assert site.call("GET", f"/api/videos/list?ids={ids}&total=1").get_json()["total"] == 0


def test_facets_keep_to_the_projects_of_who_asks(site: Site) -> None:
    upload(site, "1.mp4", project_id="a", tags="sea", content_type="Raw", camera_id="gate")
    upload(site, "2.mp4", project_id="b", tags="sea,sand")
    with site.services.database.write() as session:
        site.tokens["of a"] = tokens.create(session, "ann", "viewer", ["a"])[1]
    found = site.call("GET", "/api/videos/facets").get_json()
    assert found["tags"] == [{"value": "sea", "count": 2}, {"value": "sand", "count": 1}]
    own = site.call("GET", "/api/videos/facets", "of a").get_json()
    TypeAdapter(schemas.Facets).validate_python(own, strict=True)
    one = {"count": 1}
    assert own == {
        "success": True, "projects": [{"value": "a"} | one], "labels": [{"value": "Raw"} | one],
        "tags": [{"value": "sea"} | one], "cameras": [{"value": "gate"} | one],
    }  # fmt: skip


def test_history_tells_who_uploaded_and_what_came_then(site: Site) -> None:
    saved = upload(site, "1.mp4")
    path = f"/api/videos/{saved['video_id']}"
    site.call("PATCH", path, json={"title": "A day at sea"})
    site.call("DELETE", path)
    found = site.call("GET", f"{path}/history").get_json()
    TypeAdapter(schemas.History).validate_python(found, strict=True)
    assert [(e["what"], e["by"]) for e in found["history"]] == [
        (what, "admin") for what in ("trashed", "edited", "saved")
    ]
    assert found["history"][-1]["at"] == saved["created_at"]
    assert found["history"][-1]["words"] == "Uploaded by a form and saved"


def test_what_nobody_changed_was_not_changed(site: Site) -> None:
    saved = site.upload().get_json()
    path = f"/api/videos/{saved['video_id']}"
    assert [event["what"] for event in site.call("GET", f"{path}/history").get_json()["history"]] == ["saved"]
    shown = site.call("GET", path).get_json()["video"]
    assert shown["updated_at"] == shown["created_at"]


def test_history_of_what_one_may_not_see_is_not_told(site: Site) -> None:
    saved = upload(site, "1.mp4", project_id="secret")
    with site.services.database.write() as session:
        site.tokens["of a"] = tokens.create(session, "ann", "viewer", ["a"])[1]
    assert site.call("GET", f"/api/videos/{saved['video_id']}/history", "of a").status_code == 404
    assert site.call("GET", "/api/videos/none/history").status_code == 404
