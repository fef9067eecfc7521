"""One change to many videos: each by itself, within the caller's rights, and told one by one."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from backend.catalog import tokens
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site


def saved(site: Site, number: int = 0, role: str = "admin", **fields: Any) -> str:
    return str(site.upload(role=role, content=VIDEO + bytes([number]), **fields).get_json()["video_id"])


def ask(site: Site, action: str, ids: list[str], role: str = "operator", **fields: Any) -> dict[str, Any]:
    answer = site.call("POST", "/api/videos/bulk", role, json={"action": action, "ids": ids, **fields})
    assert answer.status_code == 200, answer.get_json()
    TypeAdapter(schemas.BulkResults).validate_python(answer.get_json(), strict=True)
    told: dict[str, Any] = answer.get_json()
    return told


def shown(site: Site, video_id: str) -> dict[str, Any]:
    video: dict[str, Any] = site.call("GET", f"/api/videos/{video_id}").get_json()["video"]
    return video


def codes(told: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(result["id"], result["code"]) for result in told["results"]]


def test_each_video_is_changed_by_itself_and_told_in_the_order_asked(site: Site) -> None:
    first, second = saved(site, 1), saved(site, 2)
    told = ask(site, "trash", [second, "nobody", first, second])
    assert codes(told) == [(second, None), ("nobody", "not-found"), (first, None)]
    assert told["success"] is False
    assert "nobody" in told["results"][1]["error"]
    assert [shown(site, one)["status"] for one in (first, second)] == ["trashed", "trashed"]
    assert ask(site, "restore-from-trash", [first, second])["success"] is True
    assert shown(site, first)["trashed_at"] is None


def test_tags_are_changed_where_they_may_be(site: Site) -> None:
    own, other = saved(site, 1, "uploader", tags="sea"), saved(site, 2, tags="sky")
    told = ask(site, "tag", [own, other], "uploader", add_tags=["sand"], remove_tags=["sea"])
    assert codes(told) == [(own, None), (other, "forbidden")]
    assert (shown(site, own)["tags"], shown(site, other)["tags"]) == (["sand"], ["sky"])
    assert ask(site, "tag", [own, other], tags=["all"])["success"] is True
    assert shown(site, other)["tags"] == ["all"]


def test_what_is_held_is_not_trashed_until_it_is_released(site: Site) -> None:
    video_id, free = saved(site, 1), saved(site, 2)
    assert ask(site, "hold", [video_id], reason="court", until=None)["success"] is True
    assert ask(site, "hold", [video_id], reason="more", until="2999-01-01T00:00:00Z")["success"] is True
    assert codes(ask(site, "trash", [video_id, free])) == [(video_id, "held"), (free, None)]
    assert ask(site, "release", [video_id])["success"] is True
    assert shown(site, video_id)["held"] is False
    assert ask(site, "trash", [video_id])["success"] is True
    past = ask(site, "hold", [free], reason="late", until="2001-01-01T00:00:00Z")
    assert codes(past) == [(free, "bad-field")]


def test_copies_are_sent_again_where_there_is_something_to_send(site: Site) -> None:
    video_id = saved(site)
    assert ask(site, "retry", [video_id])["success"] is True
    assert ask(site, "retry", [video_id], target="nas")["success"] is True
    assert codes(ask(site, "retry", [video_id], target="moon")) == [(video_id, "not-found")]


def test_only_projects_that_the_caller_may_see_are_changed(site: Site) -> None:
    mine, other = saved(site, 1, project_id="a"), saved(site, 2, project_id="b")
    with site.services.database.write() as session:
        site.tokens["of-a"] = tokens.create(session, "of a", "operator", ["a"])[1]
    assert codes(ask(site, "trash", [mine, other], "of-a")) == [(mine, None), (other, "not-found")]
    assert shown(site, other)["trashed_at"] is None


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ([], "JSON"),
        ({"action": "burn", "ids": ["a"]}, "known: trash"),
        ({"action": ["trash"], "ids": ["a"]}, "known: trash"),
        ({"action": "trash"}, "ids"),
        ({"action": "trash", "ids": []}, "1 to 500"),
        ({"action": "trash", "ids": ["a"] * 501}, "501 came"),
        ({"action": "trash", "ids": [1]}, "list of texts"),
        ({"action": "trash", "ids": ["a"], "reason": "x"}, "does not belong to trash"),
        ({"action": "hold", "ids": ["a"]}, "needs 'reason'"),
        ({"action": "hold", "ids": ["a"], "reason": 1}, "must be a text"),
        ({"action": "hold", "ids": ["a"], "reason": "x", "until": "2030-01-01T00:00:00"}, "time zone"),
        ({"action": "hold", "ids": ["a"], "reason": "x", "until": "soon"}, "ISO 8601"),
        ({"action": "tag", "ids": ["a"]}, "tag needs one of"),
        ({"action": "tag", "ids": ["a"], "add_tags": "sea"}, "list of texts"),
    ],
)
def test_what_makes_no_sense_changes_nothing_and_says_why(site: Site, body: Any, words: str) -> None:
    answer = site.call("POST", "/api/videos/bulk", json=body)
    assert answer.status_code == 422
    assert words in answer.get_json()["error"]


def test_a_role_may_in_bulk_what_it_may_one_by_one(site: Site) -> None:
    video_id = saved(site, 1, "uploader")
    for action in ("trash", "restore-from-trash", "release", "retry"):
        body = {"action": action, "ids": [video_id]}
        assert site.call("POST", "/api/videos/bulk", "uploader", json=body).status_code == 403
    body = {"action": "tag", "ids": [video_id], "tags": ["x"]}
    assert site.call("POST", "/api/videos/bulk", "viewer", json=body).status_code == 403
