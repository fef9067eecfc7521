"""Uploads that nothing can stop: whatever breaks on the way, the file on disk is the chosen one, byte by byte."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.own_browser import OwnBrowser
from tests.browser.sending import begin, durable_bytes, expect_rest_only, is_sending, shown_states, watch_states
from tests.browser.takes import MIB, expect_whole, take
from tests.services.app import RunningApp

SIZE = 24 * MIB
LOST = "Paused: connection lost. Resumes by itself."


@pytest.mark.parametrize("is_told", [True, False], ids=["the browser knows", "nobody knows"])
def test_a_lost_network_is_told_and_the_upload_goes_on_by_itself_from_what_is_durable(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy, tmp_path: Path, is_told: bool
) -> None:
    visit = open_page(team_server, base_url=proxy.base_url)
    source = take(tmp_path / f"lost {is_told}.mp4", SIZE)
    watch_states(visit)
    durable = durable_bytes(team_server, begin(visit, proxy, source))
    # Chromium offline refuses what is new; what is under way would go on.
    proxy.cut()
    visit.page.context.set_offline(is_told)
    expect(visit.queued(source.name)).to_contain_text(LOST)
    with visit.page.expect_request(is_sending) as resumed:
        proxy.mend()
        visit.page.context.set_offline(False)
        proxy.bytes_per_second = math.inf
    visit.expect_saved(source.name)
    expect_rest_only(resumed.value, source, durable)
    assert proxy.request_bytes < SIZE + MIB
    assert shown_states(visit) == ["sending", "waiting", "sending", "saving", "saved"]
    expect_whole(team_server, source)


def test_after_a_reload_the_queue_says_what_to_do_and_the_same_file_goes_on_where_it_was(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy, tmp_path: Path
) -> None:
    visit = open_page(team_server, base_url=proxy.base_url)
    source = take(tmp_path / "reloaded.mp4", SIZE)
    url = begin(visit, proxy, source)
    durable = durable_bytes(team_server, url)
    visit.page.on("dialog", lambda dialog: dialog.accept())
    visit.page.reload()
    expect(visit.queued(source.name)).to_contain_text(re.compile(r"Choose the file again to go on from \d+\s%"))
    proxy.bytes_per_second = math.inf
    with visit.page.expect_request(is_sending) as resumed:
        visit.offer(f"Choose {source.name} again", source)
    visit.expect_saved(source.name)
    assert resumed.value.url == url
    expect_rest_only(resumed.value, source, durable)
    expect_whole(team_server, source)


@pytest.mark.parametrize("by_drop", [False, True], ids=["chosen", "dropped"])
def test_a_killed_browser_still_lists_the_queue_and_the_same_file_goes_on_where_it_was(
    own_browser: OwnBrowser, team_server: RunningApp, proxy: CuttingProxy, tmp_path: Path, by_drop: bool
) -> None:
    visit = own_browser.start(proxy.base_url)
    visit.open(token=team_server.admin_token)
    source = take(tmp_path / f"killed {by_drop}.mp4", SIZE)
    url = begin(visit, proxy, source, by_drop=by_drop)
    durable = durable_bytes(team_server, url)
    own_browser.kill9()
    visit = own_browser.start(proxy.base_url)
    visit.open(token=team_server.admin_token)
    # Of a dropped file the browser kept a handle; headless Chromium never answers whether it may be used again.
    says = "Press Go on: it continues from" if by_drop else "Choose the file again to go on from"
    expect(visit.queued(source.name)).to_contain_text(says)
    proxy.bytes_per_second = math.inf
    with visit.page.expect_request(is_sending) as resumed:
        if by_drop:
            visit.drop_paths(source)
        else:
            visit.offer(f"Choose {source.name} again", source)
    visit.expect_saved(source.name)
    assert resumed.value.url == url
    expect_rest_only(resumed.value, source, durable)
    expect_whole(team_server, source)


@pytest.mark.parametrize("killed", [["web"], ["web", "worker"]], ids=["web", "everything"])
def test_a_server_killed_in_the_middle_is_waited_for_and_the_upload_goes_on_by_itself(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path, killed: list[str]
) -> None:
    app = running_app(processes=killed)
    with CuttingProxy(app.port) as proxy:
        visit = open_page(app, base_url=proxy.base_url)
        source = take(tmp_path / "killed under it.mp4", SIZE)
        watch_states(visit)
        durable = durable_bytes(app, begin(visit, proxy, source))
        for name in killed:
            app.kill9(name)
        expect(visit.queued(source.name)).to_contain_text(LOST)
        proxy.bytes_per_second = math.inf
        if "worker" in killed:
            assert app.release().returncode == 0
        with visit.page.expect_request(is_sending, timeout=60_000) as resumed:
            app.start(*killed)
        visit.expect_saved(source.name)
        expect_rest_only(resumed.value, source, durable)
    assert shown_states(visit) == ["sending", "waiting", "sending", "saving", "saved"]
    expect_whole(app, source)


def test_a_line_that_breaks_without_a_word_is_told_too_and_the_upload_goes_on_over_a_new_one(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy, tmp_path: Path
) -> None:
    visit = open_page(team_server, base_url=proxy.base_url)
    source = take(tmp_path / "out of range.mp4", SIZE)
    watch_states(visit)
    durable = durable_bytes(team_server, begin(visit, proxy, source))
    proxy.hang()
    row = visit.queued(source.name)
    expect(row).to_contain_text("No progress for")
    expect(visit.page.locator(".queue-sum")).not_to_contain_text("left")
    expect(row).to_contain_text(LOST, timeout=60_000)
    proxy.bytes_per_second = math.inf
    with visit.page.expect_request(is_sending, timeout=60_000) as resumed:
        proxy.mend()
    visit.expect_saved(source.name)
    expect_rest_only(resumed.value, source, durable)
    assert shown_states(visit) == ["sending", "waiting", "sending", "saving", "saved"]
    expect_whole(team_server, source)
