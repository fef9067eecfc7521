"""Holds in the details: who, why and until when; put on and released by those who may, and honoured by the trash."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.shelf import Film, Shelf, hold, refuse
from tests.browser.test_roles import new_token, signed_in
from tests.services.app import RunningApp


def section(details: Locator) -> Locator:
    return details.locator("section").filter(has=details.page.get_by_role("heading", name="Holds", exact=True))


def test_a_hold_is_put_on_and_from_then_on_the_trash_says_who_holds_the_video(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    holds = section(details)
    expect(holds).to_contain_text("Nobody holds it.")
    holds.get_by_role("button", name="Hold…").press("Enter")
    dialog = shelf.page.get_by_role("dialog", name="Hold “film.mp4”")
    shelf.page.keyboard.type("Evidence in case 4711")
    # Keys that the player knows are letters here.
    expect(dialog.get_by_label("Why it is held")).to_have_value("Evidence in case 4711")
    expect(dialog.get_by_label("No end")).to_be_checked()
    shelf.page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(holds.get_by_role("button", name="Hold…")).to_be_focused()
    expect(holds.get_by_role("listitem")).to_contain_text("Evidence in case 4711.")
    expect(holds.get_by_role("listitem")).to_contain_text("until somebody releases it")
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("film.mp4: held.")
    expect(details.locator("header [data-held]")).to_be_visible()
    expect(details.get_by_role("button", name="Move to trash")).to_have_count(0)
    expect(details.locator("[data-held-note]")).to_have_text(
        "It cannot be moved to the trash. Held by admin until somebody releases it: Evidence in case 4711."
    )
    assert shelf.sent == [{"reason": "Evidence in case 4711", "until": None}]


def test_release_asks_and_the_focus_stays_with_the_holds(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(holds=[hold(1), hold(2, owner="Ben", reason="Anniversary")]))
    release = section(details).get_by_role("button", name="Release the hold of Anna: Court case")
    release.click()
    dialog = shelf.page.get_by_role("dialog", name="Release this hold?")
    expect(dialog).to_contain_text("It stays held by Ben.")
    shelf.page.keyboard.press("Escape")
    expect(release).to_be_focused()
    # Esc closed the question, not the details.
    expect(details).to_be_visible()
    release.click()
    dialog.get_by_role("button", name="Release", exact=True).click()
    expect(section(details).get_by_role("listitem")).to_have_count(1)
    expect(section(details).get_by_role("heading")).to_be_focused()
    assert "DELETE shelf-film/hold/hold-1" in shelf.asked


def test_what_a_colleague_holds_meanwhile_is_not_thrown_away_and_says_so(shelf: Shelf) -> None:
    video = shelf.put()
    details = shelf.open(video)
    away = details.get_by_role("button", name="Move to trash")
    expect(away).to_be_visible()
    shelf.answers["DELETE /shelf-film"] = refuse("'film.mp4' is held.", code="held")
    video["holds"] = [hold()]
    away.click()
    expect(details.locator("[data-held-note]")).to_contain_text("Held by Anna until somebody releases it: Court case.")
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("film.mp4: held, so it stays.")
    expect(details.get_by_role("heading", level=2)).to_be_focused()


def test_a_refused_hold_is_told_in_the_dialogue_which_keeps_what_was_written(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    shelf.answers["POST /shelf-film/hold"] = refuse("The disk is full.", status=507)
    section(details).get_by_role("button", name="Hold…").click()
    dialog = shelf.page.get_by_role("dialog")
    dialog.get_by_label("Why it is held").fill("Anniversary")
    dialog.get_by_role("button", name="Hold", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("The disk is full.")
    expect(dialog.get_by_label("Why it is held")).to_have_value("Anniversary")
    expect(dialog.get_by_role("button", name="Hold", exact=True)).to_be_enabled()


def test_who_may_only_look_sees_who_holds_it_and_is_offered_neither_release_nor_links(
    open_page: OpenPage, team_server: RunningApp, film: Film
) -> None:
    token = new_token(team_server, "--name", "looks at holds", "--role", "viewer")["token"]
    shelf = Shelf(signed_in(open_page, team_server, token).page, film)
    details = shelf.open(shelf.put(holds=[hold()]))
    expect(section(details).get_by_role("listitem")).to_contain_text("Court case.")
    expect(section(details).get_by_role("button")).to_have_count(0)
    expect(details.get_by_role("button", name="Share")).to_have_count(0)
    # Without a hold there is nothing to tell.
    details = shelf.open(shelf.put("free"))
    expect(details.get_by_role("heading", name="Facts")).to_be_visible()
    expect(details.get_by_role("heading", name="Holds")).to_have_count(0)
    shelf.page.unroute_all(behavior="ignoreErrors")


def test_an_uploader_shares_what_is_its_own_and_nothing_else(
    open_page: OpenPage, team_server: RunningApp, film: Film
) -> None:
    token = new_token(team_server, "--name", "shares its own", "--role", "uploader")["token"]
    shelf = Shelf(signed_in(open_page, team_server, token).page, film)
    details = shelf.open(shelf.put("own", uploaded_by="shares its own"))
    expect(details.get_by_role("button", name="Share own.mp4")).to_be_visible()
    details = shelf.open(shelf.put("foreign", uploaded_by="somebody else"))
    expect(details.get_by_role("heading", level=2)).to_have_text("foreign.mp4")
    expect(details.get_by_role("button", name="Share")).to_have_count(0)
    shelf.page.unroute_all(behavior="ignoreErrors")
