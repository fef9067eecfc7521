"""Vectors over HTTP: who may keep them, who is told what, and every refusal in words."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from backend.catalog import tokens
from backend.likeness.given_vector import MOST_DIMENSIONS
from backend.web import schemas
from tests.unit.web.conftest import Site


def upload(site: Site, name: str = "a.mp4", role: str = "admin", **fields: Any) -> str:
    found: str = site.upload(name, name.encode() * 300, role=role, **fields).get_json()["video_id"]
    return found


def keep(site: Site, video_id: str, vector: object, role: str = "admin", namespace: str = "scenes") -> Any:
    return site.call("PUT", f"/api/videos/{video_id}/vectors/{namespace}", role, json={"vector": vector})


def search(site: Site, body: object, role: str | None = "viewer", namespace: str = "scenes", **options: Any) -> Any:
    return site.call("POST", f"/api/vectors/{namespace}/search", role, json=body, **options)


def found(site: Site, body: object, **options: Any) -> list[str]:
    answer = search(site, body, **options)
    assert answer.status_code == 200
    TypeAdapter(schemas.Nearest).validate_python(answer.get_json(), strict=True)
    return [each["video"]["id"] for each in answer.get_json()["results"]]


def test_what_is_kept_is_found_the_nearest_first(site: Site) -> None:
    near, far = upload(site, "near.mp4"), upload(site, "far.mp4")
    assert keep(site, near, [3, 4]).get_json() == {"success": True, "namespace": "scenes", "dimensions": 2}
    keep(site, far, [-1.0, 0.0])
    assert found(site, {"vector": [1, 0]}) == [near, far]
    assert found(site, {"vector": [1, 0], "limit": 1}) == [near]
    assert found(site, {"vector": [1, 0]}, namespace="faces") == []
    answer = search(site, {"vector": [1, 0]}).get_json()
    assert [each["score"] for each in answer["results"]] == [0.6, -1.0]
    assert (answer["index"], answer["fell_back"], answer["reason"]) == ("numpy", False, None)
    assert answer["results"][0]["video"]["original_filename"] == "near.mp4"
    for _ in range(2):
        assert site.call("DELETE", f"/api/videos/{near}/vectors/scenes").get_json() == {"success": True}
    assert found(site, {"vector": [1, 0]}) == [far]


def test_an_uploader_keeps_vectors_for_its_own_videos_only(site: Site) -> None:
    own, other = upload(site, "own.mp4", role="uploader"), upload(site, "other.mp4")
    assert keep(site, own, [1.0], "uploader").status_code == 200
    assert keep(site, own, [1.0], "operator").status_code == 200
    assert keep(site, other, [1.0], "uploader").status_code == 403
    assert site.call("DELETE", f"/api/videos/{other}/vectors/scenes", "uploader").status_code == 403
    assert keep(site, own, [1.0], "viewer").status_code == 403
    assert keep(site, "nobody", [1.0]).status_code == 404
    assert search(site, {"vector": [1.0]}, None).status_code == 401


def test_projects_that_a_token_may_not_see_and_the_trash_are_not_told_of(site: Site) -> None:
    ours, theirs = upload(site, "ours.mp4", project_id="ours"), upload(site, "theirs.mp4", project_id="theirs")
    for video_id in (ours, theirs):
        keep(site, video_id, [1.0, 0.0])
    with site.services.database.write() as session:
        _, secret = tokens.create(session, "limited", "operator", ["ours"])
    limited: dict[str, Any] = {"role": None, "headers": {"Authorization": f"Bearer {secret}"}}
    assert found(site, {"vector": [1, 0]}, **limited) == [ours]
    path = f"/api/videos/{theirs}/vectors/scenes"
    assert site.call("PUT", path, None, json={"vector": [1, 1]}, headers=limited["headers"]).status_code == 404
    site.call("DELETE", f"/api/videos/{ours}")
    assert found(site, {"vector": [1, 0]}, **limited) == []
    assert found(site, {"vector": [1, 0]}) == [theirs]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "Send the vector as JSON"),
        ([1.0], "Send the vector as JSON"),
        ({}, "Send the vector as JSON"),
        ({"vector": "1"}, "list of numbers"),
        ({"vector": []}, "1 to 4,096"),
        ({"vector": [0.0]}, "no direction"),
        ({"vector": [1.0], "more": 1}, "'more' is not known"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(site: Site, body: object, words: str) -> None:
    video_id = upload(site)
    path = f"/api/videos/{video_id}/vectors/scenes"
    for answer in (site.call("PUT", path, json=body), search(site, body)):
        assert answer.status_code == 422
        assert words in answer.get_json()["error"]


def test_numbers_that_are_none_and_odd_namespaces_and_limits_are_refused(site: Site) -> None:
    video_id = upload(site)
    raw = {"data": '{"vector": [NaN, 1.0]}', "content_type": "application/json"}
    answer = site.call("PUT", f"/api/videos/{video_id}/vectors/scenes", **raw)
    assert answer.status_code == 422
    assert "nan" in answer.get_json()["error"]
    assert keep(site, video_id, [1.0], namespace="a%20b").status_code == 422
    for limit in (0, 101, 2.5, True, "3"):
        refused = search(site, {"vector": [1.0], "limit": limit})
        assert refused.status_code == 422
        assert refused.get_json()["error"] == "limit must be a whole number from 1 to 100."
    keep(site, video_id, [1.0, 2.0])
    assert "have 2 dimensions" in search(site, {"vector": [1.0]}).get_json()["error"]
    assert keep(site, video_id, [0.1234567890123456789] * MOST_DIMENSIONS).status_code == 200


def test_an_index_that_cannot_be_used_is_told(site: Site) -> None:
    video_id = upload(site)
    keep(site, video_id, [1.0, 0.0])
    site.services.vectors.most_bytes_in_memory = 1
    answer = search(site, {"vector": [1.0, 0.0]}).get_json()
    assert (answer["index"], answer["fell_back"]) == ("catalog", True)
    assert "held in memory" in answer["reason"]
    assert [each["video"]["id"] for each in answer["results"]] == [video_id]
