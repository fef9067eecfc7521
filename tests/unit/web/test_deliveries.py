"""The ledger and the targets over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from backend.catalog import tokens, videos
from backend.catalog.tokens import Role
from backend.outbox.claim import remote_key_of
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Site


def test_link_is_given_only_by_targets_that_can_and_for_verified_copies(site: Site) -> None:
    saved = site.upload().get_json()
    path = f"/api/videos/{saved['video_id']}/deliveries"
    refused = site.call("GET", f"{path}/nas/link")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")
    assert "gives no links" in refused.get_json()["error"]
    assert site.call("GET", f"{path}/moon/link").status_code == 404
    assert site.call("GET", f"{path}/nas/link?seconds=0").status_code == 422


def test_retry_of_what_is_not_there_is_told(site: Site) -> None:
    saved = site.upload(targets="nas").get_json()
    assert site.call("POST", f"/api/videos/{saved['video_id']}/deliveries/moon/retry").status_code == 404
    assert site.call("POST", "/api/videos/none/deliveries/nas/retry").status_code == 404
    answer = site.call("POST", f"/api/videos/{saved['video_id']}/deliveries/nas/retry").get_json()
    assert answer["delivery"]["state"] == "pending"


def test_pause_and_resume_show_on_the_target(site: Site) -> None:
    def state() -> str:
        return str(site.call("GET", "/api/targets").get_json()["targets"][0]["state"])

    assert state() == "up"
    site.call("POST", "/api/targets/nas/pause")
    assert state() == "paused"
    site.call("POST", "/api/targets/nas/resume")
    assert state() == "up"
    assert site.call("POST", "/api/targets/moon/pause").status_code == 404


def test_who_reaches_one_project_does_not_pause_what_all_share(site: Site) -> None:
    with site.services.database.write() as session:
        _, site.tokens["limited"] = tokens.create(session, "limited", Role.OPERATOR, ["default"])
    for act in ("pause", "resume"):
        refused = site.call("POST", f"/api/targets/nas/{act}", "limited")
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
        assert "there for every project" in refused.get_json()["error"]
    assert site.call("GET", "/api/targets").get_json()["targets"][0]["state"] == "up"


def test_the_backlog_of_a_target_counts_what_the_asker_may_see(site: Site) -> None:
    for project in ("default", "default", "winter"):
        site.upload(project_id=project)
    with site.services.database.write() as session:
        _, site.tokens["limited"] = tokens.create(session, "limited", Role.UPLOADER, ["winter"])
    seen = [
        site.call("GET", "/api/targets", role).get_json()["targets"][0]["backlog"]["count"]
        for role in ("limited", "admin")
    ]
    assert seen == [1, 3]


def test_check_says_what_is_wrong_in_words(site: Site) -> None:
    assert site.call("POST", "/api/targets/nas/check").get_json()["ok"] is True
    site.services.places.get("nas")
    copy = site.services.layout.root.parent / "copy"
    copy.rename(copy.with_name("gone"))
    report = site.call("POST", "/api/targets/nas/check").get_json()
    assert report["ok"] is False
    assert len(report["message"]) > 20


def test_backlog_counts_what_waits(site: Site) -> None:
    site.upload()
    target = site.call("GET", "/api/targets").get_json()["targets"][0]
    assert target["backlog"]["count"] == 1
    assert target["oldest_waiting_at"] is not None
    listed = site.call("GET", "/api/deliveries?state=pending&target=nas").get_json()
    assert [d["filename"] for d in listed["deliveries"]] == ["holiday.mp4"]
    assert site.call("GET", "/api/deliveries?state=lost").status_code == 422


def test_limit_says_how_many_and_a_senseless_one_is_told(site: Site) -> None:
    for number in range(3):
        site.upload(content=VIDEO + bytes([number]))
    assert site.call("GET", "/api/deliveries?limit=2").get_json()["count"] == 2
    assert site.call("GET", "/api/deliveries").get_json()["count"] == 3
    for limit in ("-1", "0", "²", "201", "x", "9" * 5000):
        assert site.call("GET", "/api/deliveries", query_string={"limit": limit}).status_code == 422


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A remote gets no moment to think again."""
    monkeypatch.setattr("backend.outbox.twice.SECOND_LOOK_SECONDS", 0)


def verified_copy(site: Site) -> tuple[str, Path]:
    """A video whose copy lies in the folder as a worker would have left it: what looks at it, and its place."""
    saved = site.upload(targets="nas").get_json()
    with site.services.database.write() as session:
        video = videos.get(session, saved["video_id"])
        key = remote_key_of(video)
        (delivery,) = video.deliveries
        delivery.state, delivery.remote_key, delivery.checked_at = "delivered", key, datetime(2020, 1, 1, tzinfo=UTC)
    place = site.services.layout.root.parent / "copy" / key
    place.parent.mkdir(parents=True)
    place.write_bytes(VIDEO)
    return f"/api/videos/{saved['video_id']}/deliveries/nas/verify", place


def test_one_copy_is_verified_on_request_and_its_time_shown(site: Site) -> None:
    path, _ = verified_copy(site)
    answer = site.call("POST", path, "operator")
    assert answer.status_code == 200
    TypeAdapter(schemas.OneDelivery).validate_python(answer.get_json(), strict=True)
    shown = answer.get_json()["delivery"]
    assert (shown["state"], shown["error"]) == ("delivered", None)
    assert datetime.now(UTC) - datetime.fromisoformat(shown["verified_at"]) < timedelta(minutes=1)


@pytest.mark.parametrize("content", [None, VIDEO[:-1], VIDEO[:-1] + b"x"])
def test_a_copy_that_is_not_right_any_more_is_answered_with_its_reason(
    site: Site, quick: None, content: bytes | None
) -> None:
    path, place = verified_copy(site)
    if content is None:
        place.unlink()
    else:
        place.write_bytes(content)
    shown = site.call("POST", path).get_json()["delivery"]
    assert shown["state"] == "damaged"
    assert shown["error"]
    again = site.call("POST", path)
    assert (again.status_code, again.get_json()["code"]) == (409, "conflict")
    assert "is damaged" in again.get_json()["error"]


def test_a_target_that_cannot_be_asked_is_told_and_nothing_is_changed(site: Site, quick: None) -> None:
    path, place = verified_copy(site)
    place.parent.parent.rename(place.parent.parent.with_name("gone"))
    answer = site.call("POST", path)
    assert answer.status_code == 502
    listed = site.call("GET", "/api/deliveries").get_json()["deliveries"][0]
    assert (listed["state"], listed["error"]) == ("delivered", None)


def test_verifying_what_is_not_there_or_not_allowed_now_is_told(site: Site) -> None:
    path, _ = verified_copy(site)
    assert site.call("POST", path.replace("/nas/", "/moon/")).status_code == 404
    assert site.call("POST", "/api/videos/none/deliveries/nas/verify").status_code == 404
    assert site.call("POST", path, "uploader").status_code == 403
    site.call("POST", "/api/targets/nas/pause")
    paused = site.call("POST", path)
    assert paused.status_code == 409
    assert "paused by an operator" in paused.get_json()["error"]
    site.call("POST", "/api/targets/nas/resume")
    site.call("DELETE", path.split("/deliveries")[0])
    assert site.call("POST", path).status_code == 409
