"""Sharing: a link is made, copied, counted and revoked; what ended stands apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.shelf import Shelf, refuse, share
from tests.browser.test_access import _FAINT_TEXTS, _SMALL_TARGETS


def opened(shelf: Shelf) -> Locator:
    details = shelf.open(shelf.put())
    details.get_by_role("button", name="Share film.mp4").click()
    dialog = shelf.page.get_by_role("dialog", name="Share “film.mp4”")
    expect(dialog.get_by_role("heading", name="Links that open")).to_be_visible()
    return dialog


def test_a_link_is_made_for_a_time_shown_and_copied(shelf: Shelf) -> None:
    shelf.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = opened(shelf)
    expect(dialog.get_by_label("7 days")).to_be_checked()
    dialog.get_by_label("30 days").check()
    dialog.get_by_label("Whom it is for").fill("Press office")
    dialog.get_by_label("Allow downloading the original file").check()
    shelf.page.keyboard.press("Enter")
    link = dialog.get_by_role("textbox", name="The link for Press office")
    expect(link).to_have_value("https://films.example/s/new.c2lnbmF0dXJl")
    expect(link).to_be_focused()
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("Link created.")
    dialog.get_by_role("button", name="Copy link", exact=True).press("Enter")
    expect(dialog.get_by_role("button", name="Copied", exact=True)).to_be_focused()
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("Link copied.")
    assert shelf.page.evaluate("navigator.clipboard.readText()") == "https://films.example/s/new.c2lnbmF0dXJl"
    assert shelf.sent == [{"expires_in_hours": 30 * 24, "label": "Press office", "may_download": True}]
    expect(dialog.locator("[data-links=open] [data-share=new]")).to_contain_text("Press office")
    shelf.page.keyboard.press("Escape")
    expect(shelf.page.get_by_role("button", name="Share film.mp4")).to_be_focused()


def test_a_date_of_ones_own_lies_after_today_and_within_a_year(shelf: Shelf) -> None:
    dialog = opened(shelf)
    today = datetime.now(UTC)
    dialog.get_by_label("Until a date").check()
    create = dialog.get_by_role("button", name="Create link")
    for date, words in (
        (None, "Choose the day."),
        (today - timedelta(days=1), "Choose a day after today."),
        (today + timedelta(days=800), "Choose a day until "),
    ):
        if date:
            dialog.get_by_label("Last day").fill(f"{date:%Y-%m-%d}")
        create.click()
        expect(dialog.get_by_role("alert")).to_contain_text(words)
        expect(dialog.get_by_label("Last day")).to_be_focused()
    assert shelf.sent == []
    dialog.get_by_label("Last day").fill(f"{today + timedelta(days=10):%Y-%m-%d}")
    create.click()
    expect(dialog.locator("[data-made]")).to_be_visible()
    assert 9 * 24 <= shelf.sent[0]["expires_in_hours"] <= 12 * 24


def test_the_links_tell_how_often_they_were_opened_and_those_that_ended_stand_apart(shelf: Shelf) -> None:
    now = datetime.now(UTC)
    shelf.shares = [
        share(
            "press", label="Press office", opened=3, last_opened_at=(now - timedelta(hours=2, minutes=5)).isoformat()
        ),
        share("anybody", days=1.5),
        share("old", label="Old", days=-2.2, opened=1, last_opened_at=(now - timedelta(days=3.2)).isoformat()),
        share("mistake", label="Mistake", revoked_at=(now - timedelta(hours=1, minutes=5)).isoformat()),
    ]
    dialog = opened(shelf)
    live = dialog.locator("[data-links=open]").get_by_role("listitem")
    expect(live).to_have_count(2)
    expect(live.first).to_contain_text("Opened 3 times, last 2 h ago · Expires in 7 days · by admin")
    expect(live.last).to_contain_text("No labelNot opened yet · Expires in 2 days")
    expect(dialog.locator("[data-links=ended]")).to_be_hidden()
    dialog.get_by_text("Expired and revoked (2)").click()
    ended = dialog.locator("[data-links=ended]").get_by_role("listitem")
    expect(ended.first).to_contain_text("Opened once, 3 days ago · Expired 2 days ago")
    expect(ended.last).to_contain_text("Not opened yet · Revoked 1 h ago")
    expect(ended.get_by_role("button")).to_have_count(0)


def test_revoke_asks_first_and_esc_takes_back_the_question_only(shelf: Shelf) -> None:
    shelf.shares = [share("press", label="Press office"), share("other", label="Other")]
    dialog = opened(shelf)
    revoke = dialog.get_by_role("button", name="Revoke the link for Press office")
    revoke.press("Enter")
    question = dialog.get_by_role("group", name="Revoke the link for Press office")
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    shelf.page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(revoke).to_be_focused()
    revoke.press("Enter")
    question.get_by_role("button", name="Revoke", exact=True).click()
    expect(dialog.locator("[data-links=open]").get_by_role("listitem")).to_have_count(1)
    expect(dialog.get_by_text("Expired and revoked (1)")).to_be_visible()
    expect(dialog.get_by_role("heading", name="Links that open")).to_be_focused()
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("Link revoked.")
    assert "DELETE shelf-film/share/press" in shelf.asked


def test_what_the_server_refuses_is_told_in_its_words_and_nothing_written_is_lost(shelf: Shelf) -> None:
    shelf.answers["GET /shelf-film/share"] = refuse("The catalog is locked.", status=503)
    shelf.answers["POST /shelf-film/share"] = refuse("This video is in the trash.")
    shelf.open(shelf.put()).get_by_role("button", name="Share film.mp4").click()
    dialog = shelf.page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_have_text("The links could not be loaded. The catalog is locked.")
    dialog.get_by_label("Whom it is for").fill("Anna")
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.get_by_text("This video is in the trash.")).to_be_visible()
    expect(dialog.get_by_label("Whom it is for")).to_have_value("Anna")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_dialogues_fit_each_screen_stand_out_and_can_be_hit(shelf: Shelf, theme: str) -> None:
    shelf.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    word = "Donaudampfschifffahrt" * 9
    shelf.shares = [share("long", label=word, created_by=word), share("old", label=word, days=-1)]
    details = shelf.open(shelf.put(title=word))
    for button in ("Hold…", f"Share {word}"):
        details.get_by_role("button", name=button).click()
        dialog = shelf.page.get_by_role("dialog").last
        if button != "Hold…":
            dialog.get_by_text("Expired and revoked (1)").click()
            dialog.get_by_role("button", name="Revoke the link").click()
        dialog.get_by_label("Until a date").check()
        for width in (390, 820, 1440):
            shelf.page.set_viewport_size({"width": width, "height": 900})
            assert dialog.evaluate("all => all.scrollWidth <= all.clientWidth"), (button, width)
            assert shelf.page.evaluate(_SMALL_TARGETS) == []
        assert shelf.page.evaluate(_FAINT_TEXTS) == []
        dialog.get_by_role("button", name="Close", exact=True).click()
        expect(dialog.get_by_text("Until a date")).to_have_count(0)


def test_a_click_beside_the_dialogue_loses_no_words(shelf: Shelf) -> None:
    dialog = opened(shelf)
    dialog.get_by_label("Whom it is for").fill("Press office")
    shelf.page.mouse.click(5, 5)
    expect(dialog.get_by_label("Whom it is for")).to_have_value("Press office")
    dialog.get_by_label("Whom it is for").fill("")
    shelf.page.mouse.click(5, 5)
    expect(dialog).to_have_count(0)


def test_where_no_answer_comes_nothing_is_promised_and_the_words_stay(shelf: Shelf) -> None:
    dialog = opened(shelf)
    dialog.get_by_label("Whom it is for").fill("Press office")
    shelf.answers["POST /shelf-film/share"] = lambda route: route.abort()
    dialog.get_by_role("button", name="Create link").click()
    expect(dialog.get_by_role("alert")).to_contain_text("it is not known whether this was done")
    expect(dialog.get_by_role("alert")).not_to_contain_text("by itself")
    expect(dialog.get_by_label("Whom it is for")).to_have_value("Press office")
    expect(dialog.get_by_role("button", name="Create link")).to_be_enabled()
