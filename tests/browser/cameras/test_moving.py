"""Through time: by wheel, drag, pinch, buttons, keys and a typed instant; all of it stands in the address."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.cameras.conftest import two_cameras
from tests.browser.cameras.made_up import NOON, Camera, MadeUpCameras, camera_id, instant, iso, nameless
from tests.browser.cameras.watching import HOUR, Watch
from tests.browser.conftest import OpenPage
from tests.services.app import RunningApp

_BOUNDS = "['from', 'to'].map((end) => new URLSearchParams(location.search).get(end))"
_WIDTH = f"{_BOUNDS}.map(Date.parse).reduce((from, to) => to - from)"


def shown(watch: Watch) -> tuple[datetime, datetime]:
    address = watch.address()
    return instant(address["from"]), instant(address["to"])


def until_changed(watch: Watch, before: tuple[datetime, datetime] = HOUR) -> tuple[datetime, datetime]:
    watch.page.wait_for_function(
        f"(before) => {_BOUNDS}.join(' ') !== before",
        arg=f"{iso(before[0])} {iso(before[1])}",
    )
    return shown(watch)


def at_share(watch: Watch, share: float) -> None:
    box = watch.lane(0).bounding_box()
    assert box is not None
    watch.page.mouse.move(box["x"] + share * box["width"], box["y"] + 20)


def test_the_wheel_zooms_at_the_pointer(watch: Watch) -> None:
    watch.go()
    at_share(watch, 0.25)
    watch.page.mouse.wheel(0, -400)
    start, end = until_changed(watch)
    assert end - start < timedelta(minutes=40)
    # What is below the pointer stays there.
    there = start + (end - start) * 0.25
    assert abs(there - (NOON + timedelta(minutes=15))) < timedelta(seconds=15)
    assert watch.page.evaluate("scrollY") == 0


def test_from_years_to_seconds_and_no_further(watch: Watch) -> None:
    watch.go()
    at_share(watch, 0.5)
    for _ in range(30):
        watch.page.mouse.wheel(0, -800)
    watch.page.wait_for_function(f"() => {_WIDTH} === 4000")
    for _ in range(30):
        watch.page.mouse.wheel(0, 800)
    watch.page.wait_for_function(f"() => {_WIDTH} > 2e12")
    expect(watch.page.locator("[data-shown]")).to_contain_text("days")


def test_the_axis_is_dragged_through_time(watch: Watch) -> None:
    watch.go()
    box = watch.page.locator("[data-axis]").bounding_box()
    assert box is not None
    watch.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    watch.page.mouse.down()
    watch.page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 20, steps=5)
    watch.page.mouse.up()
    start, end = until_changed(watch)
    assert end - start == timedelta(hours=1)
    assert abs(start - NOON - timedelta(minutes=15)) < timedelta(seconds=10)


def test_two_fingers_zoom_and_keep_what_they_hold(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server, load=False, viewport={"width": 390, "height": 844}, has_touch=True)
    watch = Watch(visit, MadeUpCameras(two_cameras()))
    watch.server.serve(watch.page)
    watch.go()
    box = watch.lane(0).bounding_box()
    assert box is not None
    y = box["y"] + 20
    line = watch.page.context.new_cdp_session(watch.page)

    def touch(kind: str, *shares: float) -> None:
        points = [{"x": box["x"] + share * box["width"], "y": y, "id": n} for n, share in enumerate(shares)]
        line.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.4)
    touch("touchStart", 0.4, 0.6)
    for step in (0.05, 0.1, 0.15, 0.2):
        touch("touchMove", 0.4 - step, 0.6 + step)
    touch("touchEnd")
    start, end = until_changed(watch)
    assert abs((end - start) - timedelta(minutes=20)) < timedelta(minutes=1)
    assert abs((start + (end - start) / 2) - (NOON + timedelta(minutes=30))) < timedelta(minutes=1)
    watch.page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize(("press", "hours"), [("Zoom in", 1 / 1.6), ("Zoom out", 1.6)])
def test_buttons_zoom_about_the_middle(watch: Watch, press: str, hours: float) -> None:
    watch.go()
    watch.press(press)
    start, end = until_changed(watch)
    assert abs((end - start) - timedelta(hours=hours)) < timedelta(seconds=1)
    assert abs((start + (end - start) / 2) - (NOON + timedelta(minutes=30))) < timedelta(seconds=1)


def test_keys_lead_along_a_lane_and_to_its_neighbour(watch: Watch) -> None:
    watch.go()
    watch.lane(0).focus()
    watch.keys("ArrowRight")
    expect(watch.lane(0)).to_have_attribute("aria-valuetext", words(NOON + timedelta(minutes=31), "recorded"))
    watch.keys(".", ",", ",")
    expect(watch.lane(0)).to_have_attribute("aria-valuetext", words(NOON + timedelta(minutes=20), "nothing recorded"))
    watch.keys("ArrowDown")
    expect(watch.lane(1)).to_be_focused()
    expect(watch.lane(1)).to_have_attribute("aria-valuetext", words(NOON + timedelta(minutes=20), "nothing recorded"))
    watch.keys("Home")
    expect(watch.lane(1)).to_have_attribute("aria-valuetext", words(NOON + timedelta(minutes=30), "recorded"))
    watch.keys("+", "+")
    start, end = until_changed(watch)
    assert abs((end - start) - timedelta(hours=1 / 1.6**2)) < timedelta(seconds=1)


def words(at: datetime, state: str) -> str:
    """As the page says it: browsers of tests are in UTC."""
    return f"{at:%a}, {at.day} {at:%b %Y}, {at:%H:%M:%S}, {state}"


def test_all_now_and_a_typed_instant(watch: Watch) -> None:
    watch.go()
    watch.keys("n")
    start, end = until_changed(watch)
    assert start > NOON + timedelta(days=1)
    assert watch.page.get_by_role("button", name="Nothing is recorded here. Show all").is_visible()
    watch.press("All")
    start, end = until_changed(watch, (start, end))
    assert (start, end) < HOUR
    assert end > HOUR[1]
    watch.page.get_by_label("Go to a day and time").fill("2026-03-10T12:21:30")
    watch.press("Go")
    start, end = until_changed(watch, (start, end))
    assert abs((start + (end - start) / 2) - (NOON + timedelta(minutes=21, seconds=30))) < timedelta(seconds=1)
    expect(watch.glimpse).to_contain_text("Nothing recorded for 5 min")


def test_a_camera_whose_clock_is_wrong_leads_no_one_away_from_the_others(watch: Watch) -> None:
    century = 100 * 365.25 * 86400
    watch.server.cameras.append(Camera(2, "Broken clock", [(century, century + 60)]))
    watch.go(None)
    start, end = until_changed(watch)
    assert start < HOUR[0]
    assert HOUR[1] < end < HOUR[1] + timedelta(days=1)


def test_the_address_opens_the_same_view_and_the_rail_leads_back_to_it(watch: Watch) -> None:
    mark = f"{iso(NOON)}/{iso(NOON + timedelta(minutes=10))}"
    watch.go(camera=camera_id(1), mark=mark)
    expect(watch.page.get_by_label(f"Choose {nameless(1)}")).to_be_checked()
    expect(watch.marked).to_contain_text("10 min")
    watch.press("Later")
    later = until_changed(watch)
    watch.page.get_by_role("link", name="Library", exact=True).click()
    expect(watch.page.get_by_role("heading", name="Library", level=1)).to_be_focused()
    watch.page.get_by_role("link", name="Cameras", exact=True).click()
    expect(watch.page.get_by_role("heading", name="Cameras", level=1)).to_be_focused()
    assert shown(watch) == later
    watch.expect_address("mark", mark)
    watch.page.reload()
    expect(watch.marked).to_contain_text("10 min")
    assert shown(watch) == later


def test_the_keys_are_told_and_single_ones_can_be_turned_off(watch: Watch) -> None:
    watch.go()
    watch.keys("?")
    dialog = watch.page.get_by_role("dialog", name="Keys")
    expect(dialog).to_contain_text("Open the video at this second")
    dialog.get_by_label("Use single keys").uncheck()
    watch.keys("Escape", "?")
    expect(dialog).to_have_count(0)
