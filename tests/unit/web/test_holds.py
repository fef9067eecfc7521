"""Holds over HTTP: who may, what is refused, and what a hold forbids."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.catalog.models import Hold
from backend.web import schemas
from tests.unit.web.conftest import Site


@pytest.fixture
def video_id(site: Site) -> str:
    return str(site.upload().get_json()["video_id"])


def hold(site: Site, video_id: str, role: str = "admin", **body: Any) -> Any:
    return site.call("POST", f"/api/videos/{video_id}/hold", role, json=body)


def test_a_hold_is_made_shown_and_released(site: Site, video_id: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = hold(site, video_id, reason="court", until=until)
    assert answer.status_code == 201
    schemas.OneHold.model_validate(answer.get_json())
    made = answer.get_json()["hold"]
    assert (made["reason"], made["owner"]) == ("court", "admin")
    listed = site.call("GET", f"/api/videos/{video_id}/hold").get_json()
    schemas.HoldList.model_validate(listed)
    assert listed["holds"] == [made]
    video = site.call("GET", f"/api/videos/{video_id}").get_json()["video"]
    assert (video["held"], video["holds"]) == (True, [made])
    assert site.call("DELETE", f"/api/videos/{video_id}/hold/{made['id']}").get_json() == {"success": True}
    assert site.call("DELETE", f"/api/videos/{video_id}/hold/{made['id']}").status_code == 404
    assert site.call("GET", f"/api/videos/{video_id}").get_json()["video"]["held"] is False


def test_while_the_clock_is_doubted_a_hold_that_would_be_over_is_shown_as_what_it_is(site: Site, video_id: str) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    made = hold(site, video_id, reason="court", until=until.isoformat()).get_json()["hold"]
    with site.services.database.write() as session:
        # Over an hour ago, says the clock; but it jumped two days, so that is not certain.
        session.get_one(Hold, made["id"]).until_at = datetime.now(UTC) - timedelta(hours=1)
    note = {"trusted_at": (datetime.now(UTC) - timedelta(days=2)).isoformat(), "doubts": []}
    (site.services.layout.metadata / "clock.json").write_text(json.dumps(note))
    assert site.services.clock.read().doubt
    video = site.call("GET", f"/api/videos/{video_id}").get_json()["video"]
    assert (video["held"], [one["id"] for one in video["holds"]]) == (True, [made["id"]])
    for query in ("", "&held=1"):
        (listed,) = site.call("GET", f"/api/videos/list?limit=9{query}").get_json()["videos"]
        assert listed["held"] is True


def test_a_held_video_is_not_deleted_and_the_refusal_names_its_holds(site: Site, video_id: str) -> None:
    made = hold(site, video_id, reason="court").get_json()["hold"]
    answer = site.call("DELETE", f"/api/videos/{video_id}")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "held")
    assert answer.get_json()["detail"] == {"video_id": video_id, "holds": [made]}
    assert "“court”" in answer.get_json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"reason": ""}, {"reason": 3}, {"reason": "x" * 501}, {"reason": "a", "until": "2020-01-01T00:00:00Z"},
        {"reason": "a", "until": "2099-01-01T00:00:00"}, {"reason": "a", "until": "soon"}, {"reason": "a", "until": 3},
        {"reason": "a", "end": "2099-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_a_hold_that_makes_no_sense_is_refused_in_words(site: Site, video_id: str, body: dict[str, Any]) -> None:
    answer = hold(site, video_id, **body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")
    assert site.call("GET", f"/api/videos/{video_id}/hold").get_json()["holds"] == []


@pytest.mark.parametrize("role", ["viewer", "uploader", "service"])
def test_only_an_operator_holds_and_releases(site: Site, video_id: str, role: str) -> None:
    made = hold(site, video_id, "operator", reason="court").get_json()["hold"]
    assert hold(site, video_id, role, reason="mine").status_code == 403
    assert site.call("DELETE", f"/api/videos/{video_id}/hold/{made['id']}", role).status_code == 403
    assert len(site.call("GET", f"/api/videos/{video_id}/hold", role).get_json()["holds"]) == 1


def test_there_is_no_hold_on_a_video_that_there_is_not(site: Site) -> None:
    assert hold(site, "nothing", reason="court").status_code == 404
    assert site.call("GET", "/api/videos/nothing/hold").status_code == 404
