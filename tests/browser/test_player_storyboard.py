"""Which storyboard picture belongs to an instant, asked of the page's own module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visit import Visit
from tests.services.app import RunningApp

BOARD = {
    "sheets": ["storyboard-0.jpg", "storyboard-1.jpg"],
    "columns": 5,
    "rows": 4,
    "tile_width": 160,
    "tile_height": 90,
    "interval_seconds": 2,
    "count": 33,
}
SHEET = {"w": 160, "h": 90, "sheetWidth": 800, "sheetHeight": 360}


@pytest.fixture(scope="module")
def visit(browser: Browser, team_server: RunningApp) -> Iterator[Visit]:
    """One page for all: a place in a storyboard depends on nothing but what is asked."""
    with closing(browser.new_context()) as context:
        made = Visit(context.new_page(), team_server.base_url)
        made.open()
        yield made


def tile(visit: Visit, seconds: object, storyboard: object = BOARD, duration: float | None = None) -> Any:
    return visit.page.evaluate(
        """async ([seconds, storyboard, duration]) => {
            const { tileAt } = await partOfPage("player/storyboard.js");
            return tileAt({ id: "v1", duration_seconds: duration ?? undefined, media: { storyboard } }, seconds);
        }""",
        [seconds, storyboard, duration],
    )


@pytest.mark.parametrize(
    ("seconds", "sheet", "x", "y"),
    [
        (0, 0, 0, 0),
        (1.99, 0, 0, 0),
        (2, 0, 160, 0),
        (10, 0, 0, 90),
        (39.9, 0, 640, 270),
        (40, 1, 0, 0),
        (65.9, 1, 320, 180),
        (66, 1, 320, 180),
        (1e9, 1, 320, 180),
        (-3, 0, 0, 0),
    ],
)
def test_each_instant_has_its_picture_and_what_lies_outside_has_the_nearest(
    visit: Visit, seconds: float, sheet: int, x: int, y: int
) -> None:
    assert tile(visit, seconds) == {"url": f"/api/videos/v1/storyboard/{sheet}.jpg", "x": x, "y": y, **SHEET}


@pytest.mark.parametrize("board", [None, {**BOARD, "count": 0}, {**BOARD, "interval_seconds": 0}])
def test_without_a_storyboard_there_is_no_picture(visit: Visit, board: object) -> None:
    assert tile(visit, 1, board) is None


def test_what_is_no_instant_has_no_picture(visit: Visit) -> None:
    assert tile(visit, float("nan")) is None
    assert tile(visit, "soon") is None


def test_a_place_is_told_as_a_clock_to_the_eye_and_in_words_to_the_ear(visit: Visit) -> None:
    said = """async (seconds) => {
        const { clockTime, spokenTime } = await partOfPage("words/lengths.js");
        return [clockTime(seconds), spokenTime(seconds)];
    }"""
    told = {
        0: ["0:00", "0 seconds"],
        1: ["0:01", "1 second"],
        72.9: ["1:12", "1 minute 12"],
        180: ["3:00", "3 minutes"],
        3723: ["1:02:03", "1 hour 2 minutes 3"],
    }
    assert {seconds: visit.page.evaluate(said, seconds) for seconds in told} == told
    assert visit.page.evaluate(said, float("nan")) == ["–:––", "an unknown length"]


def test_what_a_cut_off_file_lacks_has_no_picture(visit: Visit) -> None:
    assert tile(visit, 65, duration=600) is not None
    assert tile(visit, 67, duration=600) is None
    assert tile(visit, 67, duration=67) is not None
