"""media: what is being made from videos, what failed, once more, and conversions; without a worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.catalog import media
from backend.catalog.models import MediaJob, Video
from backend.disk.atomic import make_folder
from backend.media.kinds import KINDS
from backend.services import Services, build_services
from backend.settings import load_settings
from tests.services.media_site import FACTS
from tests.unit.cli.conftest import VIDEO, CommandLine

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)


@contextmanager
def inside(cli: CommandLine) -> Iterator[Services]:
    with cli.monkeypatch.context() as patch:
        patch.chdir(cli.home)
        services = build_services(load_settings(dotenv=None))
    try:
        yield services
    finally:
        services.close()


def plan(cli: CommandLine, video: dict[str, Any], kind: str, parameters: str = "", **result: Any) -> int:
    """A job of this video, done if it has a result; its id."""
    with inside(cli) as services, services.database.write() as session:
        row = _locked(session, video)
        (job,) = media.plan(session, row, [KINDS[kind].planned(kind, parameters)], AT)
        if result:
            media.finish(job, result, AT)
        media.settle(row)
    return job.id


def fail(cli: CommandLine, video: dict[str, Any], job_id: int, words: str) -> None:
    with inside(cli) as services, services.database.write() as session:
        row, job = _locked(session, video), session.get(MediaJob, job_id)
        assert job is not None
        media.fail(job, "over-limit", words, AT)
        media.settle(row)


def _locked(session: Any, video: dict[str, Any]) -> Video:
    row = media.locked(session, video["id"])
    assert row is not None
    return row


def states(cli: CommandLine) -> dict[int, str]:
    return {job["id"]: job["state"] for job in cli.well("media", "list", "--json").json}


def seen(cli: CommandLine, name: str = "holiday.mp4", content: bytes = VIDEO) -> dict[str, Any]:
    """A video that was probed."""
    video = cli.upload(name, content)
    plan(cli, video, "probe", **FACTS)
    return video


def test_list_shows_what_is_not_done_and_with_a_state_only_that(either: CommandLine) -> None:
    video = seen(either)
    waiting, failed = plan(either, video, "preview"), plan(either, video, "convert", "mp4-360")
    fail(either, video, failed, "It took too long.")
    assert states(either) == {waiting: "waiting", failed: "failed"}
    (told,) = either.well("media", "list", "--state", "failed", "--json").json
    assert (told["id"], told["video_id"], told["error"]) == (failed, video["id"], "It took too long.")
    (line,) = either.well("media", "list", "--state", "failed").lines
    assert line[:4] == [str(failed), video["id"], "convert mp4-360", "failed"]
    assert line[5:] == ["holiday.mp4", "It took too long.", "0.000", "0"]
    assert len(either.well("media", "list", "-n", "1", "--json").json) == 1
    assert either("media", "list", "--state", "broken").code == 2


def test_list_on_a_terminal_is_a_table(cli: CommandLine) -> None:
    video = seen(cli)
    plan(cli, video, "preview")
    shown = cli("media", "list", terminal=True).out
    assert video["id"][:8] in shown
    assert video["id"] not in shown
    assert "preview" in shown


def test_with_nothing_to_make_it_says_so(prepared: CommandLine) -> None:
    assert prepared.well("media", "list").err == "Everything is made.\n"
    assert prepared.well("media", "list", "--json").json == []


def test_retry_begins_anew_what_failed_of_a_video(either: CommandLine) -> None:
    video, other = seen(either), seen(either, "other.mp4", VIDEO + b"other")
    jobs = [plan(either, video, "preview"), plan(either, video, "convert", "mp4-360")]
    elsewhere = plan(either, other, "preview")
    for one, job in ((video, jobs[0]), (video, jobs[1]), (other, elsewhere)):
        fail(either, one, job, "It took too long.")
    answer = either.well("media", "retry", video["id"][:8])
    assert answer.out == "2 jobs wait for the worker now.\n"
    assert states(either) == {jobs[0]: "waiting", jobs[1]: "waiting", elsewhere: "failed"}
    assert "nothing to begin anew" in either.well("media", "retry", video["id"]).out


def test_retry_of_one_job_leaves_the_others(cli: CommandLine) -> None:
    video = seen(cli)
    jobs = [plan(cli, video, "preview"), plan(cli, video, "convert", "mp4-360")]
    for job in jobs:
        fail(cli, video, job, "It took too long.")
    (told,) = cli.well("media", "retry", video["id"], str(jobs[1]), "--json").json
    assert (told["id"], told["state"]) == (jobs[1], "waiting")
    assert states(cli) == {jobs[0]: "failed", jobs[1]: "waiting"}
    assert cli("media", "retry", video["id"], "999").code == 3


def test_retry_of_all_takes_every_video_and_leaves_what_somebody_cancelled(either: CommandLine) -> None:
    videos = [seen(either, f"{n}.mp4", VIDEO + bytes([n])) for n in range(3)]
    jobs = [plan(either, video, "convert", "mp4-360") for video in videos]
    for video, job in list(zip(videos, jobs, strict=True))[:2]:
        fail(either, video, job, "It took too long.")
    either.well("media", "cancel", videos[2]["id"], str(jobs[2]))
    assert either.well("media", "retry", "--all-failed").out == "2 jobs wait for the worker now.\n"
    assert states(either) == {jobs[0]: "waiting", jobs[1]: "waiting", jobs[2]: "cancelled"}


def test_what_is_gone_from_the_disk_is_made_again_when_somebody_says_so(either: CommandLine) -> None:
    video, other = seen(either), seen(either, "other.mp4", VIDEO + b"other")
    lost, also, whole = (
        plan(either, one, "convert", parameters, file=file, mime_type="video/mp4")
        for one, parameters, file in (
            (video, "mp4-240", "240p.mp4"), (other, "mp4-360", "360p.mp4"), (other, "mp4-240", "240p.mp4"),
        )
    )  # fmt: skip
    with inside(either) as services:
        folder = services.layout.renditions_of(other["relative_path"])
    make_folder(folder)
    (folder / "240p.mp4").write_bytes(b"copy")
    assert "nothing to begin anew" in either.well("media", "retry", "--all-failed").out
    assert either.well("media", "retry", video["id"]).out == "1 job waits for the worker now.\n"
    assert either.well("media", "retry", "--missing").out == "1 job waits for the worker now.\n"
    assert states(either) == {lost: "waiting", also: "waiting"}
    assert either("media", "retry", other["id"], str(whole)).code == 3


@pytest.mark.parametrize("arguments", [[], ["x", "--all-failed"], ["x", "--missing"]])
def test_retry_wants_to_know_what(prepared: CommandLine, arguments: list[str]) -> None:
    assert prepared("media", "retry", *arguments).code == 2


def test_retry_of_what_was_not_planned_yet_says_so(cli: CommandLine) -> None:
    answer = cli("media", "retry", cli.upload()["id"])
    assert answer.code == 3
    assert "by itself" in answer.err


def test_convert_queues_a_job_for_each_height(either: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    video = seen(either)
    answer = either.well("media", "convert", video["id"], "--format", "webm", "--height", "480", "--height", "360")
    assert "convert webm-480: waiting" in answer.out
    monkeypatch.setenv("VIDEO_OUTPUT_FORMAT", "hls")
    (stream,) = either.well("media", "convert", video["id"], "--height", "480", "--height", "360", "--json").json
    assert (stream["kind"], stream["parameters"]) == ("convert", "hls-480,360")


def test_convert_of_what_cannot_be_is_refused_in_words(cli: CommandLine) -> None:
    video = seen(cli)
    assert "720 lines" in cli("media", "convert", video["id"], "--height", "1080").err
    assert cli("media", "convert", video["id"], "--format", "gif", "--height", "360").code == 2
    assert cli("media", "convert", video["id"]).code == 2
    new = cli.upload("new.mp4", VIDEO + b"new")
    answer = cli("media", "convert", new["id"], "--height", "360")
    assert answer.code == 3
    assert "not looked at yet" in answer.err


def test_cancel_ends_what_waits_and_removes_what_a_conversion_made(cli: CommandLine) -> None:
    video = seen(cli)
    waiting = plan(cli, video, "convert", "mp4-360")
    assert cli.well("media", "cancel", video["id"], str(waiting)).out == "convert mp4-360 is cancelled.\n"
    made = plan(cli, video, "convert", "mp4-240", file="240p.mp4", mime_type="video/mp4")
    with inside(cli) as services:
        folder = services.layout.renditions_of(video["relative_path"])
    make_folder(folder)
    (folder / "240p.mp4").write_bytes(b"copy")
    assert cli.well("media", "cancel", video["id"], str(made)).out == "convert mp4-240 is removed.\n"
    assert list(folder.iterdir()) == []
    probe = plan(cli, video, "probe")
    answer = cli("media", "cancel", video["id"], str(probe))
    assert answer.code == 3
    assert "belongs to the video" in answer.err


def test_doctor_names_what_could_not_be_made_and_calls_it_no_fault(either: CommandLine) -> None:
    video = seen(either)
    fail(either, video, plan(either, video, "pictures"), "It took too long.")
    answer = either("doctor", "--json")
    (finding,) = [found for found in answer.json["findings"] if found["what"] == "media"]
    assert (finding["state"], finding["items"]) == (
        "notice", [f"{video['id']} holiday.mp4, pictures: It took too long."],
    )  # fmt: skip
    assert "media retry" in finding["remedy"]


def test_doctor_tells_what_is_gone_from_the_disk_and_fix_has_it_made_again(either: CommandLine) -> None:
    video = seen(either)
    lost = plan(either, video, "convert", "mp4-240", file="240p.mp4", mime_type="video/mp4")
    answer = either("doctor", "--json")
    (finding,) = [found for found in answer.json["findings"] if found["what"] == "media"]
    assert (answer.code, finding["state"]) == (1, "wrong")
    assert finding["items"] == [f"{video['id']} holiday.mp4, convert mp4-240"]
    assert "doctor --fix" in finding["remedy"]
    fixed = either.well("doctor", "--fix", "--json")
    assert not [found for found in fixed.json["findings"] if found["what"] == "media"]
    assert states(either) == {lost: "waiting"}


def test_info_tells_what_is_known_of_a_videos_media_and_what_is_not_made_and_why(either: CommandLine) -> None:
    video = either.upload()
    plan(either, video, "probe", **FACTS | {"browser_plays": False, "why_not": "Browsers do not play HEVC."})
    browser = plan(either, video, "browser")
    told = {line[0]: line[1] for line in either.well("info", video["id"]).lines}
    assert told["plays in browsers"] == "no: Browsers do not play HEVC."
    fail(either, video, browser, "It took too long.")
    plan(either, video, "pictures", thumbnail={"file": "thumbnail.jpg"}, storyboard=None)
    plan(either, video, "convert", "mp4-240", file="240p.mp4", width=426, height=240, size_bytes=2048)
    told = {line[0]: line[1] for line in either.well("info", video["id"]).lines}
    assert {
        "status": "unplayable", "because": "It took too long.", "length": "60.000",
        "picture": "1280 × 720, 25 frames per second", "codecs": "h264, aac", "pictures": "thumbnail",
        f"job {browser}": "browser failed: It took too long.",
    }.items() <= told.items()  # fmt: skip
    assert told["copy 240p.mp4"].startswith("426 × 240, 2")
    assert "0:01:00" in either("info", video["id"], terminal=True).out
    known = either.well("info", video["id"], "--json").json["media"]
    assert (known["facts"]["video_codec"], known["renditions"][0]["name"]) == ("h264", "240p.mp4")


def test_info_of_a_video_that_nobody_looked_at_yet_invents_nothing(cli: CommandLine) -> None:
    names = {line[0] for line in cli.well("info", cli.upload()["id"]).lines}
    assert names.isdisjoint({"because", "length", "picture", "codecs", "plays in browsers", "pictures"})
