"""The player when there is nothing to play yet, when the connection goes, and when the bytes are no good."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.browser.shelf import Shelf, job, refuse, serve
from tests.browser.test_player import wait_for

HEVC = {"video_codec": "hevc", "browser_plays": False, "why_not": "Its video is HEVC, which not every browser plays."}
COPY = {"name": "browser.mp4", "url": "/api/videos/shelf-film/renditions/browser.mp4", "kind": "browser", "job_id": 7,
        "format": "mp4", "width": 320, "height": 180, "size_bytes": 90_000, "mime_type": "video/mp4"}  # fmt: skip


def test_a_copy_being_made_is_told_with_its_percent_and_plays_when_it_is_there(shelf: Shelf) -> None:
    video = shelf.put(status="processing", facts=HEVC, media={"playable": None, "jobs": [job()]})
    details = shelf.open(video)
    told = details.locator("[data-not-yet=moving]")
    expect(told).to_contain_text(
        "Its video is HEVC, which not every browser plays. A playable copy is being made, 42 %."
    )
    expect(told.get_by_role("progressbar")).to_have_attribute("value", "42")
    shelf.change(video, jobs=[job(progress=0.9)])
    expect(told).to_contain_text("90 %")
    video["status"] = "ready"
    shelf.change(video, jobs=[], playable="browser", renditions=[COPY])
    expect(details.get_by_role("button", name="Play", exact=True)).to_be_visible()
    wait_for(shelf, "media.currentSrc.endsWith('/renditions/browser.mp4') && media.readyState >= 1")
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("film.mp4: ready to play.")


def test_a_copy_that_could_not_be_made_says_why_and_is_tried_again_by_an_operator(shelf: Shelf) -> None:
    failed = job(state="failed", error="It took longer than 2 hours, which is the limit")
    video = shelf.put(status="unplayable", facts=HEVC, media={"playable": None, "jobs": [failed]})
    told = shelf.open(video).locator("[data-not-yet=failed]")
    expect(told).to_contain_text("A playable copy could not be made: It took longer than 2 hours, which is the limit.")
    expect(told.get_by_role("link", name="Download")).to_have_attribute("href", "/api/videos/shelf-film/download")
    shelf.change(video, jobs=[job(progress=0.0)])
    video["status"] = "processing"
    told.get_by_role("button", name="Retry").click()
    expect(shelf.page.locator("[data-not-yet=moving]")).to_contain_text("is being made, 0 %")
    assert "POST shelf-film/jobs/7/retry" in shelf.asked


@pytest.mark.parametrize(
    ("status", "reason", "tone", "words"),
    [
        ("unplayable", "There is neither video nor sound in this file.", "failed", "It cannot be played. There is"),
        ("no-media-tools", "ffmpeg is missing on this server.", "needs", "server. The video is safe, and"),
        ("processing", None, "moving", "It is being looked at"),
    ],
)  # fmt: skip
def test_what_cannot_be_played_says_why_and_that_the_file_is_kept(
    shelf: Shelf, status: str, reason: str | None, tone: str, words: str
) -> None:
    video = shelf.put(status=status, media={"playable": None, "reason": reason, "facts": None, "thumbnail": None})
    told = shelf.open(video).locator(f"[data-not-yet={tone}]")
    expect(told).to_contain_text(words)
    expect(told.get_by_role("link", name="Download")).to_have_count(0 if tone == "moving" else 1)


def test_a_lost_connection_is_told_and_it_goes_on_at_the_same_place_when_it_is_back(shelf: Shelf) -> None:
    video = shelf.put()
    details = shelf.open(video)
    wait_for(shelf, "media.readyState >= 2")
    details.get_by_role("heading", level=2).press("ArrowRight")
    wait_for(shelf, "media.currentTime === 5 && !media.seeking")
    shelf.page.context.set_offline(True)
    shelf.answers["/content"] = lambda route: route.abort("connectionfailed")
    # As a browser does after a while of its own: what it asked for cannot be had.
    shelf.page.evaluate("document.querySelector('.player video').load()")
    trouble = details.locator("[data-trouble=heals]")
    expect(trouble).to_contain_text("The connection was lost at 0:05. It goes on there once it is back.")
    shelf.answers.clear()
    shelf.page.context.set_offline(False)
    expect(trouble).to_have_count(0)
    wait_for(shelf, "media.readyState >= 2 && media.currentTime === 5")


def test_a_refusal_of_the_server_is_told_in_its_words_and_retry_goes_on(shelf: Shelf) -> None:
    video = shelf.put()
    shelf.answers["/content"] = refuse("The file is being brought back from NAS.", status=503)
    details = shelf.open(video, autoplay=True)
    trouble = details.locator("[data-trouble=stays]")
    expect(trouble).to_contain_text("The server does not give the video out: The file is being brought back from NAS.")
    shelf.answers.clear()
    trouble.get_by_role("button", name="Retry").click()
    wait_for(shelf, "media.currentTime > 0.2 && !media.paused")
    expect(trouble).to_have_count(0)
    expect(details.get_by_role("button", name="Pause", exact=True)).to_be_focused()


def test_bytes_that_no_browser_can_read_offer_the_download(shelf: Shelf) -> None:
    shelf.answers["/content"] = lambda route: route.fulfill(body=b"no film at all" * 100, content_type="video/mp4")
    details = shelf.open(shelf.put())
    trouble = details.locator("[data-trouble=stays]")
    expect(trouble).to_contain_text("This browser cannot read the video")
    expect(trouble.get_by_role("link", name="Download")).to_be_visible()
    # No still, and no words drawn in its place, behind it.
    expect(details.locator("video")).to_be_hidden()


def test_one_broken_file_is_told_once_on_the_panel_and_once_aloud(shelf: Shelf) -> None:
    words = "The file ends in the middle of its index."
    video = shelf.put(status="processing", media={"playable": None, "facts": None, "jobs": [job("probe")]})
    details = shelf.open(video)
    expect(details.locator("[data-not-yet=moving]")).to_be_visible()
    video["status"] = "unplayable"
    shelf.change(video, reason=words, jobs=[job("probe", "failed", error=words)])
    told = details.locator("[data-not-yet=failed]")
    expect(told).to_contain_text(words)
    expect(told.locator("img")).to_have_count(0)
    expect(details.locator("[data-job=probe]")).to_contain_text("Failed")
    expect(details.get_by_text(words)).to_have_count(1)
    said = shelf.page.locator("[data-live-region]")
    expect(said).to_contain_text("film.mp4: cannot be played.")
    expect(said).not_to_contain_text("Looking at the file failed")


def test_a_video_kept_on_targets_only_says_that_fetching_it_back_takes_a_while(shelf: Shelf) -> None:
    held: list[Route] = []
    shelf.answers["/content"] = held.append
    details = shelf.open(shelf.put(status="remote-only"))
    waiting = details.get_by_role("status").filter(has_text="Fetching it back")
    expect(waiting).to_contain_text(re.compile("kept on targets only. That may take a while"))
    shelf.answers.clear()
    serve(held[0], shelf.film.video)
    expect(waiting).to_have_count(0)


def test_a_fetch_that_outlasts_the_answer_is_followed_by_its_percent_and_then_played(shelf: Shelf) -> None:
    state: dict[str, object] = {"state": "running", "bytes_done": 400_000, "bytes_total": 1_000_000, "error": None}
    refusal = {"success": False, "error": "It is being fetched back.", "code": "restoring", "detail": {}}
    shelf.answers["/content"] = lambda route: route.fulfill(status=503, json=refusal, headers={"Retry-After": "5"})
    shelf.answers["/restore"] = lambda route: route.fulfill(json={"success": True, "restore": state})
    details = shelf.open(shelf.put(status="remote-only"))
    told = details.get_by_role("status").filter(has_text="Fetching it back from where it is kept: 40\u00a0%.")
    expect(told).to_be_visible()
    del shelf.answers["/content"]
    state["state"] = "here"
    expect(told).to_have_count(0)
    expect(details.locator("video")).to_have_js_property("readyState", 4)
    expect(details.locator("[data-trouble]")).to_have_count(0)


def test_a_fetch_that_fails_says_why(shelf: Shelf) -> None:
    refusal = {"success": False, "error": "It is being fetched back.", "code": "restoring", "detail": {}}
    failed = {"state": "failed", "bytes_done": None, "bytes_total": 9, "error": "nas: the disk is away."}
    shelf.answers["/content"] = lambda route: route.fulfill(status=503, json=refusal)
    shelf.answers["/restore"] = lambda route: route.fulfill(json={"success": True, "restore": failed})
    trouble = shelf.open(shelf.put(status="remote-only")).locator("[data-trouble=stays]")
    expect(trouble).to_contain_text("could not be fetched back: nas: the disk is away.")
    expect(trouble.get_by_role("button", name="Retry")).to_be_visible()
