"""The form doors: what they answer, refuse and keep."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from backend import signing
from backend.errors import BadField
from tests.unit.web.conftest import VIDEO, Open, Site

ALL_FIELDS: dict[str, Any] = {
    "content_type": "Tutorial",
    "title": "A day out",
    "description": "Long and sunny",
    "tags": "sea, sand,sea",
    "project_id": "summer",
    "source": "phone",
    "ttl_hours": "24",
    "camera_id": "cam-1",
    "start_time": "2026-01-31T12:00:00+01:00",
    "end_time": "2026-01-31T13:00:00+01:00",
    "metadata": '{"take": 3}',
}


def test_seed_003_answer_says_what_was_saved_and_the_bytes_are_on_disk(site: Site) -> None:
    answer = site.upload(content_type="Tutorial", name="video.mp4")
    body = answer.get_json()
    digest = hashlib.sha256(VIDEO).hexdigest()
    assert answer.status_code == 201
    assert body["success"] is True
    assert body["filename"] == "Tutorial_video.mp4"
    assert body["original_filename"] == "video.mp4"
    assert body["checksum"] == f"sha256:{digest}"
    shown = site.call("GET", f"/api/videos/{body['video_id']}").get_json()["video"]
    assert shown["sha1"] == hashlib.sha1(VIDEO, usedforsecurity=False).hexdigest()
    assert body["size_bytes"] == len(VIDEO)
    assert body["drive_link"] is None
    assert body["duplicate_of"] is None
    assert [(d["target"], d["state"]) for d in body["deliveries"]] == [("nas", "pending")]
    assert body["local_backup"] == f"uploads/project_default/{body['stored_filename']}"
    assert (site.services.layout.root / body["local_backup"]).read_bytes() == VIDEO
    assert body["stored_filename"].split("_", 2)[2].startswith("Tutorial_video-")


def test_seed_004_door_has_its_own_shape_and_project(site: Site) -> None:
    answer = site.upload(name="lesson.mp4", path="/projects/demo/videos")
    body = answer.get_json()
    assert answer.status_code == 201
    assert set(body) == {"asset_id", "filename", "original_filename", "size_bytes", "project_id", "status"}
    assert (body["original_filename"], body["project_id"], body["status"]) == ("lesson.mp4", "demo", "processing")
    listed = site.call("GET", "/projects/demo/videos").get_json()
    assert [v["id"] for v in listed] == [body["asset_id"]]


def test_project_of_the_address_and_of_the_form_must_agree(site: Site) -> None:
    assert site.upload(path="/projects/demo/videos", project_id="other").status_code == 422


def test_every_field_comes_back_and_stands_in_the_sidecar(site: Site) -> None:
    saved = site.upload(**ALL_FIELDS).get_json()
    video = site.call("GET", f"/api/videos/{saved['video_id']}").get_json()["video"]
    sidecar = json.loads((site.services.layout.root / (saved["local_backup"] + ".json")).read_text())
    assert video["tags"] == ["sea", "sand"]
    assert video["metadata"] == {"take": 3}
    assert video["start_time"] == "2026-01-31T11:00:00.000Z"
    assert video["expires_at"] is not None
    for name in ("content_type", "title", "description", "project_id", "source", "camera_id"):
        assert video[name] == ALL_FIELDS[name]
        assert sidecar["video"][name] == ALL_FIELDS[name]
    assert set(sidecar) == {"schema", "revision", "video", "local", "deliveries", "holds"}


def test_text_fields_count_before_and_after_the_file(site: Site) -> None:
    parts = [
        ("title", None, b"before"),
        ("video", "a.mp4", VIDEO),
        ("description", None, b"after"),
    ]
    body = b"".join(
        b'--X\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (name.encode(), f'; filename="{file}"'.encode() if file else b"", data)
        for name, file, data in parts
    )
    answer = site.call(
        "POST", "/api/upload-video", data=body + b"--X--\r\n", content_type="multipart/form-data; boundary=X"
    )
    video = site.call("GET", f"/api/videos/{answer.get_json()['video_id']}").get_json()["video"]
    assert (video["title"], video["description"]) == ("before", "after")


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"name": "malware.exe"}, 415, "extension-not-allowed"),
        ({"sha256": "0" * 64}, 422, "digest-mismatch"),
        ({"sha256": "zz"}, 422, "bad-field"),
        ({"start_time": "2026-01-31T12:00:00"}, 422, "bad-field"),
        ({"start_time": "2026-01-31T12:00:00Z", "end_time": "2026-01-31T11:00:00Z"}, 422, "bad-field"),
        ({"metadata": "[1]"}, 422, "bad-field"),
        ({"metadata": '{"a": NaN}'}, 422, "bad-field"),
        ({"metadata": '{"a": ' + "[" * 300 + "]" * 300 + "}"}, 422, "bad-field"),
        ({"ttl_hours": "-1"}, 422, "bad-field"),
        ({"ttl_hours": "nan"}, 422, "bad-field"),
        ({"targets": "moon"}, 422, "bad-field"),
        ({"project_id": "a\nb"}, 422, "bad-field"),
        ({"title": "x" * 65537}, 413, "too-large"),
        ({"wait": "61"}, 422, "bad-field"),
    ],
)
def test_bad_uploads_are_refused_in_words_and_leave_nothing(
    site: Site, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = site.upload(**fields)
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert body["success"] is False
    assert body["error"].endswith((".", "…"))
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 0
    assert list(site.services.layout.incoming.iterdir()) == []
    assert list(site.services.layout.uploads.rglob("*.*")) == []


def test_too_large_names_file_limit_and_remedy(open_site: Open) -> None:
    site = open_site(UPLOAD_MAX_SIZE="1000")
    answer = site.upload()
    assert answer.status_code == 413
    assert "holiday.mp4" in answer.get_json()["error"]
    assert "UPLOAD_MAX_SIZE" in answer.get_json()["error"]


def test_disk_reserve_refuses_with_507(open_site: Open) -> None:
    site = open_site(MIN_FREE_BYTES=str(10**18))
    answer = site.upload()
    assert (answer.status_code, answer.get_json()["code"]) == (507, "disk-full")


def test_two_files_in_one_form_are_refused_whole(site: Site) -> None:
    part = b'--X\r\nContent-Disposition: form-data; name="%s"; filename="a.mp4"\r\n\r\nabc\r\n'
    body = part % b"video" + part % b"file" + b"--X--\r\n"
    answer = site.call("POST", "/api/upload-video", data=body, content_type="multipart/form-data; boundary=X")
    assert answer.status_code == 422
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 0


def test_empty_file_is_refused(site: Site) -> None:
    body = b'--X\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n\r\n--X--\r\n'
    answer = site.call("POST", "/api/upload-video", data=body, content_type="multipart/form-data; boundary=X")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "empty-file")
    assert list(site.services.layout.incoming.iterdir()) == []


def test_body_that_is_no_form_is_told_how_to_send_one(site: Site) -> None:
    answer = site.call("POST", "/api/upload-video", data=b"abc", content_type="video/mp4")
    assert answer.status_code == 422
    assert "multipart/form-data" in answer.get_json()["error"]


def test_nameless_file_is_kept_by_its_content(site: Site) -> None:
    body = b'--X\r\nContent-Disposition: form-data; name="video"\r\n\r\n' + VIDEO + b"\r\n--X--\r\n"
    answer = site.call("POST", "/api/upload-video", data=body, content_type="multipart/form-data; boundary=X")
    assert answer.status_code == 201
    assert answer.get_json()["original_filename"] == ""
    assert answer.get_json()["stored_filename"].endswith(".mp4")


def test_same_key_answers_with_the_first_video_and_keeps_one(site: Site) -> None:
    first = site.upload(headers={"Idempotency-Key": "k1"})
    again = site.upload(headers={"Idempotency-Key": "k1"})
    assert again.status_code == first.status_code == 201
    assert again.get_json() == first.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 1
    assert len(list(site.services.layout.uploads.rglob("*.mp4"))) == 1


def test_same_key_with_other_content_is_refused(site: Site) -> None:
    site.upload(headers={"Idempotency-Key": "k1"})
    answer = site.upload(content=VIDEO + b"x", headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.get_json()["code"]) == (422, "idempotency-key-reused")


def test_key_of_a_deleted_video_is_free_again(site: Site) -> None:
    first = site.upload(headers={"Idempotency-Key": "k1"}).get_json()
    site.call("DELETE", f"/api/videos/{first['video_id']}")
    again = site.upload(headers={"Idempotency-Key": "k1"})
    assert again.status_code == 201
    assert again.get_json()["video_id"] != first["video_id"]
    assert "Idempotency-Replayed" not in again.headers
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 1


def test_a_key_belongs_to_its_caller(site: Site) -> None:
    first = site.upload(headers={"Idempotency-Key": "k1"}, role="admin").get_json()
    other = site.upload(headers={"Idempotency-Key": "k1"}, role="uploader").get_json()
    assert first["video_id"] != other["video_id"]


def test_same_content_shares_its_bytes_and_names_the_first(site: Site) -> None:
    first, second = site.upload(name="a.mp4").get_json(), site.upload(name="b.mp4").get_json()
    assert second["duplicate_of"] == first["video_id"]
    root = site.services.layout.root
    assert (root / first["local_backup"]).stat().st_ino == (root / second["local_backup"]).stat().st_ino
    stats = site.call("GET", "/api/videos/storage-stats").get_json()
    assert (stats["total_size_bytes"], stats["physical_bytes"]) == (2 * len(VIDEO), len(VIDEO))


def test_same_content_is_refused_where_duplicates_are_not_wanted(open_site: Open) -> None:
    site = open_site(DUPLICATES="reject")
    first = site.upload().get_json()
    answer = site.upload()
    assert answer.status_code == 409
    assert answer.get_json()["detail"]["video"]["id"] == first["video_id"]


def test_duplicates_are_not_told_across_projects_a_caller_may_not_read(site: Site) -> None:
    site.upload(project_id="secret")
    with site.services.database.write() as session:
        from backend.catalog import tokens

        _, site.tokens["limited"] = tokens.create(session, "limited", "uploader", ["mine"])
    saved = site.upload(role="limited", project_id="mine").get_json()
    assert saved["duplicate_of"] is None
    assert site.upload(role="limited", project_id="secret").status_code == 403


def test_receipt_is_genuine_and_a_changed_one_is_not(site: Site) -> None:
    saved = site.upload().get_json()
    key = site.call("GET", "/api/receipt-key").get_json()
    payload = signing.verify(saved["receipt"], key)
    shown = site.call("GET", f"/api/videos/{saved['video_id']}/receipt").get_json()
    assert shown["receipt"] == saved["receipt"]
    assert payload == shown["payload"]
    assert payload["sha256"] == hashlib.sha256(VIDEO).hexdigest()
    header, _, signature = saved["receipt"].split(".")
    forged = signing.Signer(site.services.signer.key, "x").sign({**payload, "size": 1}).split(".")[1]
    with pytest.raises(BadField):
        signing.verify(f"{header}.{forged}.{signature}", key)


def test_log_tells_of_uploads_refused_at_the_door(open_site: Open, tmp_path: Path) -> None:
    site = open_site(MIN_FREE_BYTES=str(10**18))
    site.upload()
    site.upload(role=None)
    site.upload(role="viewer")
    log = (tmp_path / "logs" / "video_uploads.log").read_text()
    assert "refused" in log
    assert "in reserve" in log
    assert log.count("denied") == 2


def test_log_tells_the_whole_story_of_an_upload(site: Site, tmp_path: Path) -> None:
    saved = site.upload(name="we ird\n\u202ename.mp4").get_json()
    lines = (tmp_path / "logs" / "video_uploads.log").read_text().splitlines()
    story = [line for line in lines if saved["video_id"] in line]
    assert [line.split()[2] for line in story] == ["receiving", "received", "saved", "queued"]
    assert len(lines) == len(story)
    assert "\u202e" not in "".join(lines)
    assert all(secret not in "".join(lines) for secret in site.tokens.values())
