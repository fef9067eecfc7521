"""Changing what is said of a video: one's own, before and after it is saved."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from backend.catalog import tokens
from backend.disk.sidecar import read_sidecar
from backend.intake.resumable import Append, Wish
from backend.web.access import Person
from tests.unit.web.conftest import VIDEO, Site


def edit(site: Site, video_id: str, body: Any, role: str = "uploader") -> TestResponse:
    return site.call("PATCH", f"/api/videos/{video_id}", role, json=body)


def begin(site: Site, role: str = "uploader") -> str:
    """An upload under way, of the person with this role's token."""
    who = site.call("GET", "/api/session", role).get_json()["user"]["name"]
    caller = Person(token_id(site, role), who, role).caller
    return site.services.resumables.create(Wish("tus", caller, "a.mp4", {"tags": ["sea"]}, len(VIDEO))).id


def finish(site: Site, upload_id: str, role: str = "uploader") -> None:
    caller = Person(token_id(site, role), role, role).caller
    with site.services.resumables.append(upload_id, caller, "tus", Append(0, lambda: None)) as append:
        append.write(VIDEO)
        append.finish()


def token_id(site: Site, role: str) -> str:
    with site.services.database.look() as db:
        holder = tokens.find(db, site.tokens[role])
    assert holder is not None
    return holder.id


def test_words_of_a_saved_video_change_in_catalog_and_sidecar_and_nothing_else_does(site: Site) -> None:
    saved = site.upload(role="uploader", title="before", description="kept").get_json()
    answer = edit(site, saved["video_id"], {"title": "after", "tags": ["sea", "sand"]})
    assert (answer.status_code, answer.get_json()["saved"]) == (200, True)
    video = site.call("GET", f"/api/videos/{saved['video_id']}").get_json()["video"]
    assert (video["title"], video["description"], video["tags"]) == ("after", "kept", ["sea", "sand"])
    doc = read_sidecar(site.services.layout.sidecar_of(saved["local_backup"]))
    assert (doc.video.title, doc.video.tags, doc.revision) == ("after", ("sea", "sand"), 2)


def test_words_of_an_upload_under_way_are_those_it_is_saved_with(site: Site) -> None:
    upload_id = begin(site)
    answer = edit(site, upload_id, {"title": "while it went"})
    assert (answer.status_code, answer.get_json()) == (202, {"success": True, "saved": False, "video": None})
    finish(site, upload_id)
    video = site.call("GET", f"/api/videos/{upload_id}").get_json()["video"]
    assert (video["title"], video["tags"]) == ("while it went", ["sea"])
    assert edit(site, upload_id, {"title": "afterwards"}).get_json()["video"]["title"] == "afterwards"


def test_tags_are_added_and_taken_away_without_touching_those_of_others(site: Site) -> None:
    video_id = site.upload(role="uploader", tags="sea,sand").get_json()["video_id"]
    edit(site, video_id, {"add_tags": ["mine"], "title": "x"}, "admin")
    answer = edit(site, video_id, {"add_tags": ["sky", "sea"], "remove_tags": ["sand", "unknown"]})
    assert answer.get_json()["video"]["tags"] == ["sea", "mine", "sky"]
    assert answer.get_json()["video"]["title"] == "x"


def test_tags_of_an_upload_under_way_are_added_and_taken_away_too(site: Site) -> None:
    upload_id = begin(site)
    edit(site, upload_id, {"add_tags": ["sand"]})
    assert edit(site, upload_id, {"add_tags": ["sky"], "remove_tags": ["sea"]}).status_code == 202
    finish(site, upload_id)
    video = site.call("GET", f"/api/videos/{upload_id}").get_json()["video"]
    assert video["tags"] == ["sand", "sky"]


@pytest.mark.parametrize(
    "body", [{"tags": ["a"], "add_tags": ["b"]}, {"add_tags": "a"}, {"remove_tags": [1]}, {"add_tags": ["x" * 300]}]
)
def test_tag_changes_that_make_no_sense_change_nothing(site: Site, body: Any) -> None:
    video_id = site.upload(role="uploader", tags="sea").get_json()["video_id"]
    answer = edit(site, video_id, body)
    assert answer.status_code in (413, 422)
    assert answer.get_json()["detail"]["field"] in ("tags", "add_tags", "remove_tags")
    assert site.call("GET", f"/api/videos/{video_id}").get_json()["video"]["tags"] == ["sea"]


def test_another_s_words_are_changed_by_operators_only(site: Site) -> None:
    video_id = site.upload(role="admin").get_json()["video_id"]
    refused = edit(site, video_id, {"title": "mine"})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
    assert edit(site, video_id, {"title": "ours"}, role="operator").status_code == 200
    assert edit(site, begin(site, "admin"), {"title": "mine"}).status_code == 404
    assert edit(site, video_id, {"title": "mine"}, role="viewer").status_code == 403


@pytest.mark.parametrize(
    "body",
    [None, {}, [], "title", {"title": 3}, {"tags": "sea"}, {"tags": [3]}, {"sha256": "0" * 64}, {"title": "a\0"}],
)
def test_bad_words_are_refused_and_change_nothing(site: Site, body: Any) -> None:
    saved = site.upload(role="uploader", title="before").get_json()
    for video_id in (saved["video_id"], begin(site)):
        assert edit(site, video_id, body).status_code == 422
    assert site.call("GET", f"/api/videos/{saved['video_id']}").get_json()["video"]["title"] == "before"


@pytest.mark.parametrize("deep", ["[" * 100_000, '{"title":' + "[" * 60_000])
@pytest.mark.parametrize(("method", "path"), [("PATCH", "/api/videos/x"), ("POST", "/api/session")])
def test_json_that_nobody_means_is_refused_in_words(site: Site, method: str, path: str, deep: str) -> None:
    answer = site.call(method, path, data=deep, content_type="application/json")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")
