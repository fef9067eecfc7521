"""What looks alike is told beside an upload and in the details, with how much of each, and led to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, folder_target
from tests.browser.shelf import AT, Shelf
from tests.services.app import RunningApp
from tests.services.media import ffmpeg
from tests.services.moving_pictures import film as make_film

COMPARED = 120_000


def other(number: int, **more: Any) -> dict[str, Any]:
    video = {
        "id": f"shelf-{number}", "project_id": "surf-2026", "original_filename": f"earlier {number}.mp4", "title": "",
        "status": "ready", "mime_type": "video/mp4", "size_bytes": 1000, "duration_seconds": 100.0, "camera_id": "",
        "created_at": AT, "thumbnail": {"width": 320, "height": 180, "version": "1"},
    }  # fmt: skip
    ranges = [{"this": [0, 11], "other": [75, 86]}]
    return {"video": video, "share_of_this": 0.9399, "share_of_other": 0.4, "ranges": ranges} | more


def test_the_details_tell_who_looks_alike_how_much_and_where(shelf: Shelf) -> None:
    shelf.put("1")
    shelf.alike = [other(1), other(2, share_of_this=0.004, share_of_other=1.0)]
    details = shelf.open(shelf.put())
    expect(details.get_by_role("heading", name="Looks alike")).to_be_visible()
    first, second = details.locator("[data-alike]").all()
    expect(first).to_contain_text("earlier 1.mp4, 93\u00a0% of this, 40\u00a0% of that")
    expect(first).to_contain_text("0:00–0:11 here is 1:15–1:26 there")
    expect(first.locator("img")).to_have_js_property("naturalWidth", 320)
    expect(second).to_contain_text("less than 1\u00a0% of this, 100\u00a0% of that")
    expect(details.locator(".alike")).not_to_contain_text("uplicate")
    first.get_by_role("link").focus()
    shelf.page.keyboard.press("Enter")
    shelf.page.wait_for_url("**/library?video=shelf-1")


def test_all_that_look_alike_can_be_seen(shelf: Shelf) -> None:
    shelf.alike = [other(number) for number in range(9)]
    details = shelf.open(shelf.put())
    expect(details.locator("[data-alike]")).to_have_count(6)
    details.get_by_role("button", name="Show all 9").focus()
    shelf.page.keyboard.press("Enter")
    expect(details.locator("[data-alike]")).to_have_count(9)
    details.get_by_role("button", name="Show fewer").click()
    expect(details.locator("[data-alike]")).to_have_count(6)


def test_where_nothing_looks_alike_nothing_is_said(shelf: Shelf) -> None:
    with shelf.page.expect_response(lambda answer: "/similar" in answer.url):
        details = shelf.open(shelf.put())
    expect(details.get_by_role("heading", name="Made from it")).to_be_visible()
    expect(details.locator(".alike")).to_have_count(0)


def test_an_upload_that_looks_like_an_older_one_says_so_beside_it(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    (tmp_path / "nas").mkdir()
    earlier, copy = make_film(tmp_path / "harbour.mp4", 41, seconds=5), tmp_path / "harbour small.mp4"
    ffmpeg("-i", earlier, "-vf", "scale=160:90", "-c:v", "libx264", "-preset", "ultrafast", copy)
    # Its own: pictures beside rows are not what others' tests look for on the common server.
    visit = open_page(running_app(targets_toml=folder_target(tmp_path / "nas")))
    visit.drop(earlier)
    visit.expect_saved(earlier.name)
    visit.drop(copy)
    visit.expect_saved(copy.name)
    row = visit.listed(copy.name)
    expect(row.locator(".alike-note")).to_contain_text("Looks alike: harbour.mp4,", timeout=COMPARED)
    expect(row.locator(".alike-note")).to_contain_text("100\u00a0% of this, 100\u00a0% of that")
    row.locator(".alike-note").get_by_role("link").click()
    details = visit.page.locator(".details")
    expect(details.get_by_role("heading", level=2)).to_have_text(earlier.name)
    expect(details.locator(".alike-row")).to_contain_text(copy.name)
