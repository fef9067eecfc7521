"""The Library by keyboard alone: moving, opening, playing, picking; and single keys that never get in the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.library.made_up import item
from tests.browser.library.reading import Reader


@pytest.fixture
def twelve(reader: Reader) -> Reader:
    """Twelve videos in rows of four, the focus on the first."""
    reader.library.videos = [item(number) for number in range(12)]
    reader.go()
    expect(reader.page.get_by_role("grid")).to_have_attribute("aria-colcount", "4")
    reader.focus_first()
    return reader


def test_arrows_move_over_the_grid_and_stop_at_its_edges(twelve: Reader) -> None:
    for key, index in (
        ("ArrowRight", 1), ("ArrowDown", 5), ("ArrowLeft", 4), ("ArrowLeft", 3), ("ArrowUp", 3),
        ("ArrowDown", 7), ("End", 11), ("ArrowDown", 11), ("ArrowRight", 11), ("Home", 0), ("ArrowLeft", 0),
    ):  # fmt: skip
        twelve.press(key)
        twelve.expect_active(index)


def test_in_the_list_up_and_down_go_from_row_to_row(twelve: Reader) -> None:
    twelve.page.get_by_role("button", name="List", exact=True).click()
    twelve.focus_first()
    twelve.press("ArrowDown", "ArrowDown", "ArrowUp")
    twelve.expect_active(1)


def test_tab_comes_to_one_video_only_and_remembers_which(twelve: Reader) -> None:
    twelve.press("ArrowRight", "ArrowRight")
    twelve.expect_active(2)
    expect(twelve.page.locator("[role=gridcell][tabindex='0']")).to_have_count(1)
    twelve.press("Shift+Tab")
    expect(twelve.active).to_have_count(0)
    twelve.press("Tab")
    twelve.expect_active(2)


def test_enter_opens_esc_closes_and_the_focus_is_on_the_video_again(twelve: Reader) -> None:
    twelve.press("ArrowRight", "Enter")
    details = twelve.page.locator(".details")
    expect(details).to_contain_text("Clip 00001")
    assert twelve.parameters() == {"video": item(1)["id"]}
    expect(twelve.page).to_have_title("Clip 00001 · Holdfast")
    twelve.press("Escape")
    expect(details).to_have_count(0)
    expect(twelve.cell(1)).to_be_focused()
    assert twelve.parameters() == {}
    twelve.page.go_forward()
    expect(details).to_contain_text("Clip 00001")


def test_space_opens_and_plays(twelve: Reader) -> None:
    twelve.page.evaluate("""() => {
        window.played = [];
        HTMLMediaElement.prototype.play = function () { window.played.push(this.tagName); return Promise.resolve(); };
    }""")
    twelve.press("Space")
    expect(twelve.page.locator(".details")).to_contain_text("Clip 00000")
    twelve.page.wait_for_function("() => window.played.length > 0")
    assert twelve.page.evaluate("scrollY") == 0


def test_a_key_tells_what_it_did_to_those_who_hear_the_page(twelve: Reader) -> None:
    expect(twelve.active).to_have_accessible_name("Clip 00000, 20 seconds, surf-2026, Verified on NAS")
    twelve.press("x")
    expect(twelve.active).to_have_attribute("aria-selected", "true")
    expect(twelve.page.locator("[data-live-region]")).to_contain_text("Selected. 1 video in all.")


def test_x_selects_shift_and_arrows_stretch_and_shrink_and_esc_lets_go(twelve: Reader) -> None:
    twelve.press("x", "Shift+ArrowRight", "Shift+ArrowDown")
    expect(twelve.picked).to_have_count(6)
    twelve.press("Shift+ArrowLeft", "Shift+ArrowLeft")
    expect(twelve.picked).to_have_count(4)
    twelve.press("Escape")
    expect(twelve.picked).to_have_count(0)
    twelve.expect_active(3)


def test_single_keys_do_nothing_while_somebody_types(twelve: Reader) -> None:
    twelve.press("/")
    field = twelve.page.get_by_label("Search the library")
    expect(field).to_be_focused()
    twelve.page.keyboard.type("x?/.")
    expect(field).to_have_value("x?/.")
    expect(twelve.picked).to_have_count(0)
    expect(twelve.page.get_by_role("dialog")).to_have_count(0)


def test_single_keys_can_be_turned_off_for_good_and_all_else_still_works(twelve: Reader) -> None:
    twelve.press("?")
    keys = twelve.page.get_by_role("dialog", name="Keys")
    keys.get_by_label("Use single keys").uncheck()
    twelve.press("Escape")
    expect(keys).to_have_count(0)
    twelve.expect_active(0)
    twelve.press("x", "/", "?")
    expect(twelve.picked).to_have_count(0)
    twelve.expect_active(0)
    twelve.press("Control+Space")
    expect(twelve.picked).to_have_count(1)
    twelve.page.reload()
    twelve.focus_first()
    twelve.press("?", "x")
    expect(twelve.picked).to_have_count(0)
    twelve.page.get_by_role("button", name="Keys").click()
    expect(twelve.page.get_by_role("dialog", name="Keys").get_by_label("Use single keys")).not_to_be_checked()


def test_single_keys_do_nothing_outside_the_library(twelve: Reader) -> None:
    twelve.page.get_by_role("link", name="Upload").focus()
    twelve.press("?")
    expect(twelve.page.get_by_role("dialog")).to_have_count(0)


def test_from_the_search_down_leads_to_what_was_found(twelve: Reader) -> None:
    twelve.press("/")
    twelve.page.keyboard.type("clip 00007")
    twelve.expect_titles(7)
    twelve.press("ArrowDown")
    expect(twelve.cell(7)).to_be_focused()


def test_space_on_the_video_that_is_open_already_plays_and_pauses(reader: Reader) -> None:
    reader.library.videos = [item(0)]
    reader.go()
    reader.focus_first()
    reader.press(" ")
    media = reader.page.locator(".library-details video")
    expect(media).to_be_attached()
    reader.page.evaluate(
        """() => {
            const media = document.querySelector(".library-details video");
            window.calls = [];
            Object.defineProperty(media, "paused", { get: () => window.calls.at(-1) !== "play" });
            media.play = async () => window.calls.push("play");
            media.pause = () => window.calls.push("pause");
        }"""
    )
    reader.focus_first()
    reader.press(" ", " ")
    assert reader.page.evaluate("window.calls") == ["play", "pause"]
