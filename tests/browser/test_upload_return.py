"""After a reload, a lost network, an ended session: the queue is still there and goes on, never from zero."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Route, expect

from tests.browser.conftest import PLAIN_HOST, OpenPage
from tests.browser.sending import is_sending
from tests.browser.test_upload_queue import SLOW, video_named
from tests.browser.visit import Visit, clip
from tests.services.app import RunningApp

# Larger than what the page keeps a copy of.
BIG = 9 * 1024 * 1024
# Whether the server was asked yet how much it has makes the difference.
_CHOOSE = re.compile("Choose the file again to (go on from|send it)")


@pytest.fixture
def big_file(tmp_path: Path) -> Path:
    path = tmp_path / "long take.mp4"
    path.write_bytes(clip(path.name, BIG)["buffer"])
    return path


def interrupt(visit: Visit, name: str) -> None:
    """Send a part of a file, slowly, then load the page anew at full speed."""
    visit.page.on("dialog", lambda dialog: dialog.accept())
    visit.expect_sent(name, 10)
    visit.page.reload()
    visit.limit_upload_speed(-1)


def plain(path: Path, name: str = "", buffer: bytes = b"") -> FilePayload:
    return {"name": name or path.name, "mimeType": "video/mp4", "buffer": buffer or path.read_bytes()}


@pytest.mark.parametrize("host", ["127.0.0.1", PLAIN_HOST])
def test_a_file_chosen_again_goes_on_where_it_stopped_and_a_wrong_one_is_told(
    open_page: OpenPage, team_server: RunningApp, big_file: Path, tmp_path: Path, host: str
) -> None:
    visit = open_page(team_server, base_url=f"http://{host}:{team_server.port}", viewport={"width": 390, "height": 844})
    name = f"again {host}.mp4"
    right, wrong = tmp_path / name, tmp_path / f"wrong {host}.mp4"
    right.write_bytes(big_file.read_bytes())
    wrong.write_bytes(clip(name, BIG)["buffer"])
    visit.limit_upload_speed(4_000_000)
    visit.choose(right)
    visit.press(f"Words of {name}")
    visit.page.get_by_label(f"Title of {name}").fill(f"Kept {host}")
    interrupt(visit, name)
    row = visit.queued(name)
    visit.expect_state(name, "needs")
    expect(row).to_contain_text("Choose the file again to go on from")
    expect(visit.page.get_by_text("A browser lets go of its files when the page is closed.")).to_be_visible()
    visit.offer(f"Choose {name} again", wrong)
    expect(row.get_by_role("alert")).to_contain_text("is not the file that was begun")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390
    with visit.page.expect_request(is_sending) as resumed:
        visit.offer(f"Choose {name} again", right)
    visit.expect_saved(name)
    kept = int(resumed.value.headers["upload-offset"])
    assert kept > 300_000
    assert int(resumed.value.all_headers()["content-length"]) == right.stat().st_size - kept
    assert video_named(team_server, name)["sha256"] == hashlib.sha256(right.read_bytes()).hexdigest()
    expect(visit.listed(f"Kept {host}")).to_be_visible()


def test_files_dropped_again_find_their_rows_whatever_they_are_called_now(
    open_page: OpenPage, team_server: RunningApp, big_file: Path
) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(4_000_000)
    visit.choose(big_file)
    interrupt(visit, big_file.name)
    visit.expect_state(big_file.name, "needs")
    other = big_file.with_name("other") / big_file.name
    other.parent.mkdir()
    other.write_bytes(clip("x", BIG)["buffer"])
    renamed = big_file.rename(big_file.with_name("renamed.mp4"))
    visit.choose(other, renamed)
    rows = visit.queued(big_file.name)
    expect(rows).to_have_count(2)
    for row in rows.all():
        expect(row).to_have_attribute("data-state", "saved")
    expect(visit.page.locator(".queue-row")).to_have_count(2)


def test_a_small_file_goes_on_after_a_reload_without_anybody(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(SLOW)
    visit.choose(clip("small one.mp4", 2_000_000))
    visit.page.on("dialog", lambda dialog: dialog.accept())
    visit.expect_sent("small one.mp4", 10)
    with visit.page.expect_request(lambda request: is_sending(request) and request.headers["upload-offset"] != "0"):
        visit.page.reload()
        visit.limit_upload_speed(-1)
    visit.expect_saved("small one.mp4")
    visit.page.reload()
    # What was saved is still listed, as the server tells it, until it is cleared.
    visit.expect_saved("small one.mp4")
    expect(visit.queued("small one.mp4").locator(".digest")).to_be_visible()


def test_a_dropped_file_goes_on_after_a_reload_where_the_browser_still_lets_the_page_read_it(
    open_page: OpenPage, team_server: RunningApp, big_file: Path
) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(4_000_000)
    visit.drop_paths(big_file)
    interrupt(visit, big_file.name)
    visit.expect_saved(big_file.name)


def test_a_file_of_the_browsers_own_dialogue_goes_on_after_a_reload_without_anybody(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    # Only the dialogue is stood in for: the handle is a real one, of a file in the browser's own storage.
    visit.page.evaluate(
        """(size) => {
            const refused = () => Promise.reject(new DOMException("cancelled", "AbortError"));
            const give = async () => {
                const folder = await navigator.storage.getDirectory();
                const handle = await folder.getFileHandle("picked.mp4", { create: true });
                const sink = await handle.createWritable();
                const noise = () => crypto.getRandomValues(new Uint8Array(65536));
                for (let at = 0; at < size; at += 65536) await sink.write(noise());
                await sink.close();
                return [handle];
            };
            window.showOpenFilePicker = () => { window.showOpenFilePicker = give; return refused(); };
        }""",
        BIG,
    )
    visit.limit_upload_speed(4_000_000)
    choose = visit.page.locator("[data-choose]")
    choose.click()
    expect(visit.page.locator(".queue-row")).to_have_count(0)
    choose.click()
    interrupt(visit, "picked.mp4")
    visit.expect_saved("picked.mp4")


def test_where_the_browser_asks_first_one_press_goes_on(
    open_page: OpenPage, team_server: RunningApp, big_file: Path
) -> None:
    visit = open_page(team_server)
    # Headless Chromium never asks; what it would answer before and after the question stands in for that.
    visit.page.add_init_script("""
        let answer = "prompt";
        FileSystemHandle.prototype.queryPermission = async () => answer;
        FileSystemHandle.prototype.requestPermission = async () => (answer = "granted");
    """)
    visit.limit_upload_speed(4_000_000)
    visit.drop_paths(big_file)
    interrupt(visit, big_file.name)
    visit.press(f"Go on with {big_file.name}")
    visit.expect_saved(big_file.name)


def test_where_the_browser_may_not_read_the_file_it_is_chosen_by_hand(
    open_page: OpenPage, team_server: RunningApp, big_file: Path
) -> None:
    visit = open_page(team_server)
    visit.page.add_init_script("""
        let answer = "prompt";
        FileSystemHandle.prototype.queryPermission = async () => answer;
        FileSystemHandle.prototype.requestPermission = async () => (answer = "denied");
    """)
    visit.limit_upload_speed(4_000_000)
    visit.drop_paths(big_file)
    interrupt(visit, big_file.name)
    visit.press(f"Go on with {big_file.name}")
    expect(visit.page.locator("[data-live-region]")).to_contain_text(_CHOOSE)
    visit.offer(f"Choose {big_file.name} again", big_file)
    visit.expect_saved(big_file.name)


def test_a_file_chosen_without_a_network_is_sent_once_there_is_one(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.cut_network()
    expect(visit.page.locator("[data-offline]")).to_contain_text("No connection to the server.")
    visit.choose(clip("tunnel.mp4"))
    expect(visit.queued("tunnel.mp4")).to_contain_text("Waits for its turn")
    visit.mend_network()
    visit.expect_saved("tunnel.mp4")


def test_a_proxy_that_answers_for_a_restarting_server_never_makes_an_upload_begin_anew(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    statuses = [502, 504]
    begun: list[str] = []

    def answer(route: Route) -> None:
        if route.request.method == "HEAD" and statuses:
            route.fulfill(status=statuses.pop(), body="")
        else:
            route.continue_()

    visit.page.on("request", lambda request: begun.append(request.url) if request.method == "POST" else None)
    visit.limit_upload_speed(SLOW)
    visit.choose(clip("restarting.mp4", 1_500_000))
    visit.expect_sent("restarting.mp4", 20)
    visit.page.route("**/files/*", answer)
    visit.pause("restarting.mp4")
    visit.limit_upload_speed(-1)
    visit.press("Resume restarting.mp4")
    visit.expect_state("restarting.mp4", "waiting")
    expect(visit.queued("restarting.mp4")).to_contain_text("It may be restarting.")
    visit.expect_saved("restarting.mp4")
    assert statuses == []
    assert [url for url in begun if url.endswith("/files/")] == [f"{team_server.base_url}/files/"]


def test_an_upload_the_server_no_longer_has_begins_anew_and_says_so(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(SLOW)
    with visit.page.expect_response(lambda response: response.request.method == "POST") as begun:
        visit.choose(clip("expired.mp4", 1_000_000))
    visit.expect_sent("expired.mp4", 10)
    visit.pause("expired.mp4")
    gone = team_server.request("DELETE", begun.value.headers["location"].removeprefix(team_server.base_url),
                               headers={"Tus-Resumable": "1.0.0"})  # fmt: skip
    assert gone.status == 204
    visit.press("Resume expired.mp4")
    expect(visit.queued("expired.mp4")).to_contain_text("The server no longer keeps what was sent before")
    visit.expect_saved("expired.mp4")


def test_a_session_that_ends_in_the_middle_pauses_the_queue_and_the_next_sign_in_goes_on(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(SLOW)
    visit.choose(clip("signed out.mp4", 1_500_000))
    visit.expect_sent("signed out.mp4", 20)
    visit.pause("signed out.mp4")
    visit.page.context.clear_cookies()
    visit.limit_upload_speed(-1)
    visit.press("Resume signed out.mp4")
    token = visit.page.get_by_label("Token")
    expect(visit.page.get_by_role("alert")).to_contain_text("files in the queue wait for you")
    with visit.page.expect_request(is_sending) as resumed:
        token.fill(team_server.admin_token)
        token.press("Enter")
    visit.expect_saved("signed out.mp4")
    assert int(resumed.value.headers["upload-offset"]) > 0


# The second is plain HTTP under a name: there browsers offer no locks.
@pytest.mark.parametrize("host", ["127.0.0.1", PLAIN_HOST])
def test_another_tab_shows_the_upload_and_takes_over_when_the_first_is_closed(
    open_page: OpenPage, team_server: RunningApp, host: str
) -> None:
    first = open_page(team_server, base_url=f"http://{host}:{team_server.port}")
    # Slow enough for the second tab to find it under way on a busy machine.
    first.limit_upload_speed(150_000)
    first.choose(clip("two tabs.mp4", 4_000_000))
    first.expect_sent("two tabs.mp4", 10)
    second = Visit(first.page.context.new_page(), first.base_url)
    second.open()
    expect(second.queued("two tabs.mp4")).to_contain_text("Moving in another tab of this browser")
    first.press("Pause two tabs.mp4")
    expect(second.queued("two tabs.mp4")).to_contain_text("In another tab of this browser")
    expect(second.page.get_by_role("button", name="Resume two tabs.mp4")).to_have_count(0)
    first.page.close()
    with second.page.expect_request(is_sending) as resumed:
        second.press("Resume two tabs.mp4")
    second.expect_saved("two tabs.mp4")
    assert int(resumed.value.headers["upload-offset"]) > 0


def test_signing_out_stops_what_is_under_way_says_so_and_the_next_sign_in_goes_on(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    file = clip("left.mp4", 3_000_000)
    visit.limit_upload_speed(300_000)
    visit.choose(file)
    visit.expect_sent("left.mp4", 10)
    with visit.page.expect_event("requestfailed", predicate=is_sending):
        visit.page.get_by_role("button", name="Sign out").click()
    expect(visit.page.get_by_text("1 file stopped on the way")).to_be_visible()
    visit.limit_upload_speed(-1)
    token = visit.page.get_by_label("Token")
    token.fill(team_server.admin_token)
    token.press("Enter")
    visit.expect_saved("left.mp4")
    assert video_named(team_server, "left.mp4")["sha256"] == hashlib.sha256(file["buffer"]).hexdigest()
