"""The trash: where it is, how long each video stays, the way back right after and later, and what never goes there."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.library.made_up import NOW, held, hold, iso, item
from tests.browser.library.reading import Reader
from tests.browser.library.test_select import act, pick


def thrown(number: int, days_ago: float) -> dict[str, Any]:
    return item(number, status="trashed", trashed_at=iso(NOW - timedelta(days=days_ago)))


@pytest.fixture
def four(reader: Reader) -> Reader:
    """Four videos, and two in the trash: of yesterday and of six days ago. The page's clock can be moved."""
    reader.library.videos = [item(number) for number in range(4)]
    reader.library.trash = {video["id"]: video for video in (thrown(20, 1), thrown(21, 6.45))}
    reader.page.clock.install()
    reader.go()
    return reader


def test_the_trash_is_one_step_away_and_tells_how_long_each_video_stays(four: Reader) -> None:
    four.page.get_by_role("link", name="Trash", exact=True).click()
    expect(four.page.get_by_role("heading", level=1)).to_have_text("Trash")
    assert four.parameters() == {"state": "copy:trashed"}
    expect(four.page.get_by_text("A video stays here for 7 days, then it is deleted for good.")).to_be_visible()
    four.expect_titles(20, 21)
    stays = four.cell(20).locator("[data-leaves]")
    expect(stays).to_have_text("Deleted for good in 6 days")
    expect(stays).to_have_attribute("title", re.compile(r"^\d+ \w+ \d{4} at \d\d:\d\d:\d\d \w+"))
    expect(four.cell(21)).to_contain_text("Deleted for good in 13 h")
    expect(four.cell(20)).to_have_attribute("aria-label", re.compile("Clip 00020, .*Deleted for good in 6 days"))
    # What can be chosen is counted without the trash: here no number stands beside it.
    project = four.filters.get_by_role("button", name="surf-2026")
    expect(project).to_have_text("surf-2026")
    four.page.get_by_role("link", name="All videos").click()
    four.expect_titles(0, 1, 2, 3)
    expect(project).to_have_text(re.compile("surf-2026[0-9]+"))


def test_undo_is_reached_by_its_keys_and_its_note_waits_for_whoever_is_on_it(four: Reader) -> None:
    pick(four, 1)
    act(four, "Trash")
    four.expect_titles(0, 2, 3)
    expect(four.active).to_have_count(1)
    undo = four.toast.get_by_role("button", name="Undo")
    four.page.clock.run_for(15_000)
    expect(undo).to_be_visible()
    undo.focus()
    four.page.clock.run_for(120_000)
    expect(undo).to_be_visible()
    four.focus_first()
    four.press("Control+z")
    four.expect_titles(0, 1, 2, 3)
    expect(four.toast).to_contain_text("1 video restored.")
    expect(four.active).to_have_count(1)
    four.page.clock.run_for(45_000)
    expect(four.toast).to_have_count(0)


def test_what_is_held_stays_and_says_who_holds_it_until_when_and_why(four: Reader) -> None:
    until = iso(NOW.replace(year=2031, month=3, day=3, hour=12))
    four.library.videos = [held(0), held(1), held(2, hold(owner="Ben", reason="Anniversary", until_at=until)), item(3)]
    pick(four, 0, 1, 2, 3)
    act(four, "Trash")
    four.expect_titles(0, 1, 2)
    expect(four.failures).to_contain_text("3 videos could not be moved to the trash:")
    expect(four.failures.get_by_role("listitem")).to_have_count(2)
    expect(four.failures).to_contain_text("2 videos: Held by Anna until somebody releases it: Court case.")
    expect(four.failures).to_contain_text("“Clip 00002”: Held by Ben until 3 March 2031: Anniversary.")
    expect(four.failures.get_by_role("button", name="Try again")).to_have_count(0)
    expect(four.bar).to_contain_text("3 selected")
    expect(four.toast).to_contain_text("“Clip 00003” is in the trash. Deleted for good in 7 days.")
    assert len(four.library.bulk) == 1


def test_from_the_trash_many_come_back_at_once_and_one_by_its_details(four: Reader) -> None:
    four.library.trash |= {video["id"]: video for video in (thrown(22, 2),)}
    four.go("?state=copy:trashed")
    four.expect_titles(20, 21, 22)
    four.cell(21).locator(".card-title").click()
    details = four.page.locator(".details")
    expect(details.locator("[data-trashed]")).to_contain_text("This video is in the trash. Deleted for good in 13 h.")
    details.get_by_role("button", name="Restore").click()
    four.expect_titles(20, 22)
    four.page.get_by_role("button", name="Close the details").click()
    pick(four, 20, 22)
    expect(four.bar.locator(".bulk-acts button")).to_have_text(["Restore"])
    act(four, "Restore")
    expect(four.page.get_by_text("The trash is empty")).to_be_visible()
    expect(four.toast).to_contain_text("2 videos restored.")
    assert four.library.bulk == [{"action": "restore-from-trash", "ids": [item(20)["id"], item(22)["id"]]}]
