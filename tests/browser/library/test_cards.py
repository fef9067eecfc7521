"""What a card tells: its picture or why there is none, its storyboard under the pointer, the states of its copies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPage
from tests.browser.library.made_up import MadeUpLibrary, delivery, item
from tests.browser.library.reading import Reader
from tests.services.app import RunningApp

NO_MEDIA: dict[str, Any] = dict.fromkeys(("reason", "facts", "thumbnail", "storyboard", "preview", "playable"))
NO_MEDIA |= {"renditions": [], "jobs": []}


def show(reader: Reader, **changes: Any) -> Locator:
    """The Library with one video, as described; its cell."""
    reader.library.videos = [item(0, **changes)]
    reader.go()
    return reader.cell(0)


def test_a_card_tells_title_length_project_and_age_exactly_when_hovered(reader: Reader) -> None:
    cell = show(reader, title="A day at sea", duration_seconds=3723)
    expect(cell.locator(".card-title")).to_have_text("A day at sea")
    expect(cell.locator(".badge")).to_have_text("1:02:03")
    expect(cell.locator(".card-meta")).to_contain_text("surf-2026")
    expect(cell.locator("time")).to_have_attribute("title", f"{exact(reader, reader.library.videos[0]['created_at'])}")


def exact(reader: Reader, at: str) -> Any:
    return reader.page.evaluate("(at) => partOfPage('words/times.js').then((words) => words.exact(at))", at)


def test_copies_in_the_same_state_stand_together_what_needs_somebody_first(reader: Reader) -> None:
    cell = show(
        reader, deliveries=[delivery("nas"), delivery("vault"), delivery("drive", "failed"), delivery("s3", "deleted")]
    )
    lines = cell.locator("[data-copies]")
    expect(lines).to_have_text(["Failed drive", "Verified NAS, vault"])
    expect(lines.first.locator(".state-mark")).to_have_class("state-mark tone-failed")


_CUT = """() => [...document.querySelectorAll(".copyline .state-mark")].filter((mark) => {
    const edge = mark.closest(".copyline").getBoundingClientRect().right;
    return mark.scrollWidth > mark.clientWidth + 1 || mark.getBoundingClientRect().right > edge + 1;
}).map((mark) => mark.textContent)"""


@pytest.mark.parametrize("width", [1440, 768, 375])
def test_the_words_of_states_are_never_cut(reader: Reader, width: int) -> None:
    long = "usb-disk-of-maria-antonietta-von-und-zu-hohenstein"
    both = [delivery("nas"), delivery(long, "pending")]
    reader.library.videos = [
        item(0, status="remote-only", local="pruned"), item(1, deliveries=both),
        item(2, deliveries=[*both, delivery("drive", "parked", error="Nothing is mounted")]),
    ]  # fmt: skip
    reader.page.set_viewport_size({"width": width, "height": 900})
    for view in ("?view=list", "?view=grid"):
        reader.go(view)
        expect(reader.cell(2).locator("[data-copies]").first).to_contain_text("Needs you")
        assert reader.page.evaluate(_CUT) == []
    # The second state is seen on the narrowest card too.
    expect(reader.cell(0).get_by_text("Verified")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("processing", "Its picture is being made"),
        ("no-media-tools", "No picture: the server has no media tools"),
        ("unplayable", "Cannot be played"),
        ("ready", "No picture"),
    ],
)
def test_where_there_is_no_picture_a_tile_says_why(reader: Reader, status: str, words: str) -> None:
    cell = show(reader, status=status, thumbnail_path=None, media=NO_MEDIA, duration_seconds=None)
    expect(cell.locator(".instead")).to_have_text(words)
    expect(cell.locator("img")).to_have_count(0)


def test_a_picture_that_cannot_be_had_leaves_the_tile_and_not_a_broken_image(reader: Reader) -> None:
    reader.page.route("**/thumbnail*", lambda route: route.fulfill(status=503))
    expect(show(reader).locator(".instead")).to_have_text("No picture")


def test_pictures_keep_their_room_before_they_come_and_are_fetched_when_they_are_near(reader: Reader) -> None:
    held = reader.hold("**/thumbnail*")
    reader.library.videos = [item(number) for number in range(40)]
    reader.go()
    image = reader.cell(0).locator("img")
    expect(image).to_have_attribute("loading", "lazy")
    expect(image).to_have_attribute("decoding", "async")
    before = reader.cell(5).bounding_box()
    for route in held:
        route.fallback()
    reader.page.wait_for_function("() => document.querySelector('.cell img').naturalWidth > 0")
    assert reader.cell(5).bounding_box() == before


def test_the_pointer_runs_through_the_storyboard_and_leaves_the_thumbnail_behind(reader: Reader) -> None:
    cell = show(reader, duration_seconds=100, media=item(0)["media"] | {"storyboard": board()})
    sheets: list[str] = []
    reader.page.on("request", lambda request: sheets.append(request.url) if "storyboard" in request.url else None)
    picture, layer = cell.locator(".picture"), cell.locator("[data-scrub]")
    expect(layer).to_be_hidden()
    assert sheets == []
    box = picture.bounding_box()
    assert box is not None
    for share, told, tile in ((0.1, "0:10", (2, 0)), (0.5, "0:50", (2, 2)), (0.93, "1:33", (3, 4))):
        reader.page.mouse.move(box["x"] + box["width"] * share + 0.5, box["y"] + 20)
        expect(layer).to_be_visible()
        expect(cell.locator(".badge")).to_have_text(told)
        shown = layer.evaluate(
            "(at) => [at.style.backgroundPosition, at.style.backgroundSize, at.clientWidth, at.clientHeight]"
        )
        x, y = (float(each.removesuffix("px")) for each in shown[0].split())
        assert (round(-x / shown[2]), round(-y / shown[3])) == tile
    # One sheet serves all of it.
    assert len(sheets) == 1
    reader.page.mouse.move(5, 5)
    expect(layer).to_be_hidden()
    expect(cell.locator(".badge")).to_have_text("1:40")


def board() -> dict[str, Any]:
    return {"sheets": ["storyboard-0.jpg"], "columns": 5, "rows": 5, "tile_width": 160, "tile_height": 90,
            "interval_seconds": 4, "count": 25}  # fmt: skip


def test_the_focus_runs_through_it_once_and_keys_step_by_hand(reader: Reader) -> None:
    reader.page.clock.install()
    cell = show(reader, duration_seconds=100, media=item(0)["media"] | {"storyboard": board()})
    # By a clock that stands a slow machine misses no step.
    reader.page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=5))
    reader.page.get_by_role("button", name="Keys").focus()
    while not reader.active.count():
        reader.press("Tab")
    reader.page.clock.run_for(1200)
    expect(cell.locator("[data-scrub]")).to_be_visible()
    expect(cell.locator(".badge")).to_have_text("0:15")
    # It stops by itself: nothing on the page moves for longer than five seconds.
    reader.page.clock.run_for(4000)
    expect(cell.locator("[data-scrub]")).to_be_hidden()
    reader.press(".", ".", ".")
    expect(cell.locator(".badge")).to_have_text("0:20")
    reader.press(",")
    expect(cell.locator(".badge")).to_have_text("0:10")


def test_with_reduced_motion_nothing_runs_by_itself(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server, load=False, reduced_motion="reduce")
    reader = Reader(visit, MadeUpLibrary([item(0, duration_seconds=100)]))
    reader.library.serve(reader.page)
    # Every timer fires at once from here on: what would run, would have run.
    reader.page.clock.install()
    reader.go()
    reader.page.get_by_role("button", name="Keys").focus()
    while not reader.active.count():
        reader.press("Tab")
    reader.page.clock.run_for(3000)
    expect(reader.cell(0).locator("[data-scrub]")).to_be_hidden()
    reader.press(".")
    expect(reader.cell(0).locator("[data-scrub]")).to_be_visible()
    reader.page.unroute_all(behavior="ignoreErrors")
