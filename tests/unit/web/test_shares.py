"""Share links over HTTP: who may make them, and that they end when they should."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import update

from backend.catalog.models import ShareLink
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Open, Site


def shared(site: Site, video_id: str, role: str = "operator", **wish: Any) -> dict[str, Any]:
    answer = site.call("POST", f"/api/videos/{video_id}/share", role, json=wish)
    assert answer.status_code == 201, answer.get_json()
    TypeAdapter(schemas.OneShare).validate_python(answer.get_json(), strict=True)
    made: dict[str, Any] = answer.get_json()["share"]
    return made


def saved(site: Site, role: str | None = "admin", **fields: Any) -> str:
    return str(site.upload(role=role, **fields).get_json()["video_id"])


def path_of(share: dict[str, Any]) -> str:
    return "/s/" + str(share["url"]).rpartition("/s/")[2]


def visit(site: Site, path: str, **headers: str) -> Any:
    return site.call("GET", path, None, headers=headers)


def let_expire(site: Site, share_id: str) -> None:
    with site.services.database.write() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(ShareLink).where(ShareLink.id == share_id).values(expires_at=past))


def test_a_link_is_good_for_a_week_unless_it_is_said_otherwise(site: Site) -> None:
    video_id = saved(site)
    made = shared(site, video_id)
    lasts = datetime.fromisoformat(made["expires_at"]) - datetime.fromisoformat(made["created_at"])
    assert lasts == timedelta(days=7)
    assert (made["created_by"], made["opened"], made["may_download"]) == ("operator", 0, False)
    longest = shared(site, video_id, expires_in_hours=8760, label="for Ann", may_download=True)
    assert (longest["label"], longest["may_download"]) == ("for Ann", True)
    listed = site.call("GET", f"/api/videos/{video_id}/share", "operator").get_json()
    TypeAdapter(schemas.ShareList).validate_python(listed, strict=True)
    assert [one["id"] for one in listed["shares"]] == [longest["id"], made["id"]]


@pytest.mark.parametrize(
    "wish",
    [
        {"expires_in_hours": 0},
        {"expires_in_hours": 8761},
        {"expires_in_hours": True},
        {"expires_in_hours": 1.5},
        {"label": "two\nlines"},
        {"label": "x" * 201},
        {"may_download": "yes"},
        {"for": "ann"},
        ["list"],
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words(site: Site, wish: Any) -> None:
    answer = site.call("POST", f"/api/videos/{saved(site)}/share", json=wish)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")


def test_uploaders_share_what_is_theirs_and_operators_everything(site: Site) -> None:
    own, other = saved(site, "uploader"), saved(site, "admin", content=VIDEO + b"x")
    share = shared(site, own, "uploader")
    shared(site, own, "operator")
    for method, path in (
        ("POST", f"/api/videos/{other}/share"),
        ("GET", f"/api/videos/{other}/share"),
        ("DELETE", f"/api/videos/{other}/share/{share['id']}"),
        ("GET", "/api/shares"),
    ):
        assert site.call(method, path, "uploader").status_code == 403, path
        assert site.call(method, path, "viewer").status_code == 403, path
    assert site.call("DELETE", f"/api/videos/{other}/share/{share['id']}").status_code == 404
    assert site.call("POST", "/api/videos/none/share").status_code == 404
    listed = site.call("GET", "/api/shares?limit=1").get_json()
    TypeAdapter(schemas.SharePage).validate_python(listed, strict=True)
    rest = site.call("GET", f"/api/shares?cursor={listed['next_cursor']}").get_json()
    assert rest["next_cursor"] is None
    assert rest["shares"][0]["id"] == share["id"]
    assert rest["shares"][0]["filename"] == "holiday.mp4"
    refused = site.call("GET", "/api/shares?cursor=nonsense")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "bad-field")


def test_a_revoked_link_is_over_at_once_and_stays_in_the_list(site: Site) -> None:
    video_id = saved(site)
    share = shared(site, video_id)
    assert visit(site, path_of(share)).status_code == 200
    ended = site.call("DELETE", f"/api/videos/{video_id}/share/{share['id']}", "operator").get_json()["share"]
    assert site.call("DELETE", f"/api/videos/{video_id}/share/{share['id']}").get_json()["share"] == ended
    for more in ("", "/content", "/download", "/thumbnail"):
        answer = visit(site, path_of(share) + more)
        assert answer.status_code == 410
        assert "ended the link" in answer.text
    assert site.call("GET", "/api/shares?living=1").get_json()["shares"] == []
    assert site.call("GET", "/api/shares").get_json()["count"] == 1


def test_a_link_ends_by_itself_and_while_its_video_is_in_the_trash(site: Site) -> None:
    video_id = saved(site)
    share, other = shared(site, video_id), shared(site, video_id)
    let_expire(site, other["id"])
    assert visit(site, path_of(other)).status_code == 410
    assert "was good until" in visit(site, path_of(other)).text
    site.call("DELETE", f"/api/videos/{video_id}")
    assert visit(site, path_of(share)).status_code == 410
    assert site.call("POST", f"/api/videos/{video_id}/share").status_code == 409
    site.call("POST", f"/api/videos/{video_id}/restore-from-trash")
    assert visit(site, path_of(share)).status_code == 200


def test_the_address_is_made_with_public_url(open_site: Open) -> None:
    site = open_site(PUBLIC_URL="https://video.example.org")
    assert shared(site, saved(site))["url"].startswith("https://video.example.org/s/")
