"""What was made from a video: copies with their size, jobs with progress, and asking for a conversion."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.shelf import Shelf, job, refuse

MP4: dict[str, Any] = {
    "name": "720p.mp4", "url": "/api/videos/shelf-film/renditions/720p.mp4", "kind": "convert", "job_id": 3,
    "format": "mp4", "width": 1280, "height": 720, "size_bytes": 88_000_000, "mime_type": "video/mp4",
}  # fmt: skip
HD = {"width": 1920, "height": 1080}


def test_a_conversion_is_listed_with_its_size_to_download_and_to_remove(shelf: Shelf) -> None:
    video = shelf.put(media={"renditions": [MP4]})
    row = shelf.open(video).locator("[data-made='720p.mp4']")
    expect(row).to_contain_text("MP4, 720 lines · 83.9 MB")
    link = row.get_by_role("link", name="Download MP4, 720 lines")
    expect(link).to_have_attribute("href", MP4["url"])
    shelf.change(video, renditions=[])
    row.get_by_role("button", name="Remove MP4, 720 lines").click()
    expect(row).to_have_count(0)
    assert "DELETE shelf-film/jobs/3" in shelf.asked
    expect(shelf.page.get_by_role("heading", name="Made from it")).to_be_focused()


def test_a_running_job_shows_its_progress_by_itself_and_can_be_cancelled(shelf: Shelf) -> None:
    running = job("convert", parameters="hls-1080,720,480", progress=0.2)
    video = shelf.put(media={"jobs": [running]})
    row = shelf.open(video).locator("[data-job=convert]")
    expect(row).to_contain_text("HLS with 1080, 720 and 480 lines")
    expect(row).to_contain_text("Making 20 %")
    shelf.change(video, jobs=[running | {"progress": 0.65}])
    expect(row).to_contain_text("Making 65 %")
    shelf.change(video, jobs=[running | {"state": "cancelled"}])
    row.get_by_role("button", name="Cancel: HLS with 1080, 720 and 480 lines").click()
    expect(row).to_have_count(0)
    assert "DELETE shelf-film/jobs/7" in shelf.asked


def test_a_failed_job_says_why_and_is_tried_again(shelf: Shelf) -> None:
    failed = job("convert", "failed", parameters="webm-480", error="There was no room on the disk")
    video = shelf.put(media={"jobs": [failed]})
    row = shelf.open(video).locator("[data-job=convert]")
    expect(row).to_contain_text("Failed")
    expect(row).to_contain_text("There was no room on the disk.")
    shelf.change(video, jobs=[failed | {"state": "waiting", "error": None}])
    row.get_by_role("button", name="Retry: WebM, 480 lines").click()
    expect(row).to_contain_text("In line")
    assert "POST shelf-film/jobs/7/retry" in shelf.asked


@pytest.mark.parametrize(
    ("lines", "offered"),
    [(2160, ["2160", "1440", "1080", "720", "480", "360", "240", "144"]), (700, ["480", "360", "240", "144"])],
)
def test_a_conversion_is_offered_in_no_more_lines_than_the_video_has(
    shelf: Shelf, lines: int, offered: list[str]
) -> None:
    details = shelf.open(shelf.put(facts={"height": lines, "width": lines * 16 // 9}))
    details.get_by_text("Convert…").click()
    expect(details.locator(".convert-heights label")).to_have_text(offered)


def test_a_conversion_is_asked_for_with_its_format_and_sizes(shelf: Shelf) -> None:
    video = shelf.put(facts=HD)
    asked: list[Any] = []

    def convert(route: Route) -> None:
        asked.append(json.loads(route.request.post_data or ""))
        shelf.change(video, jobs=[job("convert", "waiting", parameters="hls-720,480")])
        route.fulfill(status=202, json={"success": True, "jobs": []})

    shelf.answers["/conversions"] = convert
    details = shelf.open(video)
    details.get_by_text("Convert…").click()
    details.get_by_role("radio", name="HLS").check()
    details.get_by_role("checkbox", name="480").check()
    details.get_by_role("button", name="Convert", exact=True).click()
    expect(details.locator("[data-job=convert]")).to_contain_text("In line")
    assert asked == [{"format": "hls", "heights": [720, 480]}]
    expect(details.get_by_role("button", name="Convert", exact=True)).to_be_hidden()
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("HLS with 720 and 480 lines: in line.")


def test_a_refused_conversion_says_why_and_keeps_what_was_chosen(shelf: Shelf) -> None:
    shelf.answers["/conversions"] = refuse("There is not enough room on the disk.", status=507)
    details = shelf.open(shelf.put(facts=HD))
    details.get_by_text("Convert…").click()
    details.get_by_role("checkbox", name="1080").check()
    details.get_by_role("button", name="Convert", exact=True).click()
    expect(details.get_by_role("alert")).to_have_text("There is not enough room on the disk.")
    expect(details.get_by_role("checkbox", name="1080")).to_be_checked()


def test_a_sound_is_offered_no_conversion(shelf: Shelf) -> None:
    details = shelf.open(shelf.put_sound())
    expect(details.get_by_role("heading", name="Made from it")).to_be_visible()
    expect(details.get_by_text("Convert…")).to_have_count(0)
