"""What goes wrong on the way: lost answers, a dead line, refusals, an ended session. Nothing is lost or doubled."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.sending import is_sending
from tests.browser.visit import clip
from tests.services.app import RunningApp


@pytest.mark.parametrize("keep_head", [True, False], ids=["cut short", "lost"])
@pytest.mark.parametrize("request_start", [b"POST /files/", b"PATCH /files/"], ids=["beginning", "end"])
def test_an_answer_that_never_came_makes_no_second_video(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy, request_start: bytes, keep_head: bool
) -> None:
    # Chromium repeats even a POST by itself when a connection it had used before breaks without an answer.
    visit = open_page(team_server, base_url=proxy.base_url)
    name = f"answer {request_start[:3].decode()} {keep_head}.mp4"
    proxy.lose_next_answer(request_start, keep_head=keep_head)
    visit.choose(clip(name))
    visit.expect_saved(name)
    assert proxy.lost_answers == 1
    visit.page.reload()
    expect(visit.listed(name)).to_have_count(1)


def test_a_lost_connection_is_told_and_the_upload_goes_on_where_it_stopped(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy
) -> None:
    visit = open_page(team_server, base_url=proxy.base_url)
    visit.limit_upload_speed(400_000)
    visit.choose(clip("line lost.mp4", 2_000_000))
    row = visit.queued("line lost.mp4")
    expect(row).to_contain_text(re.compile("Sent [3-9]."))
    proxy.cut()
    expect(row).to_contain_text("Paused: connection lost. Resumes by itself.")
    expect(visit.page.locator("[data-offline]")).to_contain_text("No connection to the server.")
    expect(visit.page.locator("[data-live-region]")).to_contain_text("line lost.mp4: Paused: connection lost.")
    visit.limit_upload_speed(-1)
    with visit.page.expect_request(is_sending) as resumed:
        proxy.mend()
    visit.expect_saved("line lost.mp4")
    assert int(resumed.value.headers["upload-offset"]) > 0
    expect(visit.page.locator("[data-offline]")).to_be_hidden()
    expect(visit.listed("line lost.mp4")).to_have_count(1)


def test_words_that_the_server_refuses_can_be_put_right_and_sent_again(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.write_before_sending()
    visit.choose(clip("too many tags.mp4"))
    tags = visit.page.get_by_label("Tags of too many tags.mp4")
    tags.fill(",".join(f"t{number}" for number in range(101)))
    visit.page.get_by_role("button", name="Send 1 file").click()
    row = visit.queued("too many tags.mp4")
    expect(row).to_contain_text("send fewer")
    tags.fill("few")
    row.get_by_role("button", name="Retry").click()
    visit.expect_saved("too many tags.mp4")


def test_a_file_waits_for_the_next_sign_in_when_the_session_has_ended(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app(processes=["web"])
    visit = open_page(app, sign_in=False)
    with visit.page.expect_response("**/storage-stats"):
        visit.open(token=app.admin_token)
    # Nothing is under way now, and nothing is in motion: the upload is the first to meet the ended session.
    visit.page.context.clear_cookies()
    visit.choose(clip("after sign-in.mp4"))
    token = visit.page.get_by_label("Token")
    expect(visit.page.get_by_role("alert")).to_contain_text("files in the queue wait for you")
    token.fill(app.admin_token)
    token.press("Enter")
    visit.expect_saved("after sign-in.mp4")
