"""The Library for everybody: at each width, light and dark, with targets to hit and words to read."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.library.made_up import MadeUpLibrary, delivery, held, item
from tests.browser.library.reading import Reader
from tests.browser.test_access import _FAINT_TEXTS, _SMALL_TARGETS
from tests.services.app import RunningApp

NO_MEDIA: dict[str, Any] = {
    "reason": None,
    "facts": None,
    "thumbnail": None,
    "storyboard": None,
    "jobs": [],
    "renditions": [],
}
LONG = "interview_final_with_corrections_from_the_second_colour_pass_" * 3


def of_every_kind() -> list[dict[str, Any]]:
    """Videos with each state, long and foreign names, and none of what can be missing."""
    bare = {"thumbnail_path": None, "media": NO_MEDIA, "duration_seconds": None}
    return [
        item(0, title=LONG, tags=["sea", "a tag that is long as well"], content_type=LONG),
        item(1, title="مقابلة مع القبطان", project_id=LONG),
        item(2, status="processing", **bare, deliveries=[delivery(state="in_progress", bytes_sent=300_000)]),
        item(3, status="unplayable", **bare, deliveries=[delivery(state="failed"), delivery("drive", "parked")]),
        item(4, status="no-media-tools", **bare, deliveries=[delivery(state="pending")]),
        item(5, local="damaged"),
        item(6, status="remote-only"),
        held(7, deliveries=[delivery(state="failed"), delivery("drive", "parked")]),
        *[item(number) for number in range(8, 30)],
    ]


def opened(open_page: OpenPage, app: RunningApp, **options: Any) -> Reader:
    reader = Reader(open_page(app, load=False, **options), MadeUpLibrary(of_every_kind()))
    reader.library.serve(reader.page)
    reader.go("?tags=sea,night,sand,drone,retake,b-roll,a+tag+that+is+long+as+well")
    reader.page.get_by_label("Select Clip 00002").dispatch_event("click")
    expect(reader.bar).to_be_visible()
    return reader


@pytest.mark.parametrize("view", ["Grid", "List"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_scrolls_sideways_and_every_target_is_large_enough(
    open_page: OpenPage, team_server: RunningApp, width: int, view: str
) -> None:
    reader = opened(open_page, team_server, viewport={"width": width, "height": 844})
    reader.page.get_by_role("button", name=view, exact=True).click()
    assert reader.page.evaluate("document.documentElement.scrollWidth") == width
    assert reader.page.evaluate(_SMALL_TARGETS) == []
    overlaps = reader.page.evaluate("""() => [...document.querySelectorAll("[data-videos] .cell")]
        .filter((cell) => cell.firstElementChild.scrollHeight > cell.parentElement.clientHeight + 1)
        .map((cell) => `${cell.ariaLabel} is ${cell.firstElementChild.scrollHeight} high`)""")
    assert overlaps == []
    reader.page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("view", ["Grid", "List"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    open_page: OpenPage, team_server: RunningApp, scheme: str, view: str
) -> None:
    reader = opened(open_page, team_server, color_scheme=scheme)
    reader.page.get_by_role("button", name=view, exact=True).click()
    assert reader.page.evaluate(_FAINT_TEXTS) == []
    reader.page.unroute_all(behavior="ignoreErrors")


def test_text_twice_as_large_still_has_its_room(open_page: OpenPage, team_server: RunningApp) -> None:
    reader = opened(open_page, team_server)
    reader.page.evaluate("document.documentElement.style.fontSize = '200%'")
    reader.page.set_viewport_size({"width": 1400, "height": 900})
    reader.page.wait_for_function("""() => [...document.querySelectorAll("[data-videos] .cell")]
        .every((cell) => cell.firstElementChild.scrollHeight <= cell.parentElement.clientHeight + 1)""")
    reader.page.unroute_all(behavior="ignoreErrors")
