"""What was made from a video over HTTP: right bytes and types, only what the catalog names, reasons for the rest."""

from __future__ import annotations

import shutil

import pytest
from pydantic import TypeAdapter
from werkzeug.test import TestResponse

from backend.catalog import tokens
from backend.web import schemas
from tests.services.media_site import FACTS
from tests.unit.web.conftest import Site
from tests.unit.web.making import BROWSER, JPEG, MP4, PICTURES, STREAM, WEBP, Shown, ready, upload, with_copies

EVERYTHING = {
    "thumbnail": ("image/jpeg", JPEG),
    "storyboard/0.jpg": ("image/jpeg", b"sheet 0"),
    "storyboard/1.jpg": ("image/jpeg", b"sheet 1"),
    "preview": ("image/webp", WEBP),
    "renditions/browser.mp4": ("video/mp4", MP4),
    "renditions/480p.mp4": ("video/mp4", MP4 + b"480"),
    "hls/master.m3u8": ("application/vnd.apple.mpegurl", STREAM["hls/master.m3u8"]),
    "hls/720p/index.m3u8": ("application/vnd.apple.mpegurl", STREAM["hls/720p/index.m3u8"]),
    "hls/720p/init.mp4": ("video/mp4", MP4),
    "hls/720p/segment-0.m4s": ("video/iso.segment", b"segment"),
}


def get(shown: Shown, rest: str, role: str | None = "viewer", **options: object) -> TestResponse:
    return shown.site.call("GET", shown.path(rest), role, **options)


def test_everything_that_was_made_is_served_with_its_type_and_can_run_nothing(site: Site) -> None:
    shown = with_copies(site)
    for rest, (kind, content) in EVERYTHING.items():
        answer = get(shown, rest)
        assert (answer.status_code, answer.headers["Content-Type"], answer.data) == (200, kind, content), rest
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert {"Authorization", "Cookie"} <= set(answer.vary)


def test_what_is_here_already_is_not_sent_again_and_parts_are_sent_alone(site: Site) -> None:
    shown = with_copies(site)
    for rest, (_, content) in EVERYTHING.items():
        etag = get(shown, rest).headers["ETag"]
        assert etag.startswith('"')
        same = get(shown, rest, headers={"If-None-Match": etag})
        assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
        part = get(shown, rest, headers={"Range": "bytes=2-4", "If-Range": etag})
        assert (part.status_code, part.data) == (206, content[2:5])
        assert part.headers["Content-Range"] == f"bytes 2-4/{len(content)}"
        head = site.call("HEAD", shown.path(rest), "viewer")
        assert (head.status_code, head.headers["Content-Length"], head.data) == (200, str(len(content)), b"")


def test_a_picture_made_anew_has_another_etag_and_another_version(site: Site) -> None:
    shown = ready(site)
    before = get(shown, "thumbnail")
    (shown.folder("pictures") / "new.jpg").write_bytes(JPEG)
    (shown.folder("pictures") / "new.jpg").replace(shown.folder("pictures") / "thumbnail.jpg")
    answer = get(shown, "thumbnail", headers={"If-None-Match": before.headers["ETag"]})
    assert (answer.status_code, answer.data) == (200, JPEG)


def test_an_address_with_the_present_version_may_be_kept_and_no_other(site: Site) -> None:
    shown = ready(site)
    media = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]["media"]
    TypeAdapter(schemas.Media).validate_python(media, strict=True)
    for rest, part in (("thumbnail", "thumbnail"), ("storyboard/0.jpg", "storyboard"), ("preview", "preview")):
        version = media[part]["version"]
        kept = get(shown, f"{rest}?v={version}")
        assert "immutable" in kept.headers["Cache-Control"]
        assert kept.headers["Cache-Control"].startswith("private, max-age=")
        for other in (f"{version}0", "", "1"):
            assert get(shown, f"{rest}?v={other}").headers["Cache-Control"] == "private, no-cache"


def test_a_copy_is_saved_under_a_name_that_tells_of_what_it_is_one(site: Site) -> None:
    shown = with_copies(site)
    shown.set(original_filename='Fête "2026".mov')
    written = get(shown, "renditions/480p.mp4").headers["Content-Disposition"]
    assert written.startswith("inline;")
    assert "F%C3%AAte%20%222026%22%20480p.mp4" in written


def test_storyboard_text_names_the_part_of_a_picture_for_each_stretch_of_time(site: Site) -> None:
    shown = ready(site)
    answer = get(shown, "storyboard.vtt")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/vtt; charset=utf-8")
    cues = answer.text.split("\n\n")[1:]
    assert len(cues) == 6
    assert cues[0].splitlines() == ["00:00:00.000 --> 00:00:10.000", "storyboard/0.jpg#xywh=0,0,160,90"]
    assert cues[5].splitlines() == ["00:00:50.000 --> 00:01:00.000", "storyboard/1.jpg#xywh=160,0,160,90"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    same = get(shown, "storyboard.vtt", headers={"If-None-Match": answer.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


@pytest.mark.parametrize(
    ("state", "why", "words"),
    [
        ("new", "processing", "Being prepared"),
        ("working", "processing", "Being prepared"),
        ("no-media-tools", "no-media-tools", "No ffmpeg on the server"),
        ("unplayable", "unplayable", "Cannot be played"),
        ("ready", "none", "No picture"),
    ],
)
def test_where_there_is_no_picture_a_placeholder_says_why(site: Site, state: str, why: str, words: str) -> None:
    shown = upload(site)
    shown.set(media_state=state, media_reason="because")
    answer = get(shown, "thumbnail")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert (answer.headers["X-Holdfast-Placeholder"], answer.headers["Cache-Control"]) == (why, "no-store")
    assert words in answer.text
    assert "ETag" not in answer.headers
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_word_of_the_user_reaches_the_placeholder(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    shown = upload(site, f"{evil}.mp4", title=evil)
    shown.set(media_state="unplayable", media_reason=evil, mime_type=f"audio/{evil}")
    assert b"script" not in get(shown, "thumbnail").data


def test_what_no_worker_will_take_up_is_not_said_to_be_in_preparation(site: Site) -> None:
    shown = upload(site)
    shown.set(local_state="pruned")
    assert get(shown, "thumbnail").headers["X-Holdfast-Placeholder"] == "none"
    failed = upload(site)
    failed.make("probe", FACTS | {"browser_plays": False})
    failed.plan("browser")
    failed.end(failed.plan("pictures"), "over-limit", "It took too long.")
    assert failed.row.media_state == "working"
    assert get(failed, "thumbnail").headers["X-Holdfast-Placeholder"] == "none"
    assert "It took too long." in get(failed, "storyboard.vtt").get_json()["error"]


def test_what_is_not_there_says_why(site: Site) -> None:
    shown = upload(site)
    told = get(shown, "storyboard.vtt")
    assert told.status_code == 404
    assert (told.get_json()["code"], told.get_json()["detail"]["reason"]) == ("not-found", "processing")
    assert "is being made" in told.get_json()["error"]
    assert "is being made" in get(shown, "preview").get_json()["error"]
    assert "is being made" not in get(shown, "renditions/720p.mp4").get_json()["error"]
    shown.make("probe", FACTS)
    shown.plan("convert", "mp4-720")
    shown.plan("convert", "hls-720,480")
    for rest in ("renditions/720p.mp4", "hls/master.m3u8"):
        assert "is being made" in get(shown, rest).get_json()["error"]
    shown.set(media_state="no-media-tools", media_reason="There is no ffmpeg.")
    assert "There is no ffmpeg." in get(shown, "storyboard.vtt").get_json()["error"]


def test_sound_has_no_storyboard_and_no_preview_and_says_so(site: Site) -> None:
    shown = upload(site, "song.mp3")
    shown.make("probe", FACTS | {"video_codec": "", "width": None, "height": None})
    waveform = {"thumbnail": PICTURES["thumbnail"] | {"at_seconds": None, "waveform": True}, "storyboard": None}
    shown.make("pictures", waveform, {"thumbnail.jpg": JPEG})
    assert get(shown, "thumbnail").data == JPEG
    for rest in ("storyboard.vtt", "storyboard/0.jpg", "preview"):
        answer = get(shown, rest)
        assert answer.status_code == 404
        assert "sound only" in answer.get_json()["error"]


STRANGE = [
    "storyboard/2.jpg", "storyboard/99999999999999999999.jpg", "storyboard/-1.jpg", "storyboard/x.jpg",
    "renditions/made.json", "renditions/..%2Fbrowser.mp4", "renditions/thumbnail.jpg", "renditions/hls",
    "hls/", "hls/notes.txt", "hls/720p", "hls/nothing.m4s", "hls/../browser.mp4", "hls/..%2fbrowser.mp4",
    "hls/720p/../../browser.mp4", "hls/%2e%2e/browser.mp4", "hls//etc/passwd.ts", "hls/.hidden.ts",
    "hls/" + "a" * 3000 + ".ts", "hls/" + "a/" * 300 + "b.ts", "hls/a%5c..%5cbrowser.mp4", "hls/a%0ab.ts",
]  # fmt: skip


def test_names_that_no_job_left_are_not_served(site: Site) -> None:
    shown = with_copies(site)
    (shown.folder("convert") / "hls" / ".hidden.ts").write_bytes(b"secret")
    for rest in STRANGE:
        answer = get(shown, rest, follow_redirects=True)
        assert answer.status_code == 404, rest
        assert answer.get_json()["success"] is False


@pytest.mark.parametrize("where", ["hls/out.ts", "hls/out/in.ts"])
def test_no_link_leads_out_of_a_stream(site: Site, where: str) -> None:
    shown = with_copies(site)
    outside = shown.layout.root / "outside"
    outside.mkdir()
    (outside / "in.ts").write_bytes(b"secret")
    place = shown.folder("convert") / where
    if place.name == "in.ts":
        place.parent.symlink_to(outside)
    else:
        place.symlink_to(outside / "in.ts")
    assert get(shown, where).status_code == 404


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/hostname", ".."])
def test_a_result_that_points_elsewhere_is_not_followed(site: Site, name: str) -> None:
    shown = ready(site)
    (shown.folder("pictures").parent / "secret.jpg").write_bytes(b"secret")
    other = upload(site)
    other.make("probe", FACTS)
    other.make("pictures", {"thumbnail": {**PICTURES["thumbnail"], "file": name}, "storyboard": None})
    other.make("preview", {"file": name, "width": 1, "height": 1, "seconds": 1.0})
    assert get(other, "thumbnail").headers["X-Holdfast-Placeholder"] in ("none", "processing")
    assert get(other, "preview").status_code == 404


def test_a_type_that_a_result_invents_is_served_as_plain_bytes(site: Site) -> None:
    shown = ready(site)
    shown.make("convert", BROWSER | {"file": "480p.mp4", "mime_type": "text/html"}, {"480p.mp4": MP4}, "mp4-480")
    assert get(shown, "renditions/480p.mp4").headers["Content-Type"] == "application/octet-stream"


def without_its_files(site: Site) -> Shown:
    shown = with_copies(site)
    for kind in ("pictures", "browser"):
        shutil.rmtree(shown.folder(kind))
    return shown


@pytest.mark.parametrize("rest", EVERYTHING)
def test_what_is_gone_from_the_disk_is_made_again_as_soon_as_somebody_asks_for_it(site: Site, rest: str) -> None:
    shown = without_its_files(site)
    for _ in range(2):
        answer = get(shown, rest)
        if rest == "thumbnail":
            assert answer.headers["X-Holdfast-Placeholder"] == "processing"
        else:
            assert answer.status_code == 404
            assert answer.get_json()["detail"]["reason"] == "processing"
            assert "being made" in answer.get_json()["error"]
    waiting = [job.id for job in shown.row.media_jobs if job.state == "waiting"]
    assert len(waiting) == 1
    assert site.services.log.path.read_text().count("media_missing") == 1


def test_a_video_whose_playable_copy_is_gone_is_not_said_to_be_ready(site: Site) -> None:
    shown = without_its_files(site)
    get(shown, "renditions/browser.mp4")
    video = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]
    assert (video["status"], video["media"]["playable"]) == ("processing", None)


def test_what_is_gone_of_a_video_that_cannot_be_read_now_is_left_alone_and_told(site: Site) -> None:
    shown = without_its_files(site)
    assert site.call("DELETE", f"/api/videos/{shown.id}").status_code == 200
    assert get(shown, "thumbnail").headers["X-Holdfast-Placeholder"] == "none"
    for rest in EVERYTHING.keys() - {"thumbnail"}:
        answer = get(shown, rest)
        assert answer.status_code == 404
        assert "not on the disk any more" in answer.get_json()["error"]
    assert {job.state for job in shown.row.media_jobs} == {"done"}


def test_a_name_that_a_stream_never_had_does_not_have_it_made_again(site: Site) -> None:
    shown = with_copies(site)
    assert get(shown, "hls/720p/segment-9.m4s").status_code == 404
    assert {job.state for job in shown.row.media_jobs} == {"done"}


def test_pictures_are_shown_to_those_who_may_see_the_video(site: Site) -> None:
    shown = with_copies(site)
    with site.services.database.write() as session:
        site.tokens["foreign"] = tokens.create(session, "foreign", tokens.Role.ADMIN, ["other"])[1]
    for rest in [*EVERYTHING, "storyboard.vtt"]:
        assert get(shown, rest, None).status_code == 401
        foreign, unknown = get(shown, rest, "foreign"), site.call("GET", f"/api/videos/none/{rest}")
        assert foreign.status_code == unknown.status_code == 404
        assert foreign.get_json()["error"] == f"There is no video {shown.id}."


def test_pictures_stay_in_the_trash_and_with_a_pruned_video_and_go_when_it_is_gone(site: Site) -> None:
    shown = with_copies(site)
    assert site.call("DELETE", f"/api/videos/{shown.id}").status_code == 200
    assert get(shown, "thumbnail").data == JPEG
    shown.set(trashed_at=None, local_state="pruned")
    assert get(shown, "thumbnail").data == JPEG
    assert get(shown, "hls/master.m3u8").status_code == 200
    shown.set(local_state="purged")
    for rest in [*EVERYTHING, "storyboard.vtt"]:
        answer = get(shown, rest)
        assert answer.status_code == 404
        assert "deleted" in answer.get_json()["error"]
