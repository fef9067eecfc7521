"""Two views, Upload and Library: each keeps what it was doing, and one always knows where one is."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.library.made_up import item
from tests.browser.library.reading import Reader
from tests.browser.visit import clip
from tests.services.app import RunningApp


def to(reader: Reader, name: str) -> None:
    reader.page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()


def test_each_view_has_its_address_its_title_and_its_entry_in_the_rail(reader: Reader) -> None:
    reader.library.videos = [item(0)]
    reader.visit.open()
    expect(reader.page).to_have_title("Upload · Holdfast")
    to(reader, "Library")
    expect(reader.page.get_by_role("heading", name="Library")).to_be_focused()
    expect(reader.page).to_have_title("Library · Holdfast")
    expect(reader.page.locator("[aria-current=page]")).to_have_text("Library")
    assert reader.page.url == f"{reader.visit.base_url}/library"
    reader.page.go_back()
    expect(reader.page.get_by_role("heading", name="Upload")).to_be_focused()
    expect(reader.page.locator("[aria-current=page]")).to_have_text("Upload")


def test_the_library_is_found_again_with_the_filters_it_was_left_with(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(4)]
    reader.go("?project=harbour")
    reader.expect_titles(1)
    to(reader, "Upload")
    expect(reader.page.get_by_role("heading", name="Upload")).to_be_visible()
    to(reader, "Library")
    reader.expect_titles(1)
    assert reader.parameters() == {"project": "harbour"}


def test_an_upload_goes_on_while_one_is_in_the_library(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(200_000)
    visit.choose(clip("goes on.mp4", 1_000_000))
    visit.expect_sent("goes on.mp4", 10)
    visit.page.get_by_role("link", name="Library", exact=True).click()
    expect(visit.page.locator(".rail-share")).to_have_text(re.compile(r"^[3-9]\d %$"))
    expect(visit.page).to_have_title(re.compile(r"^\d+ % sent · Holdfast$"))
    visit.limit_upload_speed(-1)
    card = visit.page.locator("[data-videos] [role=gridcell]").filter(has_text="goes on.mp4")
    expect(card.first).to_be_visible()
    visit.page.get_by_role("link", name="Upload").click()
    visit.expect_saved("goes on.mp4")


def test_files_dropped_on_the_library_are_uploaded_and_the_queue_is_shown(
    open_page: OpenPage, team_server: RunningApp, tmp_path: Path
) -> None:
    visit = open_page(team_server)
    visit.page.get_by_role("link", name="Library", exact=True).click()
    expect(visit.page.get_by_role("heading", name="Library")).to_be_visible()
    path = tmp_path / "dropped there.mp4"
    path.write_bytes(clip("x")["buffer"])
    visit.drop(path)
    expect(visit.page.get_by_role("heading", name="Upload")).to_be_visible()
    visit.expect_saved("dropped there.mp4")


def test_a_link_to_an_open_video_shows_it_and_closing_it_leaves_the_library(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(3)]
    reader.page.goto(f"{reader.visit.base_url}/library?video={item(1)['id']}")
    expect(reader.page.locator(".details")).to_contain_text("Clip 00001")
    reader.page.get_by_role("button", name="Close the details").click()
    expect(reader.page.locator(".details")).to_have_count(0)
    reader.expect_titles(0, 1, 2)
    assert reader.page.url == f"{reader.visit.base_url}/library"


def test_a_card_is_a_link_that_can_be_opened_in_another_tab(reader: Reader) -> None:
    reader.library.videos = [item(0)]
    reader.go("?sort=oldest")
    link = reader.cell(0).locator(".card-title")
    expect(link).to_have_attribute("href", f"/library?sort=oldest&video={item(0)['id']}")
    with reader.page.context.expect_page() as opened:
        link.click(modifiers=["ControlOrMeta"])
    opened.value.close()
    expect(reader.page.locator(".details")).to_have_count(0)


def test_what_is_thrown_away_in_its_details_leaves_the_list_and_comes_back_with_undo(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(3)]
    reader.go()
    reader.cell(1).locator(".card-title").click()
    details = reader.page.locator(".details")
    details.get_by_role("button", name="Move to trash").click()
    reader.expect_titles(0, 2)
    details.get_by_role("button", name="Undo").click()
    reader.expect_titles(0, 1, 2)


def test_who_signs_in_next_sees_nothing_of_what_was_found_before(reader: Reader) -> None:
    reader.library.videos = [item(0, title="Only for the first")]
    reader.go()
    expect(reader.page.get_by_text("Only for the first")).to_be_visible()
    reader.page.get_by_role("button", name="Sign out").click()
    reader.library.videos = [item(1)]
    reader.page.get_by_label("Token").fill(reader.token)
    reader.page.get_by_role("button", name="Sign in").click()
    reader.expect_titles(1)
    expect(reader.page.get_by_text("Only for the first")).to_have_count(0)
