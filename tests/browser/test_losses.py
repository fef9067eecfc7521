"""What goes wrong on the way: lost answers, a dead line, refusals, an ended session. Nothing is lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.visit import clip
from tests.services.app import RunningApp


@pytest.fixture
def proxy(team_server: RunningApp) -> Iterator[CuttingProxy]:
    with CuttingProxy(team_server.port) as made:
        yield made


def test_a_retry_after_an_answer_cut_short_never_makes_a_second_video(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy
) -> None:
    visit = open_page(team_server, base_url=proxy.base_url)
    proxy.lose_next_answer(b"POST /api/upload-video", keep_head=True)
    visit.choose(clip("answer cut.mp4"))
    expect(visit.queued("answer cut.mp4")).to_contain_text("Connection lost after everything was sent.")
    expect(visit.queued("answer cut.mp4")).to_contain_text("It is sent again by itself, from the start")
    visit.expect_saved("answer cut.mp4")
    assert proxy.lost_answers == 1
    visit.page.reload()
    expect(visit.listed("answer cut.mp4")).to_have_count(1)


def test_a_retry_that_the_browser_makes_unasked_never_makes_a_second_video(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy
) -> None:
    # Chromium repeats even a POST when a connection it had used before breaks without an answer.
    visit = open_page(team_server, base_url=proxy.base_url)
    proxy.lose_next_answer(b"POST /api/upload-video", keep_head=False)
    visit.choose(clip("answer lost.mp4"))
    visit.expect_saved("answer lost.mp4")
    assert proxy.lost_answers == 1
    visit.page.reload()
    expect(visit.listed("answer lost.mp4")).to_have_count(1)


def test_a_lost_connection_is_told_and_heals_by_itself(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy
) -> None:
    visit = open_page(team_server, base_url=proxy.base_url)
    visit.limit_upload_speed(200_000)
    visit.choose(clip("line lost.mp4", 1_500_000))
    row = visit.queued("line lost.mp4")
    expect(row).to_contain_text("MB/s")
    proxy.cut()
    expect(row).to_contain_text("Connection lost at")
    expect(row).to_contain_text("Paused")
    expect(visit.page.locator("[data-offline]")).to_contain_text("No connection to the server.")
    visit.limit_upload_speed(-1)
    proxy.mend()
    visit.expect_saved("line lost.mp4")
    expect(visit.page.locator("[data-offline]")).to_be_hidden()
    expect(visit.listed("line lost.mp4")).to_have_count(1)


def test_a_refusal_is_shown_in_the_servers_words_and_can_be_retried_when_its_cause_is_gone(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app({"MIN_FREE_BYTES": str(2**60)}, processes=["web"])
    visit = open_page(app)
    visit.choose(clip("no room.mp4"))
    row = visit.queued("no room.mp4")
    expect(row).to_have_attribute("data-state", "failed")
    expect(row).to_contain_text("Not saved")
    expect(row).to_contain_text("Ask an operator to free space.")
    app.stop("web")
    app.environ["MIN_FREE_BYTES"] = "0"
    app.start("web")
    row.get_by_role("button", name="Retry").click()
    visit.expect_saved("no room.mp4")
    expect(visit.listed("no room.mp4")).to_have_count(1)


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
