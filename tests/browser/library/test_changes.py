"""The Library while it changes: new videos, states, what others take away, lost connections, and nothing to show."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.library.made_up import delivery, item
from tests.browser.library.reading import Reader


def new_video(title: str, number: int = 5000) -> dict[str, Any]:
    return item(number, title=title, created_at="2099-01-01T00:00:00.000Z")


def test_a_new_video_comes_by_itself_at_the_top(reader: Reader) -> None:
    reader.library.videos = [item(0), item(1)]
    reader.go()
    reader.library.videos.insert(0, new_video("Just saved"))
    expect(reader.cells.first).to_contain_text("Just saved")
    reader.expect_total("3 videos")


def test_while_one_looks_further_down_new_videos_wait_behind_a_button_and_nothing_moves(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(200)]
    reader.go()
    reader.focus_first()
    reader.press("PageDown", "PageDown", "PageDown")
    expect(reader.active).to_be_in_viewport(ratio=1)
    at, seen = reader.active.bounding_box(), reader.active.get_attribute("data-video")
    for number in range(3):
        reader.library.videos.insert(0, new_video(f"Newer {number}", 5000 + number))
    button = reader.page.get_by_role("button", name="3 new videos")
    expect(button).to_be_visible()
    assert (reader.active.bounding_box(), reader.active.get_attribute("data-video")) == (at, seen)
    button.click()
    expect(reader.cells.first).to_contain_text("Newer 2")
    expect(reader.cells.first).to_be_in_viewport(ratio=1)
    expect(button).to_have_count(0)


def test_what_somebody_else_threw_away_leaves_the_list(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(4)]
    reader.go()
    reader.expect_titles(0, 1, 2, 3)
    del reader.library.videos[1]
    reader.expect_titles(0, 2, 3)
    reader.expect_total("3 videos")


def test_with_the_oldest_first_a_new_video_is_added_at_the_end(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(4)]
    reader.go("?sort=oldest")
    reader.expect_titles(3, 2, 1, 0)
    reader.library.videos.insert(0, new_video("Just saved"))
    expect(reader.cells.nth(4)).to_contain_text("Just saved")
    reader.expect_total("5 videos")
    expect(reader.cells).to_have_count(5)


def test_what_somebody_else_restored_stands_in_its_place_again(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(4)]
    reader.go()
    back = reader.library.videos.pop(2)
    reader.expect_titles(0, 1, 3)
    reader.library.videos.insert(2, back)
    reader.expect_titles(0, 1, 2, 3)
    reader.expect_total("4 videos")
    expect(reader.cells).to_have_count(4)


def test_a_video_that_was_renamed_moves_and_is_not_dropped(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(30)]
    reader.go("?sort=name")
    expect(reader.cells.nth(1)).to_contain_text("Clip 00001")
    reader.library.videos[1] = item(1, title="Zebra")
    expect(reader.cells.nth(1)).to_contain_text("Clip 00002")
    reader.expect_total("30 videos")
    reader.focus_first()
    reader.press("End")
    expect(reader.active).to_contain_text("Zebra")


def test_without_a_connection_other_filters_are_told_to_be_not_looked_up(reader: Reader) -> None:
    reader.library.videos = [item(0), item(1)]
    reader.go()
    reader.visit.cut_network()
    reader.page.route("**/api/videos/**", lambda route: route.abort())
    expect(reader.page.locator("[data-offline]")).to_be_visible()
    search = reader.page.get_by_label("Search the library")
    search.fill("00001")
    reader.expect_total("Not looked up yet")
    expect(reader.page.locator(".not-yet")).to_contain_text("Below is what was found before")
    expect(reader.page.get_by_role("grid", name="Videos")).to_have_attribute("aria-busy", "true")
    search.fill("")
    reader.expect_total("2 videos")
    search.fill("00001")
    reader.expect_total("Not looked up yet")
    reader.page.unroute_all(behavior="ignoreErrors")
    reader.library.serve(reader.page)
    reader.visit.mend_network()
    reader.expect_titles(1)
    reader.expect_total("1 video found")
    expect(reader.page.locator(".not-yet")).to_have_count(0)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("?after=2026-05-02&before=2026-05-01", "Until is before From."),
        ("?length=60-10", "The longest is below the shortest."),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_not_asked_for(reader: Reader, address: str, words: str) -> None:
    reader.library.videos = [item(0)]
    reader.go(address)
    expect(reader.filters.get_by_role("alert")).to_have_text(words)
    expect(reader.page.get_by_role("alert")).to_have_count(1)
    assert reader.library.asked == []
    reader.page.get_by_role("button", name="Show all videos").click()
    reader.expect_titles(0)


def test_states_and_pictures_follow_without_a_reload(reader: Reader) -> None:
    making: dict[str, Any] = {"thumbnail": None, "storyboard": None, "jobs": [], "renditions": [], "facts": None}
    waits = {"thumbnail_path": None, "duration_seconds": None, "deliveries": [delivery(state="pending")]}
    reader.library.videos = [item(0, status="processing", media=making, **waits)]
    reader.go()
    expect(reader.cell(0).locator(".instead")).to_have_text("Its picture is being made")
    expect(reader.cell(0)).to_contain_text("Waiting NAS")
    reader.library.videos = [item(0)]
    expect(reader.cell(0).locator("img")).to_be_visible()
    expect(reader.cell(0)).to_contain_text("Verified NAS")


def test_a_lost_connection_is_told_by_the_bar_and_the_list_heals_by_itself(reader: Reader) -> None:
    reader.library.videos = [item(0)]
    reader.go()
    reader.expect_titles(0)
    reader.visit.cut_network()
    reader.page.route("**/api/videos/**", lambda route: route.abort())
    expect(reader.page.locator("[data-offline]")).to_be_visible()
    expect(reader.cell(0)).to_be_visible()
    reader.library.videos.insert(0, new_video("Came meanwhile"))
    reader.page.unroute_all(behavior="ignoreErrors")
    reader.library.serve(reader.page)
    reader.visit.mend_network()
    expect(reader.page.locator("[data-offline]")).to_have_count(0)
    expect(reader.cells.first).to_contain_text("Came meanwhile")


def test_a_list_that_fails_says_why_and_offers_to_try_again(reader: Reader) -> None:
    problem = {"success": False, "error": "The catalog is locked.", "code": "busy", "detail": {}}

    def refuse(route: Route) -> None:
        route.fulfill(status=503, body=json.dumps(problem), content_type="application/json")

    reader.page.route("**/api/videos/list*", refuse)
    reader.page.goto(f"{reader.visit.base_url}/library")
    expect(reader.page.get_by_role("alert")).to_contain_text("The list could not be loaded. The catalog is locked.")
    reader.page.unroute("**/api/videos/list*", refuse)
    reader.library.videos = [item(0)]
    reader.page.get_by_role("button", name="Try again").click()
    reader.expect_titles(0)
    expect(reader.page.get_by_role("alert")).to_have_count(0)


def test_with_no_videos_the_next_act_is_to_upload(reader: Reader) -> None:
    reader.go()
    expect(reader.page.get_by_text("No videos yet")).to_be_visible()
    reader.page.get_by_role("link", name="Upload videos").click()
    expect(reader.page.get_by_role("heading", name="Upload")).to_be_focused()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("?q=zzz", "Nothing matches “zzz”"),
        ("?q=zzz&project=winter", "No video matches"),
        ("?state=copy:trashed", "The trash is empty"),
    ],
)
def test_where_nothing_matches_it_says_so_and_leads_back_to_all(reader: Reader, address: str, words: str) -> None:
    reader.library.videos = [item(0)]
    reader.go(address)
    expect(reader.page.locator(".empty")).to_contain_text(words)
    reader.page.get_by_role("button", name="Show all videos").click()
    reader.expect_titles(0)


def test_a_slow_list_shows_its_outline_first_and_a_quick_one_does_not(reader: Reader) -> None:
    held = reader.hold("**/api/videos/list*")
    reader.page.goto(f"{reader.visit.base_url}/library")
    expect(reader.page.locator("[data-skeleton]")).to_be_visible()
    reader.library.videos = [item(0)]
    for route in held:
        route.fallback()
    reader.expect_titles(0)
    expect(reader.page.locator("[data-skeleton]")).to_have_count(0)
