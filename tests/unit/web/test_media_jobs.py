"""Media jobs over HTTP: asked for by those who may, judged in words, retried, ended, listed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import update
from werkzeug.test import TestResponse

from backend.catalog import tokens
from backend.catalog.models import MediaJob
from backend.web import schemas
from tests.services.media_site import FACTS
from tests.unit.web.conftest import Open, Site
from tests.unit.web.making import AT, BROWSER, HLS, MP4, STREAM, Shown, ready, upload, with_copies

EVERYBODY_S = ("admin", "operator")


def ask(shown: Shown, body: Any, role: str = "uploader") -> TestResponse:
    return shown.site.call("POST", shown.path("conversions"), role, json=body)


def fits(shape: type[schemas.Shape], answer: TestResponse) -> Any:
    found = answer.get_json()
    TypeAdapter(shape).validate_python(found, strict=True)
    return found


def test_a_conversion_becomes_a_job_for_each_file_and_one_for_a_stream(site: Site) -> None:
    shown = ready(site)
    answer = ask(shown, {"format": "mp4", "heights": [480, 720, 480]})
    assert answer.status_code == 202
    jobs = fits(schemas.JobList, answer)["jobs"]
    assert [(j["kind"], j["parameters"], j["state"]) for j in jobs] == [
        ("convert", "mp4-720", "waiting"),
        ("convert", "mp4-480", "waiting"),
    ]
    (stream,) = ask(shown, {"format": "hls", "heights": [480, 720]}).get_json()["jobs"]
    assert stream["parameters"] == "hls-720,480"
    listed = fits(schemas.JobList, site.call("GET", shown.path("jobs"), "viewer"))["jobs"]
    assert [j["parameters"] for j in listed][-3:] == ["mp4-720", "mp4-480", "hls-720,480"]
    assert [j["state"] for j in listed][:3] == ["done"] * 3
    assert f"by={'uploader'}" in site.services.log.path.read_text()


def test_what_is_made_or_queued_already_is_not_made_twice(site: Site) -> None:
    shown = with_copies(site)
    first = ask(shown, {"format": "mp4", "heights": [480, 360]}).get_json()["jobs"]
    again = ask(shown, {"format": "mp4", "heights": [480, 360]}).get_json()["jobs"]
    assert [(j["id"], j["state"]) for j in first] == [(j["id"], j["state"]) for j in again]
    assert [j["state"] for j in first] == ["done", "waiting"]


def test_without_a_format_it_is_the_one_of_the_settings(open_site: Open) -> None:
    shown = ready(open_site(VIDEO_OUTPUT_FORMAT="webm"))
    (job,) = ask(shown, {"heights": [360]}).get_json()["jobs"]
    assert job["parameters"] == "webm-360"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, "mp4, webm, hls"),
        ([], "mp4, webm, hls"),
        ({"format": "gif", "heights": [720]}, "mp4, webm, hls"),
        ({"format": 3, "heights": [720]}, "mp4, webm, hls"),
        ({"format": ["mp4"], "heights": [720]}, "mp4, webm, hls"),
        ({"format": "mp4"}, "[720, 480]"),
        ({"format": "mp4", "heights": []}, "[720, 480]"),
        ({"format": "mp4", "heights": 720}, "[720, 480]"),
        ({"format": "mp4", "heights": ["720"]}, "[720, 480]"),
        ({"format": "mp4", "heights": [True]}, "[720, 480]"),
        ({"format": "mp4", "heights": [720.0]}, "[720, 480]"),
        ({"format": "mp4", "heights": [1080]}, "720 lines"),
        ({"format": "mp4", "heights": [-5]}, "whole, even number of lines from 144 to 720, not -5."),
        ({"format": "hls", "heights": [-5, 480]}, "whole, even number of lines from 144 to 720, not -5."),
        ({"format": "mp4", "heights": [0]}, "from 144 to 720, not 0."),
        ({"format": "mp4", "heights": [481]}, "even number"),
        ({"format": "mp4", "heights": [99999999]}, "from 144 to 720, not 99999999."),
        ({"format": "mp4", "heights": [10**30]}, "from 144 to 720, not 1000"),
        ({"format": "hls", "heights": list(range(144, 700, 2))}, ""),
        ({"format": "mp4", "heights": list(range(144, 700, 2))}, ""),
        ({"height": [720]}, "known: format, heights"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_in_words_and_plans_nothing(site: Site, body: Any, words: str) -> None:
    shown = ready(site)
    answer = ask(shown, body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")
    assert words in answer.get_json()["error"]
    assert all(job.kind != "convert" for job in shown.row.media_jobs)


def test_one_bad_height_among_good_ones_plans_none(site: Site) -> None:
    shown = ready(site)
    assert ask(shown, {"format": "mp4", "heights": [360, 2160]}).status_code == 422
    assert all(job.kind != "convert" for job in shown.row.media_jobs)


def test_before_the_video_was_looked_at_or_when_it_cannot_be_read_it_says_so(site: Site) -> None:
    shown = upload(site)
    answer = ask(shown, {"format": "mp4", "heights": [360]})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert "not looked at yet" in answer.get_json()["error"]
    shown.end(shown.plan("probe"), "unreadable", "This is no video.")
    assert "This is no video." in ask(shown, {"format": "mp4", "heights": [360]}).get_json()["error"]


def test_sound_has_no_height(site: Site) -> None:
    shown = upload(site, "song.mp3")
    shown.make("probe", FACTS | {"video_codec": "", "width": None, "height": None})
    answer = ask(shown, {"format": "mp4", "heights": [360]})
    assert answer.status_code == 422
    assert "no picture" in answer.get_json()["error"]


def test_an_uploader_steers_its_own_videos_an_operator_all_and_a_viewer_none(site: Site) -> None:
    own, another_s = ready(site), Shown(site, site.upload(role="admin").get_json()["video_id"])
    another_s.make("probe", FACTS)
    wish = {"format": "mp4", "heights": [360]}
    calls = [
        ("POST", "conversions", wish),
        ("POST", "jobs/{}/retry", None),
        ("DELETE", "jobs/{}", None),
    ]
    for method, rest, body in calls:
        job = another_s.plan("convert", "mp4-360")
        refused = site.call(method, another_s.path(rest.format(job.id)), "uploader", json=body)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "forbidden")
        assert "uploaded by admin" in refused.get_json()["error"]
        assert site.call(method, another_s.path(rest.format(job.id)), "viewer", json=body).status_code == 403
        assert site.call(method, another_s.path(rest.format(job.id)), None, json=body).status_code == 401
        for shown, role in ((own, "uploader"), (another_s, "operator"), (own, "admin")):
            job = shown.plan("convert", "mp4-360")
            assert site.call(method, shown.path(rest.format(job.id)), role, json=body).status_code in (200, 202)


def test_what_lies_in_a_project_out_of_reach_is_not_there(site: Site) -> None:
    shown = with_copies(site)
    job = shown.plan("convert", "mp4-360")
    with site.services.database.write() as session:
        site.tokens["foreign"] = tokens.create(session, "foreign", tokens.Role.ADMIN, ["other"])[1]
    for method, rest in (
        ("GET", "jobs"),
        ("POST", "conversions"),
        ("POST", f"jobs/{job.id}/retry"),
        ("DELETE", f"jobs/{job.id}"),
    ):
        body = {"format": "mp4", "heights": [360]} if rest == "conversions" else None
        assert site.call(method, shown.path(rest), "foreign", json=body).status_code == 404
    assert site.call("GET", "/api/media/jobs", "foreign").get_json()["jobs"] == []
    other = ready(site)
    for method, rest in (("POST", f"jobs/{job.id}/retry"), ("DELETE", f"jobs/{job.id}"), ("DELETE", "jobs/0")):
        assert site.call(method, other.path(rest)).status_code == 404
    assert shown.job(job.id) is not None


def test_a_job_that_failed_begins_anew_and_one_that_is_done_does_not(site: Site) -> None:
    shown = ready(site)
    job = shown.plan("convert", "mp4-360")
    shown.end(job, "over-limit", "It took too long.")
    (told,) = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]["media"]["jobs"]
    assert (told["state"], told["error"], told["error_code"]) == ("failed", "It took too long.", "over-limit")
    begun = fits(schemas.OneJob, site.call("POST", shown.path(f"jobs/{job.id}/retry"), "uploader"))["job"]
    assert (begun["state"], begun["error"], begun["attempts"]) == ("waiting", None, 0)
    done = shown.row.media_jobs[0]
    refused = site.call("POST", shown.path(f"jobs/{done.id}/retry"), "uploader")
    assert (refused.status_code, refused.get_json()["detail"]) == (409, {"state": "done"})


def test_a_probe_that_failed_makes_the_video_unplayable_and_its_retry_lifts_that(site: Site) -> None:
    shown = upload(site)
    job = shown.plan("probe")
    shown.end(job, "unreadable", "This is no video.")
    assert shown.row.media_state == "unplayable"
    site.call("POST", shown.path(f"jobs/{job.id}/retry"))
    assert (shown.row.media_state, shown.row.media_reason) == ("working", "")


def test_ending_a_job_that_waits_tells_who_did_it_and_it_can_be_retried(site: Site) -> None:
    shown = ready(site)
    job = shown.plan("convert", "mp4-360")
    fits(schemas.Done, site.call("DELETE", shown.path(f"jobs/{job.id}"), "uploader"))
    (told,) = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]["media"]["jobs"]
    assert (told["state"], told["error"]) == ("cancelled", "Cancelled by uploader.")
    assert site.call("POST", shown.path(f"jobs/{job.id}/retry"), "uploader").get_json()["job"]["state"] == "waiting"


def test_removing_a_conversion_takes_its_files_and_nothing_else(site: Site) -> None:
    shown = with_copies(site)
    copies = shown.folder("convert")
    by_name = {job.parameters or job.kind: job.id for job in shown.row.media_jobs}
    assert site.call("DELETE", shown.path(f"jobs/{by_name['mp4-480']}"), "uploader").status_code == 200
    assert not (copies / "480p.mp4").exists()
    assert site.call("GET", shown.path("renditions/480p.mp4")).status_code == 404
    assert site.call("DELETE", shown.path(f"jobs/{by_name['hls-720']}"), "uploader").status_code == 200
    assert not (copies / "hls").exists()
    assert sorted(path.name for path in copies.iterdir()) == ["browser.mp4"]
    media = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]["media"]
    assert [r["name"] for r in media["renditions"]] == ["browser.mp4"]


@pytest.mark.parametrize("kind", ["probe", "pictures", "browser", "preview"])
def test_what_belongs_to_the_video_is_neither_removed_nor_forgotten(site: Site, kind: str) -> None:
    shown = with_copies(site)
    job = next(job for job in shown.row.media_jobs if job.kind == kind)
    assert site.call("DELETE", shown.path(f"jobs/{job.id}")).status_code == 409
    shown.end(job, "over-limit", "It took too long.")
    assert site.call("DELETE", shown.path(f"jobs/{job.id}")).status_code == 409
    assert shown.job(job.id) is not None, "or nobody could retry it"


def test_jobs_of_all_videos_are_listed_the_latest_change_first(site: Site) -> None:
    shown = [ready(site) for _ in range(3)]
    shown[1].set(title="At sea")
    jobs = [one.plan("convert", "mp4-360") for one in shown]
    for job, late in zip(jobs, (1, 3, 2), strict=True):
        one = next(s for s in shown if s.id == job.video_id)
        one.end(job, "over-limit", "It took too long.")
        with site.services.database.write() as session:
            at = AT + timedelta(seconds=late)
            session.execute(update(MediaJob).where(MediaJob.id == job.id).values(updated_at=at))
    waiting = shown[0].plan("convert", "mp4-240")
    found = fits(schemas.ListedJobs, site.call("GET", "/api/media/jobs?state=failed", "viewer"))
    assert [j["id"] for j in found["jobs"]] == [jobs[1].id, jobs[2].id, jobs[0].id]
    assert (found["jobs"][0]["video_id"], found["jobs"][0]["title"]) == (shown[1].id, "At sea")
    assert found["jobs"][0]["filename"] == "holiday.mp4"
    assert site.call("GET", "/api/media/jobs?state=failed&limit=1").get_json()["count"] == 1
    assert {j["id"] for j in site.call("GET", "/api/media/jobs").get_json()["jobs"]} == {
        *(j.id for j in jobs),
        waiting.id,
    }
    assert site.call("GET", "/api/media/jobs?state=done").get_json()["count"] == 9
    shown[1].set(local_state="purged")
    assert site.call("GET", "/api/media/jobs?state=failed").get_json()["count"] == 2


@pytest.mark.parametrize("query", ["state=broken", "limit=0", "limit=201", "limit=x", "state=failed&state=done"])
def test_a_list_that_makes_no_sense_is_refused(site: Site, query: str) -> None:
    answer = site.call("GET", f"/api/media/jobs?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "bad-field")


def test_there_is_one_stream_at_a_time_and_the_one_that_was_replaced_takes_nothing_with_it(site: Site) -> None:
    shown = ready(site)
    first = shown.make("convert", HLS, STREAM, "hls-720")
    second = shown.make("convert", HLS, STREAM, "hls-720,480")
    media = site.call("GET", f"/api/videos/{shown.id}").get_json()["video"]["media"]
    assert [r["job_id"] for r in media["renditions"]] == [second.id]
    assert site.call("DELETE", shown.path(f"jobs/{first.id}")).status_code == 404
    assert site.call("GET", shown.path("hls/master.m3u8")).status_code == 200
    assert site.call("DELETE", shown.path(f"jobs/{second.id}")).status_code == 200
    assert site.call("GET", shown.path("hls/master.m3u8")).status_code == 404
    assert not (shown.folder("convert") / "hls").exists()


def test_a_conversion_whose_video_is_pruned_is_listed_with_its_files(site: Site) -> None:
    shown = ready(site)
    shown.make("convert", BROWSER | {"file": "360p.mp4"}, {"360p.mp4": MP4}, "mp4-360")
    shown.set(local_state="pruned")
    assert site.call("GET", shown.path("renditions/360p.mp4")).data == MP4
