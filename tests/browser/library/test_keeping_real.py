"""Trash, holds and links on the real server: what is held stays, what is shared opens, and ends when it is told to."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.library.reading import Reader
from tests.browser.library.test_real import real
from tests.browser.library.test_select import act, pick
from tests.browser.visit import clip
from tests.services.app import RunningApp


def filled(open_page: OpenPage, app: RunningApp) -> Reader:
    """Three videos in the Library of a real server, the newest first."""
    for number in (2, 1, 0):
        part = ("clip.mp4", clip("clip.mp4")["buffer"], "video/mp4")
        answer = app.request("POST", "/api/upload-video", fields={"title": f"Clip {number:05}", "video": part})
        assert answer.status == 201, answer.data
    reader = real(open_page, app)
    reader.expect_titles(0, 1, 2)
    return reader


def test_what_is_held_stays_out_of_the_trash_until_it_is_released_and_comes_back_from_it(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    reader = filled(open_page, running_app(processes=["web"]))
    pick(reader, 0)
    act(reader, "Hold…")
    reader.page.get_by_label("Why it is held").fill("Court case")
    reader.page.get_by_label("1 month").check()
    reader.press("Enter")
    expect(reader.toast).to_contain_text("“Clip 00000” is held.")
    reader.go("?held=1")
    reader.expect_titles(0)
    reader.go()
    pick(reader, 0, 1)
    act(reader, "Trash")
    expect(reader.failures).to_contain_text("“Clip 00000”: Held by ")
    expect(reader.failures).to_contain_text("Court case.")
    expect(reader.toast).to_contain_text("“Clip 00001” is in the trash. Deleted for good in 7 days.")
    reader.expect_titles(0, 2)
    act(reader, "Release…")
    reader.page.get_by_role("dialog").get_by_role("button", name="Release", exact=True).click()
    expect(reader.toast).to_contain_text("“Clip 00000” is held no longer.")
    pick(reader, 0, 2)
    act(reader, "Trash")
    expect(reader.page.get_by_text("No videos yet")).to_be_visible()
    reader.page.get_by_role("link", name="Trash", exact=True).click()
    reader.expect_titles(0, 1, 2)
    expect(reader.page.locator("[data-leaves]").first).to_have_text("Deleted for good in 7 days")
    reader.focus_first()
    reader.press("Control+a")
    act(reader, "Restore")
    expect(reader.toast).to_contain_text("3 videos restored.")
    reader.page.get_by_role("link", name="All videos").click()
    reader.expect_titles(0, 1, 2)


def test_a_link_opens_without_signing_in_is_counted_and_ends_when_it_is_revoked(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app(processes=["web"])
    reader = filled(open_page, app)
    reader.page.get_by_role("link", name="Clip 00001").click()
    share = reader.page.locator(".details").get_by_role("button", name="Share Clip 00001")
    share.click()
    dialog = reader.page.get_by_role("dialog")
    dialog.get_by_label("Whom it is for").fill("Anna")
    dialog.get_by_label("Allow downloading").check()
    dialog.get_by_role("button", name="Create link").click()
    link = dialog.get_by_role("textbox", name="The link for Anna").input_value()
    visitor = open_page(app, sign_in=False)
    assert visitor.page.goto(link).status == 200  # type: ignore[union-attr] # a page was asked for
    expect(visitor.page.get_by_role("heading", name="Clip 00001")).to_be_visible()
    expect(visitor.page.get_by_role("link", name="Download")).to_be_visible()
    dialog.get_by_role("button", name="Close", exact=True).click()
    share.click()
    expect(dialog.locator("[data-links=open]")).to_contain_text("Opened once")
    dialog.get_by_role("button", name="Revoke the link for Anna").click()
    dialog.get_by_role("button", name="Revoke", exact=True).click()
    expect(dialog.get_by_text("Expired and revoked (1)")).to_be_visible()
    assert visitor.page.reload().status == 410  # type: ignore[union-attr] # a page was asked for
    expect(visitor.page.get_by_role("heading", name="Clip 00001")).to_have_count(0)
