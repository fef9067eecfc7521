"""Several people at one video, lines that break and sessions that end: no word is lost, none is overwritten unasked."""

from __future__ import annotations

import re

from playwright.sync_api import Dialog, expect

from tests.browser.conftest import OpenPage
from tests.browser.shelf import Film, Shelf
from tests.browser.test_details_words import chips, note
from tests.browser.visit import clip
from tests.services.app import RunningApp

OFFLINE = "Not saved yet: the server cannot be reached."


def cut(shelf: Shelf) -> None:
    shelf.page.context.set_offline(True)
    for each in ("PATCH /shelf-film", "GET /shelf-film"):
        shelf.answers[each] = lambda route: route.abort("internetdisconnected")


def mend(shelf: Shelf) -> None:
    shelf.answers.clear()
    shelf.page.context.set_offline(False)


def test_a_tag_that_a_colleague_added_meanwhile_is_not_lost(shelf: Shelf) -> None:
    video = shelf.put(tags=["surf"])
    details = shelf.open(video)
    expect(chips(details)).to_have_text(["surf"])
    video["tags"] = ["surf", "colleague"]
    details.get_by_label("Add a tag").fill("drone")
    details.get_by_label("Add a tag").press("Enter")
    expect(chips(details)).to_have_text(["surf", "colleague", "drone"])
    details.get_by_role("button", name="Remove the tag surf").click()
    expect(chips(details)).to_have_text(["colleague", "drone"])
    assert shelf.patched == [{"add_tags": ["drone"]}, {"remove_tags": ["surf"]}]


def test_all_tag_changes_made_without_a_connection_are_told_and_saved_when_it_is_back(shelf: Shelf) -> None:
    video = shelf.put(tags=["a", "b", "c"])
    details = shelf.open(video)
    expect(chips(details)).to_have_count(3)
    cut(shelf)
    details.get_by_role("button", name="Remove the tag a", exact=True).click()
    details.get_by_role("button", name="Remove the tag b", exact=True).click()
    details.get_by_label("Add a tag").fill("new, c")
    details.get_by_label("Add a tag").press("Enter")
    expect(note(details, "tags")).to_contain_text(OFFLINE)
    expect(details.locator("[data-change='not removed yet'] bdi")).to_have_text(["a", "b"])
    expect(details.locator("[data-change='not saved yet'] bdi")).to_have_text(["new"])
    # One thought better of.
    details.get_by_role("button", name="Keep the tag b", exact=True).click()
    mend(shelf)
    expect(chips(details)).to_have_text(["b", "c", "new"])
    expect(details.locator("[data-change]")).to_have_count(0)
    assert video["tags"] == ["b", "c", "new"]


def test_what_a_colleague_wrote_under_an_edit_is_shown_and_overwritten_only_by_choice(shelf: Shelf) -> None:
    video = shelf.put(title="As it was")
    details = shelf.open(video)
    title = details.get_by_label("Title")
    title.fill("Mine")
    video["title"] = "Theirs"
    title.press("Enter")
    choice = details.locator("[data-field=title] [data-saved=choice]")
    expect(choice).to_contain_text("Changed meanwhile to: Theirs")
    expect(title).to_have_value("Mine")
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("Title: changed meanwhile by somebody else.")
    title.press("Tab")
    assert shelf.patched == []
    choice.get_by_role("button", name="Take theirs").click()
    expect(title).to_have_value("Theirs")
    expect(title).to_be_focused()
    title.fill("Mine after all")
    video["title"] = "Theirs again"
    # Seen by itself, while it is still being written.
    expect(choice).to_contain_text("Changed meanwhile to: Theirs again")
    choice.get_by_role("button", name="Keep mine").click()
    expect(details.get_by_role("heading", level=2)).to_have_text("Mine after all")
    assert shelf.patched == [{"title": "Mine after all"}]


def test_after_a_broken_line_what_a_colleague_wrote_meanwhile_is_not_overwritten(shelf: Shelf) -> None:
    video = shelf.put(title="As it was")
    details = shelf.open(video)
    details.get_by_label("Title").fill("Written at sea")
    cut(shelf)
    details.get_by_label("Title").press("Enter")
    expect(note(details, "title")).to_contain_text(OFFLINE)
    video["title"] = "Written on land"
    mend(shelf)
    expect(details.locator("[data-saved=choice]")).to_contain_text("Changed meanwhile to: Written on land")
    assert shelf.patched == []


def test_leaving_the_page_with_words_unsent_asks_first_and_saves_them_all_the_same(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.choose(clip("left_open.mp4"))
    visit.expect_saved("left_open.mp4")
    visit.listed("left_open.mp4").get_by_role("link", name="left_open.mp4", exact=True).click()
    details = visit.page.locator(".details")
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    visit.page.on("dialog", leave)
    details.get_by_label("Title").focus()
    visit.page.keyboard.type("Not left yet")
    visit.page.reload()
    assert asked == ["beforeunload"]
    expect(details.get_by_role("heading", level=2)).to_have_text("Not left yet")
    details.get_by_label("Add a tag").focus()
    visit.page.keyboard.type("pier")
    visit.page.reload()
    assert asked == ["beforeunload", "beforeunload"]
    expect(chips(details)).to_have_text(["pier"])


def test_words_refused_because_the_session_ended_are_saved_after_signing_in_again(
    open_page: OpenPage, team_server: RunningApp, film: Film
) -> None:
    visit = open_page(team_server)
    shelf = Shelf(visit.page, film)
    video = shelf.put(tags=["a", "b"])
    details = shelf.open(video)
    details.get_by_label("Title").fill("Kept")
    answer = {"success": False, "error": "Send a token in the Authorization header.", "code": "not-signed-in"}
    for each in ("PATCH /shelf-film", "GET /shelf-film"):
        shelf.answers[each] = lambda route: route.fulfill(status=401, json=answer)
    visit.page.context.clear_cookies()
    # Not at the field: whatever the page asks for meanwhile may have told it already, and the field is gone.
    visit.page.keyboard.press("Enter")
    said = visit.page.locator("[data-live-region]")
    expect(said).to_contain_text("Title not saved: You were signed out. It is saved once you are signed in again.")
    expect(said).not_to_contain_text("Authorization")
    shelf.answers.clear()
    with visit.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        visit.page.get_by_label(re.compile("token", re.IGNORECASE)).fill(team_server.admin_token)
        visit.page.get_by_role("button", name="Sign in").click()
    assert shelf.patched == [{"title": "Kept"}]
    visit.page.unroute_all(behavior="ignoreErrors")


def test_a_video_that_a_colleague_moved_to_the_trash_says_so_and_offers_no_editing(shelf: Shelf) -> None:
    video = shelf.put(title="Swell", tags=["surf"])
    details = shelf.open(video)
    details.get_by_label("Title").focus()
    video["status"] = "trashed"
    expect(details.locator("[data-trashed]")).to_contain_text("This video is in the trash.")
    expect(details.get_by_label("Title")).to_have_count(0)
    expect(details.locator(".player")).to_have_count(0)
    expect(details.get_by_role("link", name="Download")).to_have_count(0)
    expect(details.get_by_role("heading", level=2)).to_be_focused()
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("Swell: moved to the trash.")
    details.get_by_role("button", name="Restore").click()
    expect(details.get_by_label("Title")).to_have_value("Swell")
    del shelf.videos["shelf-film"]
    expect(details).to_contain_text("It was removed, or you may not see it.")


def test_a_title_that_is_cut_says_so(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    title = details.get_by_label("Title")
    title.focus()
    shelf.page.keyboard.insert_text("x" * 520)
    expect(title).to_have_value("x" * 500)
    expect(details.locator("[data-full]")).to_have_text("Title: at most 500 letters. What goes beyond is cut off.")
