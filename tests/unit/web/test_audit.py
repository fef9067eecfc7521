"""Who did what, over HTTP: each change has its line, each line its doer, and only those may read who should."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from backend.actor import SYSTEM, actor
from backend.catalog import tokens
from backend.catalog.audit_check import Chain, follow
from backend.web import schemas
from tests.unit.web.conftest import VIDEO, Open, Site


def lines(site: Site, path: str = "/api/audit", role: str = "admin") -> list[dict[str, Any]]:
    answer = site.call("GET", path, role)
    assert answer.status_code == 200, answer.get_json()
    TypeAdapter(schemas.AuditPage).validate_python(answer.get_json(), strict=True)
    found: list[dict[str, Any]] = answer.get_json()["audit"]
    return found


def saved(site: Site, number: int = 0, **fields: Any) -> str:
    return str(site.upload(content=VIDEO + bytes([number]), **fields).get_json()["video_id"])


def test_every_change_says_who_made_it_and_from_where(site: Site) -> None:
    video_id = saved(site, role="uploader", title="Sea")
    site.call("PATCH", f"/api/videos/{video_id}", "operator", json={"title": "Sand", "tags": ["a"]})
    site.call("POST", f"/api/videos/{video_id}/deliveries/nas/retry", "operator")
    share = site.call("POST", f"/api/videos/{video_id}/share", "uploader", json={}).get_json()["share"]
    site.call("GET", "/s/" + share["url"].rpartition("/s/")[2], None)
    site.call("DELETE", f"/api/videos/{video_id}/share/{share['id']}", "operator")
    site.call("DELETE", f"/api/videos/{video_id}", "operator")
    site.call("POST", f"/api/videos/{video_id}/restore-from-trash", "admin")
    found = lines(site, f"/api/videos/{video_id}/audit")
    assert [(line["who"], line["action"]) for line in reversed(found)] == [
        ("uploader", "video.saved"),
        ("operator", "video.edited"),
        ("operator", "delivery.retried"),
        ("uploader", "share.created"),
        ("visitor of a share link", "share.opened"),
        ("operator", "share.revoked"),
        ("operator", "video.trashed"),
        ("admin", "video.untrashed"),
    ]
    assert {line["address"] for line in found} == {"127.0.0.1"}
    assert found[-2]["words"] == "Title changed to “Sand” and tagged “a”"
    assert found[-2]["what"]["title"] == {"from": "Sea", "to": "Sand"}
    assert found[3]["who_id"] == f"share:{share['id']}"
    assert [trouble.kind for trouble in follow(site.services.database, Chain())] == []


def test_what_concerns_no_video_is_in_the_audit_too(site: Site) -> None:
    site.call("POST", "/api/targets/nas/pause")
    site.call("POST", "/api/targets/nas/resume", "operator")
    told = [(line["who"], line["words"]) for line in lines(site, "/api/audit?action=target")]
    assert told == [("operator", "Copying to nas was resumed"), ("admin", "Copying to nas was paused")]
    assert lines(site, "/api/audit?action=token.created&limit=1")[0]["what"]["role"]


def test_no_secret_is_in_any_line(site: Site) -> None:
    secrets = site.tokens.of_every_role().values()
    video_id = saved(site)
    share = site.call("POST", f"/api/videos/{video_id}/share", json={}).get_json()["share"]
    text = json.dumps(lines(site, "/api/audit?limit=500"))
    for secret in [*secrets, share["url"].rpartition(".")[2]]:
        assert secret not in text
        assert tokens.digest(secret) not in text


def test_a_change_that_changes_nothing_has_no_line(site: Site) -> None:
    video_id = saved(site, title="Sea")
    site.call("PATCH", f"/api/videos/{video_id}", json={"title": "Sea"})
    for _ in range(2):
        site.call("DELETE", f"/api/videos/{video_id}")
    site.call("PATCH", f"/api/videos/{video_id}", "viewer", json={"title": "x"})
    assert [line["action"] for line in lines(site, f"/api/videos/{video_id}/audit")] == ["video.trashed", "video.saved"]


def test_a_repeated_upload_with_its_key_is_saved_once_in_the_audit(site: Site) -> None:
    for _ in range(2):
        site.upload(headers={"Idempotency-Key": "k"})
    assert len(lines(site, "/api/audit?action=video.saved")) == 1


def test_the_audit_is_read_by_pages_and_filters(site: Site) -> None:
    first, second = saved(site, 1, role="uploader"), saved(site, 2)
    site.call("DELETE", f"/api/videos/{second}", "operator")
    assert [line["video_id"] for line in lines(site, "/api/audit?who=uploader")] == [first]
    operator = lines(site, "/api/audit?who=operator")[0]
    assert lines(site, f"/api/audit?who={operator['who_id']}") == [operator]
    assert lines(site, f"/api/audit?video_id={second}&action=video.trashed") == [operator]
    assert lines(site, f"/api/audit?after={operator['at']}")[-1] == operator
    assert operator not in lines(site, f"/api/audit?before={operator['at']}")
    whole = lines(site, "/api/audit?limit=500")
    paged: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = site.call("GET", f"/api/audit?limit=3&cursor={cursor}").get_json()
        paged, cursor = paged + answer["audit"], answer["next_cursor"]
    assert paged == whole
    for wrong in ("cursor=x", "limit=0", "after=soon", "format=xml", f"after={operator['at']}&before={operator['at']}"):
        assert site.call("GET", f"/api/audit?{wrong}").status_code == 422, wrong


def test_the_export_is_the_whole_chain_line_by_line(site: Site) -> None:
    saved(site)
    answer = site.call("GET", "/api/audit?format=jsonl")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["before"] for line in told[1:]] == [line["digest"] for line in told[:-1]]
    assert told[-1]["action"] == "video.saved"


def test_only_admins_read_all_of_it_and_only_operators_read_addresses(site: Site) -> None:
    video_id = saved(site)
    for role in ("viewer", "uploader", "operator"):
        assert site.call("GET", "/api/audit", role).status_code == 403
    assert {line["address"] for line in lines(site, f"/api/videos/{video_id}/audit", "viewer")} == {""}
    assert site.call("GET", "/api/videos/none/audit").status_code == 404


def test_whoever_sees_some_projects_reads_their_lines_only(site: Site) -> None:
    mine, other = saved(site, 1, project_id="a"), saved(site, 2, project_id="b")
    with site.services.database.write() as session:
        site.tokens["of-a"] = tokens.create(session, "of a", "admin", ["a"])[1]
    assert {line["video_id"] for line in lines(site, "/api/audit", "of-a")} == {mine}
    assert site.call("GET", f"/api/videos/{other}/audit", "of-a").status_code == 404
    exported = site.call("GET", "/api/audit?format=jsonl", "of-a").text.splitlines()
    assert [json.loads(line)["video_id"] for line in exported] == [mine]


def test_nobody_acts_in_the_name_of_whoever_came_before(site: Site) -> None:
    saved(site)
    assert actor() == SYSTEM
    site.call("GET", "/api/videos/list", None)
    assert actor() == SYSTEM


def test_open_mode_writes_down_that_nobody_was_asked(open_site: Open) -> None:
    site = open_site(AUTH_MODE="open")
    video_id = site.upload(role=None).get_json()["video_id"]
    assert [line["who"] for line in lines(site, f"/api/videos/{video_id}/audit")] == ["open"]


def test_the_history_tells_who_did_each_step(site: Site) -> None:
    video_id = saved(site, role="uploader")
    site.call("PATCH", f"/api/videos/{video_id}", "operator", json={"title": "Sand"})
    site.call("PATCH", f"/api/videos/{video_id}", "admin", json={"title": "Sea"})
    site.call("DELETE", f"/api/videos/{video_id}", "operator")
    answer = site.call("GET", f"/api/videos/{video_id}/history", "viewer").get_json()
    TypeAdapter(schemas.History).validate_python(answer, strict=True)
    assert [(event["what"], event["by"]) for event in answer["history"]] == [
        ("trashed", "operator"),
        ("edited", "admin"),
        ("edited", "operator"),
        ("saved", "uploader"),
    ]
    assert answer["history"][2]["words"] == "Title added"
