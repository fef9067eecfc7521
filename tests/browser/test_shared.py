"""The page behind a share link, in a browser that runs no script and knows no token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.services.app import RunningApp
from tests.services.waiting import wait_until


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A phone, dark, whose owner has turned scripts off."""
    context = browser.new_context(
        java_script_enabled=False, color_scheme="dark", viewport={"width": 390, "height": 844}, device_scale_factor=1
    )
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    yield page
    context.close()
    assert [line for line in complaints if "Failed to load resource" not in line] == []


def shared(app: RunningApp, film: Path, **wish: Any) -> tuple[str, dict[str, Any]]:
    form = {"video": (film.name, film.read_bytes()), "project_id": "shared"}
    saved = app.request("POST", "/api/upload-video", fields=form).json()
    path = f"/api/videos/{saved['video_id']}"
    wait_until(lambda: app.request("GET", path).json()["video"]["status"] == "ready", "its picture", seconds=120)
    return path, app.request("POST", f"{path}/share", json=wish).json()["share"]


def test_a_visitor_sees_the_picture_plays_and_downloads_without_script_or_token(
    team_server: RunningApp, stranger: Page, real_video: Path
) -> None:
    path, share = shared(team_server, real_video, may_download=True)
    stranger.goto(share["url"])
    expect(stranger.get_by_role("heading", level=1)).to_have_text("beach_cam_04.mp4")
    video = stranger.locator("video")
    video.evaluate("(video) => { video.play(); }")
    wait_until(lambda: video.evaluate("(video) => video.currentTime > 0.3"), "the video to play")
    video.evaluate("(video) => { video.pause(); video.currentTime = 2; }")
    wait_until(lambda: video.evaluate("(video) => !video.seeking && video.currentTime >= 2"), "another place in it")
    assert video.evaluate("(video) => video.error") is None
    poster = stranger.request.get(video.evaluate("(video) => video.poster"))
    assert poster.headers["content-type"] == "image/jpeg"
    with stranger.expect_download() as download:
        stranger.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "beach_cam_04.mp4"
    # Nothing is wider than the phone, and the ground is dark.
    assert stranger.evaluate("document.documentElement.scrollWidth") == 390
    assert stranger.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 19, 21)"
    (listed,) = team_server.request("GET", f"{path}/share").json()["shares"]
    assert listed["opened"] == 1


def test_a_link_that_is_over_says_so(team_server: RunningApp, stranger: Page, real_video: Path) -> None:
    path, share = shared(team_server, real_video)
    team_server.request("DELETE", f"{path}/share/{share['id']}")
    answer = stranger.goto(share["url"])
    assert answer is not None
    assert answer.status == 410
    expect(stranger.get_by_role("heading", level=1)).to_have_text("This link is over")
