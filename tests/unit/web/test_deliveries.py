"""The ledger and the targets over HTTP."""

from __future__ import annotations

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
