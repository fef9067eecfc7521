"""Details and player over the real server, worker and ffmpeg: what is uploaded is prepared, played, converted."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage, folder_target
from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.visit import Visit
from tests.services.app import RunningApp
from tests.services.media import make_video

PREPARED = 120_000

_KEEP_WORDS = """
    window.told = new Set();
    new MutationObserver(() => {
        const words = document.querySelector(".player-told p")?.textContent.trim();
        if (words) window.told.add(words);
    }).observe(document, { subtree: true, childList: true, characterData: true });
"""


@pytest.fixture(scope="module")
def drone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough that its conversion is seen under way."""
    path = tmp_path_factory.mktemp("drone") / "drone.mp4"
    return make_video(path, codec="libx265", size="1280x720", seconds=20, extra=("-tag:v", "hvc1"))


@pytest.fixture
def app(running_app: Callable[..., RunningApp], tmp_path: Path) -> RunningApp:
    (tmp_path / "nas").mkdir()
    return running_app(targets_toml=folder_target(tmp_path / "nas"))


def opened(visit: Visit, name: str) -> Locator:
    """The details of this video, opened out of the library."""
    visit.page.get_by_role("link", name="Library", exact=True).click()
    visit.page.get_by_role("link", name=re.compile(name)).first.click()
    details = visit.page.locator(".details")
    expect(details.get_by_role("heading", level=2)).to_have_text(name)
    return details


def moves(page: Page) -> None:
    page.wait_for_function(
        "() => { const video = document.querySelector('video'); return !video.paused && video.currentTime > 0.5; }"
    )


def test_an_hevc_file_is_prepared_with_its_percent_and_then_plays(
    open_page: OpenPage, app: RunningApp, drone: Path, tmp_path: Path
) -> None:
    visit = open_page(app)
    visit.page.evaluate(_KEEP_WORDS)
    visit.choose(drone)
    visit.expect_saved("drone.mp4")
    details = opened(visit, "drone.mp4")
    play = details.get_by_role("button", name="Play", exact=True)
    expect(play).to_be_visible(timeout=PREPARED)
    told: list[str] = visit.page.evaluate("[...window.told]")
    assert any(re.search(r"HEVC.*A playable copy is being made, \d+\s%\.", words) for words in told), told
    play.click()
    moves(visit.page)
    assert visit.page.evaluate("document.querySelector('video').currentSrc").endswith("/renditions/browser.mp4")
    expect(details.locator("[data-fact=Video]")).to_contain_text("HEVC")
    expect(details.locator("[data-made='browser.mp4']")).to_contain_text("Playable copy, 720 lines")
    expect(details.locator("[data-copy=nas]")).to_contain_text("Verified")
    expect(details.locator(".history-entry").last).to_contain_text("Uploaded in resumable parts")


def test_the_seek_bar_shows_pictures_of_the_real_storyboard_whose_sheets_are_as_large_as_told(
    open_page: OpenPage, app: RunningApp, real_video: Path
) -> None:
    visit = open_page(app)
    visit.choose(real_video)
    visit.expect_saved("beach_cam_04.mp4")
    details = opened(visit, "beach_cam_04.mp4")
    bar = details.get_by_role("slider", name="Place in the video")
    expect(bar).to_be_visible(timeout=PREPARED)
    picture = details.locator(".seek-picture")

    def look_ahead() -> bool:
        bar.hover(position={"x": 1, "y": 10})
        bar.hover(position={"x": 40, "y": 10})
        return picture.count() == 1

    visit.page.wait_for_function("() => document.querySelector('.seek-played')")
    while not look_ahead():
        visit.page.wait_for_event("response", timeout=PREPARED)
    sizes = visit.page.evaluate(
        """async () => {
            const { tileAt } = await partOfPage("player/storyboard.js");
            const { record } = await partOfPage("videos/records.js");
            const video = record(document.querySelector(".details").dataset.video).value;
            const tile = tileAt(video, 1e9);
            const sheet = await createImageBitmap(await (await fetch(tile.url)).blob());
            return [[sheet.width, sheet.height], [tile.sheetWidth, tile.sheetHeight]];
        }"""
    )
    assert sizes[0] == sizes[1]


def test_a_title_written_here_is_on_the_server_and_in_the_history(
    open_page: OpenPage, app: RunningApp, real_video: Path
) -> None:
    visit = open_page(app)
    visit.choose(real_video)
    visit.expect_saved("beach_cam_04.mp4")
    details = opened(visit, "beach_cam_04.mp4")
    details.get_by_label("Title").fill("Beach, camera 4")
    details.get_by_label("Title").press("Enter")
    expect(details.get_by_role("heading", level=2)).to_have_text("Beach, camera 4")
    expect(details.locator(".history-entry", has_text="Title added")).to_be_visible()
    visit.page.reload()
    expect(details.get_by_label("Title")).to_have_value("Beach, camera 4")


def test_a_conversion_asked_for_here_is_made_and_downloads(
    open_page: OpenPage, app: RunningApp, real_video: Path
) -> None:
    visit = open_page(app)
    visit.choose(real_video)
    visit.expect_saved("beach_cam_04.mp4")
    details = opened(visit, "beach_cam_04.mp4")
    details.get_by_text("Convert…").click(timeout=PREPARED)
    details.get_by_role("checkbox", name="360").uncheck()
    details.get_by_role("checkbox", name="240").check()
    details.get_by_role("button", name="Convert", exact=True).click()
    made = details.locator("[data-made='240p.mp4']")
    expect(made).to_contain_text("MP4, 240 lines", timeout=PREPARED)
    with visit.page.expect_download() as download:
        made.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "beach_cam_04 240p.mp4"
    made.get_by_role("button", name="Remove MP4, 240 lines").click()
    expect(made).to_have_count(0)


def test_a_line_cut_while_it_plays_is_told_and_mended_it_goes_on_where_it_stood(
    open_page: OpenPage, app: RunningApp, tmp_path: Path
) -> None:
    noise = make_video(
        tmp_path / "noise.mp4", seconds=20, audio=False,
        extra=("-vf", "noise=alls=100:allf=t", "-qp", "2", "-movflags", "+faststart"),
    )  # fmt: skip
    # More than a browser takes ahead of what it plays.
    assert noise.stat().st_size > 40_000_000
    with CuttingProxy(app.port) as line:
        visit = open_page(app, base_url=line.base_url)
        visit.choose(noise)
        visit.expect_saved("noise.mp4")
        details = opened(visit, "noise.mp4")
        details.get_by_role("button", name="Play", exact=True).click(timeout=PREPARED)
        moves(visit.page)
        line.cut()
        details.get_by_role("slider", name="Place in the video").focus()
        visit.page.keyboard.press("9")
        told = details.get_by_text("The connection was lost. It goes on here once it is back.")
        expect(told).to_be_visible()
        expect(details.get_by_role("slider", name="Place in the video")).to_have_attribute("aria-valuenow", "18")
        line.mend()
        expect(told).to_have_count(0)
        visit.page.wait_for_function(
            "() => { const video = document.querySelector('video'); return video.currentTime > 18.2; }"
        )
