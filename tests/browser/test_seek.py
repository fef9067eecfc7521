"""Seeking in a real player: Chromium's own requests against the real server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from tests.browser.conftest import OpenPage
from tests.services.app import AppFactory, RunningApp
from tests.services.media import ffmpeg
from tests.services.waiting import wait_until
from tests.services.warm import Hearth

# Chromium fetches some ten seconds ahead, two megabytes at least.
_SECONDS = 60
# Brightness tells the second, noise makes the file large.
_PICTURE = f"nullsrc=size=320x180:rate=5:duration={_SECONDS},geq=lum='20+3*T+random(1)*12':cb=128:cr=128"
_PLAYER = """
    (address) => new Promise((done, failed) => {
        const video = document.createElement("video");
        video.id = "tested";
        video.muted = true;
        video.preload = "auto";
        video.onerror = () => failed(new Error(`player: ${video.error.message}`));
        video.oncanplay = () => done(video.duration);
        video.src = address;
        document.body.append(video);
    })
"""
_SEEK = """
    (seconds) => new Promise((done, failed) => {
        const video = document.getElementById("tested");
        video.onerror = () => failed(new Error(`player: ${video.error.message}`));
        video.onseeked = () => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 32;
            const paint = canvas.getContext("2d");
            paint.drawImage(video, 0, 0, 32, 32);
            const green = paint.getImageData(0, 0, 32, 32).data.filter((_, at) => at % 4 === 1);
            done(green.reduce((sum, each) => sum + each) / green.length);
        };
        video.currentTime = seconds;
    })
"""


@dataclass
class Watched:
    """The answers to the player's own requests, in order."""

    page: Page
    path: str
    answers: list[Response] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("response", lambda got: self.answers.append(got) if got.url.endswith(self.path) else None)

    @property
    def starts(self) -> list[int]:
        ranges = [answer.headers.get("content-range", "") for answer in self.answers]
        return [int(found[1]) for found in (re.match(r"bytes (\d+)-", told) for told in ranges) if found]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[RunningApp]:
    factory = AppFactory(lambda: tmp_path_factory.mktemp("seeking"), hearth)
    yield factory({"BODY_TIMEOUT_SECONDS": "1"}, processes=["web"])
    factory.close()


@pytest.fixture(scope="module")
def made(app: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """`made("+faststart")` uploads a video whose index stands there; the address of its bytes."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "2", "-g", "5", "-pix_fmt", "yuv420p"]
    ffmpeg("-f", "lavfi", "-i", _PICTURE, *encoding, path)

    def upload(flags: str) -> str:
        place = path.with_name(f"index{flags}.mp4")
        ffmpeg("-i", path, "-c", "copy", *(["-movflags", flags] if flags else []), place)
        content = place.read_bytes()
        assert (content.index(b"moov") < content.index(b"mdat")) == bool(flags)
        assert len(content) > 10_000_000, len(content)
        answer = app.request("POST", "/api/upload-video", fields={"video": (place.name, content, "video/mp4")})
        return f"/api/videos/{answer.json()['video_id']}/content"

    return upload


@pytest.mark.parametrize("flags", ["+faststart", ""], ids=["index first", "index last"])
def test_a_player_jumps_anywhere_and_shows_that_very_moment(
    open_page: OpenPage, app: RunningApp, made: Callable[[str], str], flags: str
) -> None:
    path = made(flags)
    page = open_page(app).page
    watched = Watched(page, path)
    assert abs(page.evaluate(_PLAYER, path) - _SECONDS) < 0.1
    brightness = {seconds: page.evaluate(_SEEK, seconds) for seconds in (5, 50, 22.5, 59, 1)}
    darkest, brightest = brightness[1], brightness[59]
    for seconds, seen in brightness.items():
        expected = darkest + (brightest - darkest) * (seconds - 1) / 58
        assert abs(seen - expected) < 10, brightness
    assert {answer.status for answer in watched.answers} == {206}
    assert watched.starts[0] == 0
    assert len(watched.starts) > 1
    assert max(watched.starts) > 4_000_000, "it did not load the whole file"


def test_a_player_that_was_paused_until_its_line_was_cut_plays_on(
    open_page: OpenPage, app: RunningApp, made: Callable[[str], str]
) -> None:
    path = made("+faststart")
    page = open_page(app).page
    watched = Watched(page, path)
    page.evaluate(_PLAYER, path)
    wait_until(lambda: _lines(app) > 0, "the player to take no more for now")
    wait_until(lambda: _lines(app) == 0, "the server to cut the line of a player that takes nothing")
    page.evaluate("""
        () => new Promise((done, failed) => {
            const video = document.getElementById("tested");
            video.onerror = () => failed(new Error(`player: ${video.error.message}`));
            video.onended = done;
            video.playbackRate = 16;
            video.play();
        })
    """)
    assert watched.starts[0] == 0
    assert len(watched.starts) > 1
    assert {answer.status for answer in watched.answers} == {206}


def _lines(app: RunningApp) -> int:
    """How many connections to the server hold bytes that their reader does not take."""
    mark = f":{app.port:04X}"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(mark) and row[3] == "01" and int(row[4].partition(":")[0], 16) > 0 for row in rows)
