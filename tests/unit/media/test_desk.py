"""What people ask of media jobs: conversions, another try, an end to it."""

from __future__ import annotations

import pytest

from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BadField, Conflict, MediaStopped, NotFound, Unreadable
from tests.services.media_site import FACTS, MediaSite, fails, makes

STRANGER = Scope(frozenset({"another"}))


def ready(site: MediaSite) -> str:
    video_id = site.ledger.add()
    with site.running():
        site.wait_for(video_id, "ready")
        site.wait_for_job(video_id, "preview", "done")
    return video_id


def test_a_conversion_is_queued_once_however_often_it_is_asked_for(site: MediaSite) -> None:
    video_id, desk = ready(site), site.ledger.services.media
    (first,) = desk.convert(video_id, EVERYTHING, "ann", "mp4", [720])
    (again,) = desk.convert(video_id, EVERYTHING, "bob", "mp4", [720])
    assert first.id == again.id
    with site.running():
        done = site.wait_for_job(video_id, f"convert {first.parameters}", "done")
    (made,) = desk.convert(video_id, EVERYTHING, "ann", "mp4", [720])
    assert (made.id, made.state, made.finished_at) == (done.id, "done", done.finished_at)


def test_several_heights_become_several_jobs_in_the_format_of_the_settings(site: MediaSite) -> None:
    video_id = ready(site)
    jobs = site.ledger.services.media.convert(video_id, EVERYTHING, "ann", None, [360, 720])
    assert {job.parameters for job in jobs} == {"mp4-720", "mp4-360"}


@pytest.mark.parametrize(
    ("form", "heights"), [("gif", [720]), ("mp4", [2160]), ("mp4", []), ("hls", [77]), ("mp4", [144] * 7)]
)
def test_what_cannot_be_converted_is_refused_and_nothing_is_queued(
    site: MediaSite, form: str, heights: list[int]
) -> None:
    video_id = ready(site)
    with pytest.raises(BadField):
        site.ledger.services.media.convert(video_id, EVERYTHING, "ann", form, heights)
    assert not any(name.startswith("convert") for name in site.jobs(video_id))


def test_another_stream_takes_the_place_of_the_first_once_it_is_made(site: MediaSite) -> None:
    video_id, desk = ready(site), site.ledger.services.media
    stream = makes({"file": "hls/master.m3u8", "mime_type": "application/vnd.apple.mpegurl"}, "hls/master.m3u8")
    desk.convert(video_id, EVERYTHING, "ann", "hls", [720])
    with site.running(convert=stream):
        site.wait_for_job(video_id, "convert hls-720", "done")
    desk.convert(video_id, EVERYTHING, "ann", "hls", [360, 720])
    assert site.states(video_id)["convert hls-720"] == "done"
    with site.running(convert=stream):
        site.wait_for_job(video_id, "convert hls-720,360", "done")
    assert "convert hls-720" not in site.states(video_id)


def test_a_video_that_nobody_looked_at_yet_is_not_converted(site: MediaSite) -> None:
    video_id = site.ledger.add()
    with pytest.raises(Conflict, match="in a moment"):
        site.ledger.services.media.convert(video_id, EVERYTHING, "ann", "mp4", [720])


def test_a_video_in_the_trash_is_not_converted(site: MediaSite) -> None:
    video_id = ready(site)
    site.ledger.services.trash.throw_away(video_id, "ann", EVERYTHING)
    with pytest.raises(Conflict, match="trash"):
        site.ledger.services.media.convert(video_id, EVERYTHING, "ann", "mp4", [720])


def test_a_video_that_cannot_be_read_says_why_it_is_not_converted(site: MediaSite) -> None:
    video_id = site.ledger.add()
    with site.running(probe=fails(Unreadable("It is no video."))):
        site.wait_for(video_id, "unplayable")
    with pytest.raises(Conflict, match="It is no video"):
        site.ledger.services.media.convert(video_id, EVERYTHING, "ann", "mp4", [720])


def test_a_failed_job_begins_anew_when_it_is_retried(site: MediaSite) -> None:
    video_id = site.ledger.add()
    with site.running(pictures=fails(Unreadable("Nothing in it."))):
        site.wait_for(video_id, "unplayable")
    job = site.jobs(video_id)["pictures"]
    site.ledger.services.media.retry(video_id, job.id, EVERYTHING, "ann")
    assert site.ledger.video(video_id).media_state == "working"
    with site.running():
        site.wait_for(video_id, "ready")


def test_what_is_done_or_runs_is_not_retried(site: MediaSite) -> None:
    video_id = ready(site)
    job = site.jobs(video_id)["probe"]
    with pytest.raises(Conflict, match="done"):
        site.ledger.services.media.retry(video_id, job.id, EVERYTHING, "ann")


def test_a_conversion_that_is_removed_takes_its_files_along_and_can_be_made_again(site: MediaSite) -> None:
    video_id, desk = ready(site), site.ledger.services.media
    (asked,) = desk.convert(video_id, EVERYTHING, "ann", "mp4", [720])
    name = f"convert {asked.parameters}"
    folder = site.ledger.services.layout.renditions_of(site.ledger.video(video_id).relative_path)
    with site.running():
        site.wait_for_job(video_id, name, "done")
        assert [path.name for path in folder.iterdir()] == ["720p.mp4"]
        desk.cancel(video_id, asked.id, EVERYTHING, "ann")
        assert list(folder.iterdir()) == []
        assert name not in site.jobs(video_id)
        desk.convert(video_id, EVERYTHING, "ann", "mp4", [720])
        site.wait_for_job(video_id, name, "done")
    assert [path.name for path in folder.iterdir()] == ["720p.mp4"]


def test_pictures_belong_to_the_video_and_are_not_removed(site: MediaSite) -> None:
    video_id = ready(site)
    with pytest.raises(Conflict, match="only conversions"):
        site.ledger.services.media.cancel(video_id, site.jobs(video_id)["pictures"].id, EVERYTHING, "ann")


def test_a_playable_copy_that_was_cancelled_says_so_and_comes_back_when_retried(site: MediaSite) -> None:
    video_id = site.ledger.add()
    hevc = makes(FACTS | {"browser_plays": False, "why_not": "HEVC"})
    with site.running(probe=hevc, browser=fails(MediaStopped("stopped"))):
        site.wait_for_job(video_id, "pictures", "done")
        site.ledger.services.media.cancel(video_id, site.jobs(video_id)["browser"].id, EVERYTHING, "ann")
        assert site.wait_for(video_id, "unplayable").media_reason == "Cancelled by ann."
    site.ledger.services.media.retry(video_id, site.jobs(video_id)["browser"].id, EVERYTHING, "ann")
    with site.running():
        site.wait_for(video_id, "ready")


def test_another_projects_jobs_are_nobodys_business(site: MediaSite) -> None:
    video_id = ready(site)
    desk, job = site.ledger.services.media, site.jobs(video_id)["probe"]
    for ask in (
        lambda: desk.convert(video_id, STRANGER, "eve", "mp4", [720]),
        lambda: desk.jobs(video_id, STRANGER),
        lambda: desk.retry(video_id, job.id, STRANGER, "eve"),
        lambda: desk.cancel(video_id, job.id, STRANGER, "eve"),
        lambda: desk.cancel(video_id, 999_999, EVERYTHING, "ann"),
    ):
        with pytest.raises(NotFound):
            ask()
