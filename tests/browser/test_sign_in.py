"""Signing in by link, by token, not at all; and out."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.services.app import RunningApp

TOKEN_FIELD = "Token"


def test_a_sign_in_link_signs_in_and_leaves_its_token_nowhere_in_the_address(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    assert visit.page.url == team_server.base_url + "/"
    assert visit.page.evaluate("navigation.entries().filter((entry) => entry.url.includes('hf_')).length") == 0
    assert team_server.admin_token not in visit.page.content()
    cookies = visit.page.context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]


def test_a_link_opened_in_a_tab_that_shows_the_page_already_signs_in(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server, sign_in=False)
    expect(visit.page.get_by_label(TOKEN_FIELD)).to_be_visible()
    visit.open(token=team_server.admin_token)
    assert "#" not in visit.page.url


def test_a_wrong_token_is_told_in_a_sentence_and_the_right_one_signs_in(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server, sign_in=False)
    field = visit.page.get_by_label(TOKEN_FIELD)
    expect(field).to_be_focused()
    field.fill("hf_nobody")
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("This token is not known here.")
    field.fill(team_server.admin_token)
    field.press("Enter")
    expect(visit.page.get_by_role("heading", name="Upload")).to_be_visible()


def test_a_session_outlives_a_reload_and_ends_with_sign_out(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.page.reload()
    expect(visit.page.get_by_role("heading", name="Upload")).to_be_visible()
    visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page.get_by_label(TOKEN_FIELD)).to_be_visible()
    visit.page.reload()
    expect(visit.page.get_by_label(TOKEN_FIELD)).to_be_visible()


def test_open_mode_asks_nobody(open_page: OpenPage, running_app: Callable[..., RunningApp]) -> None:
    app = running_app({"AUTH_MODE": "open"}, processes=["web"])
    visit = open_page(app, sign_in=False)
    expect(visit.page.get_by_role("heading", name="Upload")).to_be_visible()
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_hidden()
