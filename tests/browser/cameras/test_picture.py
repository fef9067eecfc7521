"""The picture at the pointer: what a camera saw at an instant, and the way to the video at that very second."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.cameras.made_up import NOON, Camera, MadeUpCameras
from tests.browser.cameras.watching import Watch
from tests.browser.shelf import Shelf
from tests.browser.visit import Visit

MOMENTS = (NOON, NOON + timedelta(seconds=40))


@pytest.fixture
def filmed(shelf: Shelf) -> Watch:
    """Forty seconds, of which the first and third quarter are twelve seconds of film each."""
    visit = Visit(shelf.page, shelf.page.evaluate("location.origin"))
    cameras = [Camera(0, "Harbour north", [(0, 12), (20, 32)])]
    made = Watch(visit, MadeUpCameras(cameras, video_id=shelf.put()["id"]))
    made.server.serve(made.page)
    made.go(MOMENTS)
    return made


def point(watch: Watch, seconds: float) -> None:
    box = watch.lane(0).bounding_box()
    assert box is not None
    watch.page.mouse.move(box["x"] + seconds / 40 * box["width"], box["y"] + 20)


def test_the_pointer_shows_the_tile_of_its_second(filmed: Watch) -> None:
    with filmed.page.expect_response("**/storyboard/0.jpg") as sheet:
        point(filmed, 5.5)
    assert sheet.value.ok
    expect(filmed.glimpse).to_contain_text("Harbour north")
    expect(filmed.glimpse).to_contain_text("Tue, 10 Mar 2026, 12:00:05.")
    expect(filmed.glimpse).to_contain_text("2026-03-10 12:00:05.")
    tile = filmed.glimpse.locator("[data-tile]")
    expect(tile).to_be_visible()
    # The sixth of four in a row: second row, second column.
    place = tile.evaluate(
        "(each) => each.style.backgroundPosition.split(' ').map((part) => Math.round(parseFloat(part)))"
    )
    width = tile.evaluate("(each) => [parseFloat(each.style.width), parseFloat(each.style.height)].map(Math.round)")
    assert place == [-width[0], -width[1]]
    point(filmed, 25.5)
    expect(filmed.glimpse).to_contain_text("12:00:25.")
    filmed.page.mouse.move(5, 5)
    expect(filmed.glimpse).to_have_count(0)


def test_a_gap_has_no_picture_and_says_how_long_it_is(filmed: Watch) -> None:
    point(filmed, 15)
    expect(filmed.glimpse).to_contain_text("Nothing recorded for 8 s")
    expect(filmed.glimpse).to_contain_text("No picture")
    assert filmed.glimpse.get_attribute("data-glimpse") == "gap"


def test_a_press_keeps_the_picture_and_its_link_opens_the_video_at_that_second(filmed: Watch) -> None:
    point(filmed, 23.5)
    filmed.page.mouse.down()
    filmed.page.mouse.up()
    filmed.page.mouse.move(5, 5)
    link = filmed.glimpse.get_by_role("link", name="Open the video at this second")
    expect(link).to_be_visible()
    link.click()
    filmed.page.wait_for_function("() => Math.abs(document.querySelector('.details video')?.currentTime - 3.5) < 0.15")
    assert filmed.page.evaluate("location.pathname") == "/library"
    expect(filmed.page.get_by_role("slider", name="Place in the video")).to_have_attribute("aria-valuenow", "3")
    filmed.page.go_back()
    expect(filmed.page.get_by_role("heading", name="Cameras", level=1)).to_be_visible()


def test_keys_show_the_picture_and_open_the_video(filmed: Watch) -> None:
    filmed.lane(0).focus()
    filmed.keys("ArrowRight")
    expect(filmed.glimpse).to_contain_text("12:00:21")
    expect(filmed.glimpse.locator("[data-tile]")).to_be_visible()
    filmed.keys("Enter")
    filmed.page.wait_for_function("() => Math.abs(document.querySelector('.details video')?.currentTime - 1) < 0.15")


def test_enter_in_a_gap_says_that_there_is_nothing(filmed: Watch) -> None:
    filmed.lane(0).focus()
    filmed.keys(",", "Enter")
    expect(filmed.heard).to_contain_text("Nothing is recorded there.")
    expect(filmed.page.get_by_role("heading", name="Cameras", level=1)).to_be_visible()


def test_what_cannot_be_looked_up_says_why(filmed: Watch) -> None:
    words = {"success": False, "error": "The catalog is away.", "code": "catalog-unavailable", "detail": {}}
    camera = filmed.server.cameras[0].id
    filmed.server.refusals[f"GET /api/v1/storage/segments/{camera}"] = (503, words)
    point(filmed, 3)
    expect(filmed.glimpse).to_contain_text("The catalog is away.")
