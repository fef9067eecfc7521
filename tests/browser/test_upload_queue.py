"""The queue: pause, resume, cancel and retry, for one file and for all; words at any time; files in every way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.sending import is_sending
from tests.browser.visit import Visit, clip
from tests.services.app import RunningApp
from tests.services.waiting import wait_until

SLOW = 700_000
PASSING = (500, 502, 503, 504)


def video_named(app: RunningApp, name: str) -> dict[str, Any]:
    """The one video of this file name, as the server lists it."""
    answer = app.request("GET", "/api/videos/list?limit=200")
    (video,) = [each for each in answer.json()["videos"] if each["original_filename"] == name]
    return dict(video)


def test_a_paused_file_goes_on_where_it_stopped_and_arrives_whole(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    file = clip("paused.mp4", 2_000_000)
    visit.limit_upload_speed(SLOW)
    visit.choose(file)
    visit.expect_sent("paused.mp4", 30)
    visit.pause("paused.mp4")
    visit.expect_state("paused.mp4", "paused")
    visit.limit_upload_speed(-1)
    with visit.page.expect_request(is_sending) as resumed:
        visit.press("Resume paused.mp4")
    visit.expect_saved("paused.mp4")
    kept = int(resumed.value.headers["upload-offset"])
    assert kept > 100_000
    assert int(resumed.value.all_headers()["content-length"]) == len(file["buffer"]) - kept
    assert video_named(team_server, "paused.mp4")["sha256"] == hashlib.sha256(file["buffer"]).hexdigest()


def test_all_files_are_paused_resumed_and_cancelled_at_once_and_the_server_forgets_them(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app(processes=["web"])
    visit = open_page(app)
    visit.limit_upload_speed(100_000)
    names = [f"all-{number}.mp4" for number in range(4)]
    visit.choose(*[clip(name, 2_000_000) for name in names])
    for state, button in (("paused", "Pause all"), ("sending", "Resume all")):
        visit.press(button)
        for name in names[:3]:
            visit.expect_state(name, state)
    visit.press("Cancel all")
    expect(visit.page.get_by_role("button", name="Keep them")).to_be_focused()
    visit.press("Keep them")
    expect(visit.page.locator(".queue-row")).to_have_count(4)
    visit.press("Cancel all")
    visit.press("Cancel 4 files")
    expect(visit.page.locator(".queue-row")).to_have_count(0)
    expect(visit.page.get_by_role("button", name="Choose files").first).to_be_focused()
    wait_until(lambda: not [*app.storage_path.glob("**/*.part")], "the server to throw the parts away")


def test_a_file_cancelled_by_mistake_is_taken_back_and_goes_on(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(SLOW)
    visit.choose(clip("mistake.mp4", 2_000_000))
    visit.expect_sent("mistake.mp4", 10)
    visit.press("Cancel mistake.mp4")
    expect(visit.queued("mistake.mp4")).to_have_count(0)
    visit.limit_upload_speed(-1)
    with visit.page.expect_request(is_sending) as resumed:
        visit.press("Undo")
    visit.expect_saved("mistake.mp4")
    assert int(resumed.value.headers["upload-offset"]) > 0


def test_refused_files_say_why_are_retried_one_by_one_or_all_at_once_and_cleared_once_saved(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app({"MIN_FREE_BYTES": str(2**60)}, processes=["web"])
    visit = open_page(app)
    names = ["first.mp4", "second.mp4", "third.mp4"]
    visit.choose(*[clip(name) for name in names])
    for name in names:
        visit.expect_state(name, "failed")
        expect(visit.queued(name)).to_contain_text("Not saved")
        expect(visit.queued(name)).to_contain_text("Ask an operator to free space.")
    app.stop("web")
    app.environ["MIN_FREE_BYTES"] = "0"
    app.start("web")
    visit.press("Retry first.mp4")
    visit.expect_saved("first.mp4")
    visit.press("Retry all")
    for name in names[1:]:
        visit.expect_saved(name)
    visit.press("Clear saved")
    expect(visit.page.locator(".queue-row")).to_have_count(0)
    for name in names:
        expect(visit.listed(name)).to_have_count(1)


def test_words_written_while_a_file_is_sent_are_kept_until_the_server_takes_them(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    refusing = [True]

    def answer(route: Route) -> None:
        if route.request.method == "PATCH" and refusing[0]:
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"success": False, "error": "Restarting."})
        else:
            route.continue_()

    visit.page.route("**/api/videos/*", answer)
    visit.limit_upload_speed(SLOW)
    visit.choose(clip("worded.mp4", 1_500_000))
    visit.expect_sent("worded.mp4", 10)
    visit.page.get_by_label("Title of worded.mp4").fill("Ebb tide")
    visit.page.get_by_label("Description of worded.mp4").fill("From the pier")
    row = visit.queued("worded.mp4")
    expect(row.locator("[data-words]")).to_have_text("These words are not saved yet.")
    refusing[0] = False
    expect(row.locator("[data-words]")).to_have_text("These words are saved.")
    visit.limit_upload_speed(-1)
    visit.page.get_by_label("Tags of worded.mp4").fill("sea, pier")
    visit.expect_saved("worded.mp4")
    expect(visit.listed("Ebb tide").get_by_text("pier", exact=True)).to_be_visible()
    video = video_named(team_server, "worded.mp4")
    assert (video["description"], sorted(video["tags"])) == ("From the pier", ["pier", "sea"])


def test_words_the_server_refuses_are_told_at_their_fields_and_stop_nothing(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(SLOW)
    visit.choose(clip("tagged.mp4", 1_000_000))
    visit.expect_sent("tagged.mp4", 10)
    tags = visit.page.get_by_label("Tags of tagged.mp4")
    tags.fill(",".join(f"t{number}" for number in range(101)))
    expect(visit.queued("tagged.mp4").get_by_role("alert")).to_contain_text("send fewer")
    visit.limit_upload_speed(-1)
    visit.expect_saved("tagged.mp4")
    tags.fill("few")
    expect(visit.queued("tagged.mp4").get_by_role("alert")).to_have_count(0)
    expect(visit.listed("tagged.mp4").get_by_text("few", exact=True)).to_be_visible()


def test_dropped_folders_give_their_videos_and_leave_the_rest(
    open_page: OpenPage, team_server: RunningApp, tmp_path: Path
) -> None:
    visit = open_page(team_server)
    inner = tmp_path / "card" / "DCIM"
    inner.mkdir(parents=True)
    for path in (tmp_path / "single.mp4", tmp_path / "card" / "outer.mp4", inner / "inner.mp4", inner / "index.txt"):
        path.write_bytes(clip(path.name, 1000)["buffer"])
    visit.drop_paths(tmp_path / "card", tmp_path / "single.mp4")
    for name in ("single.mp4", "outer.mp4", "inner.mp4"):
        visit.expect_saved(name)
    expect(visit.page.locator(".queue-row")).to_have_count(3)
    expect(visit.page.locator("[data-live-region]")).to_contain_text(
        "1 file of the folder left out: no video or sound."
    )


def test_a_chosen_folder_gives_its_videos(open_page: OpenPage, team_server: RunningApp, tmp_path: Path) -> None:
    visit = open_page(team_server)
    for name in ("chosen.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(clip(name, 1000)["buffer"])
    visit.offer("Choose folder", tmp_path)
    visit.expect_saved("chosen.mp4")
    expect(visit.page.locator(".queue-row")).to_have_count(1)


def test_by_keyboard_alone_a_file_is_paused_resumed_worded_and_cancelled_and_the_focus_is_never_lost(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    page = visit.page
    visit.limit_upload_speed(100_000)
    visit.choose(clip("by key.mp4", 2_000_000), clip("next.mp4", 2_000_000))
    visit.expect_state("next.mp4", "sending")
    for name in ("by key.mp4", "next.mp4"):
        page.get_by_role("button", name=f"Pause {name}").press("Enter")
        expect(page.get_by_role("button", name=f"Resume {name}")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause next.mp4")).to_be_focused()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Words of by key.mp4").press("Enter")
    expect(page.get_by_label("Title of by key.mp4")).to_be_hidden()
    page.get_by_role("button", name="Cancel by key.mp4").press("Enter")
    # On the row, not on its buttons: a key held too long must not cancel the next file.
    expect(visit.queued("next.mp4").locator(".queue-name")).to_be_focused()
    visit.limit_upload_speed(-1)
    page.get_by_role("button", name="Resume next.mp4").press("Enter")
    # The button goes when every byte is sent; the focus stays on the row.
    visit.expect_saved("next.mp4")
    expect(visit.queued("next.mp4").locator(".queue-name")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_open_words_and_refusals_fit(open_page: OpenPage, team_server: RunningApp, scheme: str) -> None:
    visit = open_page(team_server, viewport={"width": 390, "height": 844}, color_scheme=scheme)
    visit.limit_upload_speed(100_000)
    visit.choose(clip("w" * 90 + ".mp4", 1_000_000), clip("refused.pdf"), clip("waits.mp4", 1_000_000))
    visit.expect_state("waits.mp4", "sending")
    visit.press("Pause waits.mp4")
    visit.press("Words of waits.mp4")
    visit.press("Cancel all")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 390


def test_in_open_mode_files_are_sent_without_a_sign_in(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app({"AUTH_MODE": "open"}, processes=["web"])
    visit = open_page(app, sign_in=False)
    visit.choose(clip("of anybody.mp4"))
    visit.expect_saved("of anybody.mp4")


def test_a_proxy_that_takes_only_small_requests_is_given_small_pieces(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    sizes: list[int] = []

    def answer(route: Route) -> None:
        size = int(route.request.headers.get("content-length") or len(route.request.post_data_buffer or b""))
        if route.request.method == "PATCH" and size > 1_500_000:
            route.fulfill(status=413, content_type="text/html", body="<h1>413 Request Entity Too Large</h1>")
        else:
            sizes.append(size)
            route.continue_()

    visit.page.route("**/files/*", answer)
    visit.choose(clip("small pieces.mp4", 2_500_000))
    visit.expect_saved("small pieces.mp4")
    assert max(sizes) <= 1024 * 1024


def test_what_is_said_of_an_answer_that_was_no_success(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server, sign_in=False)
    expected = {
        "sign-in": [(401, "unauthenticated")],
        "again": [(423, "upload-busy"), (409, "offset-mismatch"), (429, ""), *((status, "") for status in PASSING)],
        "anew": [(404, "not-found"), (410, "upload-gone")],
        "smaller": [(413, "")],
        "stop": [(403, "forbidden"), (409, "duplicate"), (413, "too-large"), (415, ""), (422, "bad-field"), (507, "")],
    }
    given = [[status, code] for pairs in expected.values() for status, code in pairs]
    verdicts = visit.page.evaluate(
        """(given) => partOfPage("upload/verdict.js").then(({ verdict }) =>
            given.map(([status, code]) => verdict({ status, code }, { begun: true })))""",
        given,
    )
    assert verdicts == [verdict for verdict, pairs in expected.items() for _ in pairs], json.dumps(verdicts)


def test_the_digest_for_plain_http_is_that_of_the_browser(open_page: OpenPage, team_server: RunningApp) -> None:
    visit: Visit = open_page(team_server, sign_in=False)
    data = bytes(range(256)) * 5 + b"end"
    for piece in (b"", data[:55], data[:56], data[:64], data):
        digest = visit.page.evaluate(
            "(bytes) => partOfPage('upload/sha256.js').then((found) => [...found.sha256(Uint8Array.from(bytes))])",
            list(piece),
        )
        assert bytes(digest) == hashlib.sha256(piece).digest()
