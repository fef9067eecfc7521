"""Webhooks on the page: added with a secret that is shown once, tested, looked at, sent again, paused and deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_access import _FAINT_TEXTS, _SMALL_TARGETS
from tests.services.app import RunningApp
from tests.services.receiver import Receiver, Reply


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def part(open_page: OpenPage, team_server: RunningApp) -> Iterator[Locator]:
    """The part of the view, of a server that has no webhook before and after."""
    visit = open_page(team_server, load=False)
    visit.page.goto(f"{visit.base_url}/operations")
    yield visit.page.get_by_role("region", name="Webhooks", exact=True)
    for one in team_server.request("GET", "/api/webhooks").json()["webhooks"]:
        team_server.request("DELETE", f"/api/webhooks/{one['id']}")


def add(part: Locator, url: str, label: str, *names: str) -> str:
    """Add a webhook by the dialogue; its secret."""
    page = part.page
    part.get_by_role("button", name="Add webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(url)
    dialog.get_by_label("What it is").fill(label)
    for name in names:
        dialog.get_by_label(name, exact=True).check()
    dialog.get_by_role("button", name="Add webhook").click()
    field = page.get_by_role("dialog", name="Keep its secret").get_by_label("The secret. It is shown only now.")
    expect(field).to_have_value(re.compile("^whsec_"))
    secret = field.input_value()
    page.get_by_role("button", name="I have it").click()
    return secret


def test_a_webhook_is_added_tested_and_told_of_what_happens(part: Locator, receiver: Receiver) -> None:
    expect(part).to_contain_text("Nobody is told.")
    secret = add(part, receiver.url, "archive", "target_parked", "target_resumed")
    row = part.get_by_role("listitem").first
    expect(row).to_contain_text("Active")
    expect(row).to_contain_text("target_parked, target_resumed")
    expect(part.page.locator("body")).not_to_contain_text(secret)
    row.get_by_role("button", name="Test archive").click()
    expect(row).to_contain_text(re.compile(r"archive took it: 200, in \d+\.\d\d s\."))
    assert receiver.messages[0].verified(secret)["type"] == "webhook_test"
    receiver.answer = lambda _: Reply(500)
    row.get_by_role("button", name="Test archive").click()
    expect(row.get_by_role("alert")).to_contain_text("did not take it. It answered 500 Internal Server Error.")
    receiver.answer = lambda _: Reply()
    row.get_by_role("button", name="Show what was sent").click()
    failed = row.locator("[data-delivery]").first
    expect(failed).to_contain_text(re.compile("Failed.*webhook_test.*500.*It answered 500"))
    failed.get_by_role("button", name="Send webhook_test again").click()
    expect(failed).to_contain_text(re.compile("Taken.*2 attempts"))
    assert receiver.ids[-1] == receiver.ids[-2]


def test_it_is_paused_resumed_given_a_new_secret_and_deleted(part: Locator, receiver: Receiver) -> None:
    old = add(part, receiver.url, "archive")
    row, page = part.get_by_role("listitem").first, part.page
    row.get_by_role("button", name="Pause archive").click()
    expect(row).to_contain_text(re.compile("Paused.*Paused by admin"))
    row.get_by_role("button", name="Resume archive").click()
    expect(row).to_contain_text("archive goes on.")
    row.get_by_role("button", name="New secret for archive").click()
    page.get_by_role("button", name="Make a new secret").click()
    field = page.get_by_label("The secret. It is shown only now.")
    expect(field).to_have_value(re.compile("^whsec_"))
    assert field.input_value() != old
    page.get_by_role("button", name="I have it").click()
    row.get_by_role("button", name="Delete archive").click()
    page.get_by_role("button", name="Delete webhook").click()
    expect(part).to_contain_text("Nobody is told.")
    expect(part.get_by_role("heading", name="Webhooks")).to_be_focused()


def test_what_is_wrong_with_an_address_is_said_in_the_dialogue(part: Locator) -> None:
    part.get_by_role("button", name="Add webhook").click()
    dialog = part.page.get_by_role("dialog")
    dialog.get_by_label("Address").fill("ftp://example.org/")
    dialog.get_by_role("button", name="Add webhook").click()
    expect(dialog.get_by_role("alert")).to_have_text("url must begin with https:// or http:// and name a host.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(part).to_contain_text("Nobody is told.")


def test_nothing_scrolls_sideways_or_is_too_small_or_too_faint(part: Locator, receiver: Receiver) -> None:
    page: Page = part.page
    add(part, f"{receiver.url}&{'long' * 60}", "the archive of the second colour pass " * 4)
    receiver.answer = lambda _: Reply(410)
    row = part.get_by_role("listitem").first
    row.get_by_role("button", name=re.compile("^Test ")).click()
    expect(row.get_by_role("alert")).to_contain_text("410 Gone")
    row.get_by_role("button", name="Show what was sent").click()
    expect(row.locator("[data-delivery]")).to_have_count(1)
    page.emulate_media(reduced_motion="reduce")
    for width in (1440, 820, 375):
        page.set_viewport_size({"width": width, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert page.evaluate(_SMALL_TARGETS) == []
    assert page.evaluate(_FAINT_TEXTS) == []
    page.get_by_role("button", name="Switch to dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(_FAINT_TEXTS) == []


def test_one_that_ended_by_itself_is_among_what_needs_a_person(part: Locator, receiver: Receiver) -> None:
    add(part, receiver.url, "archive")
    row = part.get_by_role("listitem").first
    receiver.answer = lambda _: Reply(410)
    row.get_by_role("button", name="Test archive").click()
    expect(row.get_by_role("alert")).to_contain_text("410 Gone")
    row.get_by_role("button", name="Show what was sent").click()
    row.get_by_role("button", name="Send webhook_test again").click()
    needs = part.page.locator("[data-need=webhook]")
    expect(needs).to_contain_text("Webhook archive is told nothing more", timeout=30_000)
    expect(needs).to_contain_text("It answered 410 Gone")
    expect(row).to_contain_text("Needs you")
    receiver.answer = lambda _: Reply()
    needs.get_by_role("button", name="Resume the webhook archive").click()
    expect(needs).to_have_count(0)
    expect(row).to_contain_text("Active")
    row.get_by_role("button", name="Pause archive").click()
    expect(row).to_contain_text("Paused by admin")
    expect(needs).to_have_count(0)


def test_an_address_that_browsers_refuse_breaks_nothing(part: Locator) -> None:
    add(part, "http://[fe80::1%25eth0]:9/hook", "")
    row = part.get_by_role("listitem").first
    expect(row.get_by_role("heading")).to_have_text("http://[fe80::1%25eth0]:9/hook")
    row.get_by_role("button", name="Pause http").click()
    expect(row).to_contain_text("Paused by admin")
