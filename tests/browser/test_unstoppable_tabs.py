"""One upload, several tabs of a browser: all show it, one sends it, and another takes over when that one is closed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PLAIN_HOST, OpenPage
from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.sending import Senders, begin
from tests.browser.takes import MIB, expect_whole, take
from tests.browser.visit import Visit
from tests.services.app import RunningApp
from tests.services.waiting import wait_until

# The page keeps a copy of the first in the browser; the second it must ask for again.
SMALL, LARGE = 7 * MIB, 24 * MIB

# The one has the browser's locks, the other has none and asks its other tabs.
both_kinds_of_address = pytest.mark.parametrize("host", ["127.0.0.1", PLAIN_HOST])


def another_tab(visit: Visit) -> Visit:
    tab = Visit(visit.page.context.new_page(), visit.base_url)
    tab.page.on("dialog", lambda dialog: dialog.accept())
    tab.open()
    return tab


def wait_for_owner(tabs: list[Visit], name: str) -> Visit:
    """Wait until one tab has the file, and all others say that another has it."""
    shown: list[str] = []

    def settled() -> bool:
        shown[:] = [tab.queued(name).get_attribute("data-state") or "" for tab in tabs]
        # The server may still be busy with what the last owner had sent.
        return shown.count("elsewhere") == len(tabs) - 1 and not {"opening", "needs"} & set(shown)

    wait_until(settled, "one tab to have the file", seconds=60)
    (owner,) = [tab for tab, state in zip(tabs, shown, strict=True) if state != "elsewhere"]
    return owner


@both_kinds_of_address
def test_tabs_that_could_all_send_a_file_leave_it_to_one_and_another_takes_over_by_itself(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy, tmp_path: Path, host: str
) -> None:
    first = open_page(team_server, base_url=f"http://{host}:{proxy.port}")
    first.page.on("dialog", lambda dialog: dialog.accept())
    senders = Senders(first.page.context)
    source = take(tmp_path / f"tabs at {host}.mp4", SMALL)
    begin(first, proxy, source)
    second = another_tab(first)
    expect(second.queued(source.name)).to_contain_text("Moving in another tab of this browser")
    tabs = [first, second, another_tab(first)]
    for tab in tabs:
        tab.page.evaluate("setTimeout(() => location.reload())")
    while len(tabs) > 1:
        owner = wait_for_owner(tabs, source.name)
        owner.page.close()
        tabs.remove(owner)
    (last,) = tabs
    proxy.bytes_per_second = math.inf
    last.expect_saved(source.name)
    assert (len(senders.begun), senders.most_at_once) == (1, 1)
    expect_whole(team_server, source)


@both_kinds_of_address
def test_a_file_given_to_several_tabs_is_sent_by_one_and_becomes_one_video(
    open_page: OpenPage, team_server: RunningApp, proxy: CuttingProxy, tmp_path: Path, host: str
) -> None:
    first = open_page(team_server, base_url=f"http://{host}:{proxy.port}")
    senders = Senders(first.page.context)
    source = take(tmp_path / f"given twice at {host}.mp4", LARGE)
    begin(first, proxy, source)
    second = another_tab(first)
    second.expect_state(source.name, "elsewhere")
    second.choose(source)
    expect(second.page.locator("[data-live-region]")).to_contain_text("1 file already in the queue.")
    third = another_tab(first)
    first.page.close()
    for tab in (second, third):
        expect(tab.queued(source.name)).to_contain_text("Choose the file again to go on from")
    dialogues = []
    for tab in (second, third):
        with tab.page.expect_file_chooser() as dialogue:
            tab.press(f"Choose {source.name} again")
        dialogues.append(dialogue.value)
    for given in dialogues:
        given.set_files(source)
    wait_for_owner([second, third], source.name)
    proxy.bytes_per_second = math.inf
    for tab in (second, third):
        tab.expect_saved(source.name)
        expect(tab.page.locator(".queue-row")).to_have_count(1)
        expect(tab.listed(source.name)).to_have_count(1)
    assert (len(senders.begun), senders.most_at_once) == (1, 1)
    expect_whole(team_server, source)
