"""Holds in the Library: seen on cards and rows, found by a filter, put on many and released together."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.library.made_up import held, item
from tests.browser.library.reading import Reader
from tests.browser.library.test_select import act, pick


def test_cards_rows_and_their_names_tell_that_a_video_is_held_by_whom_and_why(reader: Reader) -> None:
    reader.library.videos = [held(0), item(1)]
    for view in ("grid", "list"):
        reader.go(f"?view={view}")
        mark = reader.cell(0).locator("[data-held]")
        expect(mark).to_have_text("Held")
        expect(mark).to_have_attribute("title", "Held by Anna until somebody releases it: Court case.")
        expect(reader.cell(0)).to_have_attribute("aria-label", re.compile("Held"))
        expect(reader.cell(1).locator("[data-held]")).to_have_count(0)


def test_held_is_a_filter_that_stands_in_the_address(reader: Reader) -> None:
    reader.library.videos = [held(0), item(1), held(2)]
    reader.go()
    reader.filters.get_by_label("Only held").check()
    reader.expect_titles(0, 2)
    assert reader.parameters() == {"held": "1"}
    reader.page.reload()
    reader.expect_titles(0, 2)
    expect(reader.filters.get_by_label("Only held")).to_be_checked()
    for video in reader.library.videos:
        video["holds"] = []
    reader.go("?held=1")
    expect(reader.page.locator(".empty")).to_contain_text("No video is held")
    reader.page.get_by_role("button", name="Clear Held").click()
    reader.expect_titles(0, 1, 2)


def test_many_are_held_for_one_reason_that_must_be_given_by_keyboard_alone(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(3)]
    reader.library.refusals["hold", item(1)["id"]] = ("conflict", "It is being removed.")
    reader.go()
    pick(reader, 0, 1, 2)
    reader.bar.get_by_role("button", name="Hold…").press("Enter")
    dialog = reader.page.get_by_role("dialog", name="Hold 3 videos")
    why = dialog.get_by_label("Why they are held")
    expect(why).to_be_focused()
    reader.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("Say why, so that others know.")
    expect(why).to_be_focused()
    reader.page.keyboard.type("Anniversary")
    dialog.get_by_label("Until a date").check()
    reader.press("Enter")
    expect(dialog.get_by_role("alert")).to_have_text("Choose the day.")
    expect(dialog.get_by_label("Last day")).to_be_focused()
    dialog.get_by_label("Last day").fill("2031-03-03")
    reader.press("Enter")
    expect(reader.toast).to_contain_text("2 videos are held.")
    expect(reader.failures).to_contain_text("“Clip 00001”: It is being removed.")
    expect(reader.bar).to_contain_text("1 selected")
    expect(reader.cell(0).locator("[data-held]")).to_be_visible()
    expect(reader.active).to_have_count(1)
    until = reader.page.evaluate("new Date('2031-03-03T23:59:59').toISOString()")
    assert reader.library.bulk == [
        {"action": "hold", "ids": [item(n)["id"] for n in range(3)], "reason": "Anniversary", "until": until}
    ]


def test_release_asks_first_tells_what_ends_and_leaves_alone_what_nobody_holds(reader: Reader) -> None:
    reader.library.videos = [held(0), item(1), held(2)]
    reader.go()
    pick(reader, 1)
    expect(reader.bar.get_by_role("button", name="Release…")).to_have_count(0)
    pick(reader, 0, 2)
    act(reader, "Release…")
    dialog = reader.page.get_by_role("dialog", name="Release 2 videos?")
    expect(dialog.get_by_role("listitem")).to_have_text(["Held by Anna until somebody releases it: Court case."])
    expect(dialog.get_by_role("button", name="Keep holding")).to_be_focused()
    reader.press("Escape")
    expect(dialog).to_have_count(0)
    expect(reader.bar.get_by_role("button", name="Release…")).to_be_focused()
    assert reader.library.bulk == []
    act(reader, "Release…")
    dialog.get_by_role("button", name="Release", exact=True).click()
    expect(reader.toast).to_contain_text("2 videos are held no longer.")
    expect(reader.page.locator("[data-held]")).to_have_count(0)
    expect(reader.bar).to_contain_text("1 selected")
