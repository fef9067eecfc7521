"""Reading: lists, filters, cursors, content with ranges, trash."""

from __future__ import annotations

import os

import pytest

from backend.catalog import videos
from tests.unit.web.conftest import VIDEO, Site


def test_pages_follow_each_other_without_gap_or_repeat(site: Site) -> None:
    made = [site.upload(name=f"{n}.mp4", content=VIDEO + bytes([n])).get_json()["video_id"] for n in range(7)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = site.call("GET", f"/api/videos/list?limit=3&cursor={cursor}").get_json()
        seen += [v["id"] for v in page["videos"]]
        cursor = page["next_cursor"]
    assert seen == made[::-1]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("project_id=a", ["one.mp4"]),
        ("content_type=Raw", ["two_%.mp4"]),
        ("q=ONE", ["one.mp4"]),
        ("q=two_%25", ["two_%.mp4"]),
        ("q=_%25", []),  # no words in it
        ("q=back\\slash", ["one.mp4"]),
        ("q=harbour", ["two_%.mp4"]),
        ("state=pending", ["two_%.mp4", "one.mp4"]),
        ("state=delivered", []),
        ("state=trashed", []),
    ],
)
def test_filters_find_exactly_what_they_name(site: Site, query: str, found: list[str]) -> None:
    site.upload(name="one.mp4", project_id="a", title="back\\slash")
    site.upload(name="two_%.mp4", content=VIDEO + b"2", content_type="Raw", tags="Harbour")
    videos = site.call("GET", f"/api/videos/list?{query}").get_json()["videos"]
    assert [v["original_filename"] for v in videos] == found


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=²", "cursor=x", "state=lost", "cursor=WzEsMl0="])
def test_senseless_queries_are_told_so(site: Site, query: str) -> None:
    assert site.call("GET", f"/api/videos/list?{query}").status_code == 422


@pytest.mark.parametrize("way", ["content", "download"])
def test_a_file_of_the_wrong_size_is_never_served(site: Site, way: str) -> None:
    saved = site.upload().get_json()
    place = site.services.layout.root / "uploads" / saved["local_backup"].split("uploads/", 1)[1]
    os.truncate(place, 1000)
    answer = site.call("GET", f"/api/videos/{saved['video_id']}/{way}")
    assert (answer.status_code, answer.get_json()["code"]) == (500, "local-damage")
    assert f"it has 1000 bytes instead of {len(VIDEO)}" in answer.get_json()["error"]
    assert "Send the same file again" in answer.get_json()["error"]
    assert place.read_bytes() == VIDEO[:1000]
    site.upload()
    assert site.call("GET", f"/api/videos/{saved['video_id']}/{way}").data == VIDEO


@pytest.mark.parametrize(
    ("code", "local", "status"),
    [
        ("local-damage", "damaged", "unplayable"),
        ("local-missing", "missing", "unplayable"),
        ("x", "present", "processing"),
    ],
)
def test_a_video_whose_own_file_is_known_to_be_bad_is_not_called_ready(
    site: Site, code: str, local: str, status: str
) -> None:
    video_id = site.upload().get_json()["video_id"]
    with site.services.database.write() as session:
        videos.get(session, video_id).deliveries[0].error_code = code
    shown = site.call("GET", f"/api/videos/{video_id}").get_json()["video"]
    assert (shown["local"], shown["status"]) == (local, status)


def test_content_gives_ranges_and_conditional_answers(site: Site) -> None:
    saved = site.upload().get_json()
    path = f"/api/videos/{saved['video_id']}/content"
    whole = site.call("GET", path)
    assert (whole.status_code, whole.data, whole.mimetype) == (200, VIDEO, "video/mp4")
    assert whole.headers["ETag"].strip('"') == saved["checksum"].removeprefix("sha256:")
    part = site.call("GET", path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, VIDEO[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(VIDEO)}"
    far = site.call("GET", path, headers={"Range": "bytes=10-99999999999999999999999"})
    assert (far.status_code, far.data) == (206, VIDEO[10:])
    assert site.call("GET", path, headers={"Range": "bytes=99999999999999999999999-"}).status_code == 416
    assert site.call("GET", path, headers={"Range": "bytes=-5"}).data == VIDEO[-5:]
    assert site.call("GET", path, headers={"Range": "bytes=-99999999999999999999999"}).data == VIDEO
    assert site.call("GET", path, headers={"Range": f"bytes={len(VIDEO)}-"}).status_code == 416
    for senseless in ("bytes=9-1", "bytes=a-b", "items=0-1", "bytes=0-1,5-6"):
        assert site.call("GET", path, headers={"Range": senseless}).status_code == 200
    assert site.call("GET", path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    head = site.call("HEAD", path)
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(VIDEO)))


def test_uploaded_bytes_never_run_in_the_pages_origin(site: Site) -> None:
    saved = site.upload(name="page.ts", content=b"<script>alert(1)</script>").get_json()
    answer = site.call("GET", f"/api/videos/{saved['video_id']}/content")
    assert answer.mimetype == "video/mp2t"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_download_keeps_any_name_without_header_injection(site: Site) -> None:
    name = 'sea "and"\r\nX-Evil: 1 \u202e 日本.mp4'
    body = (
        b'--X\r\nContent-Disposition: form-data; name="video"; filename="'
        + name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
        + b'"\r\n\r\n' + VIDEO + b"\r\n--X--\r\n"
    )  # fmt: skip
    saved = site.call("POST", "/api/upload-video", data=body, content_type="multipart/form-data; boundary=X").get_json()
    answer = site.call("GET", f"/api/videos/{saved['video_id']}/download")
    assert saved["original_filename"] == name
    assert "X-Evil" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    assert "%E6%97%A5%E6%9C%AC.mp4" in answer.headers["Content-Disposition"]


def test_video_info_finds_by_stored_name(site: Site) -> None:
    saved = site.upload().get_json()
    found = site.call("GET", f"/api/video-info/{saved['stored_filename']}").get_json()
    assert found["video"]["id"] == saved["video_id"]
    assert site.call("GET", "/api/video-info/nothing.mp4").status_code == 404


def test_trash_takes_out_of_the_list_and_gives_back(site: Site) -> None:
    saved = site.upload().get_json()
    path = f"/api/videos/{saved['video_id']}"
    assert site.call("DELETE", path).get_json()["purged_after"] > saved["created_at"]
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 0
    assert site.call("GET", "/api/videos/list?state=trashed").get_json()["count"] == 1
    assert site.call("GET", path).get_json()["video"]["status"] == "trashed"
    assert site.call("POST", f"{path}/restore-from-trash").get_json()["video"]["status"] == "processing"
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 1


def test_deleting_without_a_sidecar_says_so_and_changes_nothing(site: Site) -> None:
    saved = site.upload().get_json()
    (site.services.layout.root / (saved["local_backup"] + ".json")).unlink()
    answer = site.call("DELETE", f"/api/videos/{saved['video_id']}")
    assert answer.status_code == 500
    assert "sidecar" in answer.get_json()["error"]
    assert site.call("GET", "/api/videos/list").get_json()["count"] == 1


def test_statistics_count_by_project_label_and_delivery(site: Site) -> None:
    site.upload(project_id="a", content_type="Raw")
    site.upload(content=VIDEO + b"2")
    stats = site.call("GET", "/api/videos/storage-stats").get_json()
    assert stats["total_videos"] == 2
    assert stats["total_size_bytes"] == 2 * len(VIDEO) + 1
    assert stats["by_project"]["a"] == {"count": 1, "bytes": len(VIDEO)}
    assert stats["by_content_type"]["Raw"]["count"] == 1
    assert stats["deliveries"]["nas"]["pending"]["count"] == 2
    assert stats["oldest"] <= stats["newest"]
    assert stats["disk_free_bytes"] > 0
