"""Google Drive on the page: the way to a verified copy, and what is said while Drive takes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.visit import clip
from tests.services.app import RunningApp
from tests.services.drive.faults import daily_750_gb, forbidden, status
from tests.services.drive.server import DriveServer
from tests.services.drive_site import BOT, drive_target


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def start(running_app: Callable[..., RunningApp], drive: DriveServer, tmp_path: Path) -> Callable[..., RunningApp]:
    """`start(UPLOAD_WAIT_SECONDS="30")` runs an installation with that Drive."""
    return lambda **env: running_app(env, targets_toml=drive_target(drive, tmp_path / "key.json"))


def test_a_verified_copy_is_opened_in_a_tab_of_its_own_that_knows_nothing_of_this_page(
    open_page: OpenPage, start: Callable[..., RunningApp], drive: DriveServer
) -> None:
    visit = open_page(start())
    visit.page.context.route("https://drive.google.com/**", lambda route: route.fulfill(body="<title>Drive</title>"))
    visit.choose(clip("holiday.mp4"))
    visit.expect_saved("holiday.mp4")
    for row in (visit.listed("holiday.mp4"), visit.queued("holiday.mp4")):
        visit.expect_verified(row, "drive")
        link = row.get_by_role("link", name="Open in Drive: holiday.mp4 (new tab)")
        expect(link).to_have_text("Open in Drive")
        expect(link).to_have_attribute("rel", "noopener noreferrer")
        expect(link).to_have_attribute("href", drive.live_files()[0].link)
    with visit.page.context.expect_page() as opened:
        visit.listed("holiday.mp4").get_by_role("link", name="Open in Drive").click()
    expect(opened.value).to_have_title("Drive")
    assert opened.value.evaluate("[window.opener, document.referrer]") == [None, ""]


def test_a_copy_that_is_not_verified_has_no_link(
    open_page: OpenPage, start: Callable[..., RunningApp], drive: DriveServer
) -> None:
    drive.faults.add(lambda: status(503), times=None)
    visit = open_page(start())
    visit.choose(clip("later.mp4"))
    visit.expect_saved("later.mp4")
    row = visit.listed("later.mp4")
    expect(row.locator(".note")).to_contain_text("Drive did not take it yet: Google Drive", timeout=60_000)
    expect(row.get_by_role("link", name="Open in Drive")).to_have_count(0)


def test_a_day_s_limit_is_told_as_one_that_ends_by_itself_and_the_videos_as_saved(
    open_page: OpenPage, start: Callable[..., RunningApp], drive: DriveServer
) -> None:
    drive.faults.add(daily_750_gb, on="start", times=None)
    visit = open_page(start())
    visit.choose(clip("too much.mp4"))
    place = visit.page.locator("[data-place=drive]")
    expect(place).to_contain_text("Google Drive takes no more for now: Google reports its daily limit", timeout=60_000)
    for words in ("750 GB", "goes on by itself", "The videos are saved here.", "It is asked again in"):
        expect(place).to_contain_text(words)
    expect(place).not_to_contain_text("needs a person")
    assert place.inner_text().count("goes on by itself") == 1
    expect(visit.listed("too much.mp4").locator(".note")).to_contain_text("Drive takes nothing for now. Tried")
    expect(visit.listed("too much.mp4").locator(".note")).not_to_contain_text("750 GB")
    visit.page.set_viewport_size({"width": 390, "height": 844})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 390
    expect(visit.mark(visit.listed("too much.mp4"), "drive")).to_contain_text("Waiting")
    drive.faults.clear()
    place.get_by_role("button", name="Check now: Drive").click()
    visit.expect_verified(visit.listed("too much.mp4"), "drive")
    expect(place).to_be_hidden()


@pytest.mark.parametrize(("reason", "what_to_do"), [("full", "Free space there"), ("revoked", "Make a new key")])
def test_a_drive_that_needs_a_person_says_why_what_to_do_and_that_the_videos_are_saved(
    open_page: OpenPage, start: Callable[..., RunningApp], drive: DriveServer, reason: str, what_to_do: str
) -> None:
    app = start()
    if reason == "full":
        drive.faults.add(lambda: forbidden("storageQuotaExceeded"), on="start", times=None)
    else:
        drive.revoke(BOT)
    visit = open_page(app)
    visit.choose(clip("waits.mp4"))
    place = visit.page.locator("[data-place=drive]")
    expect(place).to_contain_text("Drive needs a person: Google Drive", timeout=60_000)
    for words in (what_to_do, "1 copy waits for it. The videos are saved here.", "It is asked again"):
        expect(place).to_contain_text(words)
    expect(visit.mark(visit.listed("waits.mp4"), "drive")).to_contain_text("Needs you")


def test_a_drive_that_fails_takes_nothing_from_what_is_saved(
    open_page: OpenPage, start: Callable[..., RunningApp], drive: DriveServer
) -> None:
    drive.faults.add(lambda: status(503), times=None)
    visit = open_page(start())
    visit.choose(clip("slow day.mp4"))
    visit.expect_saved("slow day.mp4")
    queued = visit.queued("slow day.mp4")
    expect(queued.locator(".fact-saved")).to_contain_text("Saved")
    expect(queued).not_to_contain_text("Not saved")
    expect(visit.listed("slow day.mp4").locator(".note")).to_contain_text("Drive did not take it yet: Google Drive")
    drive.faults.clear()
    visit.expect_verified(queued, "drive")
