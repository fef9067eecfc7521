"""Clocks that are put back or forward, and cameras whose clock is wrong: each time that is said means one instant."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.cameras.made_up import NOON, Camera, MadeUpCameras, bounds, camera_id, export, iso
from tests.browser.cameras.watching import Watch
from tests.browser.conftest import OpenPage
from tests.services.app import RunningApp

# In Berlin clocks go from 03:00 CEST back to 02:00 CET at this instant.
BACK = datetime(2025, 10, 26, 1, tzinfo=UTC)
_AXIS = """async ([from, to]) => {
    const { axisOf } = await partOfPage("cameras/ticks.js");
    return axisOf({ from, to }, 12).ticks.map(({ words }) => words);
}"""


@pytest.fixture
def berlin(open_page: OpenPage, team_server: RunningApp) -> Iterator[Watch]:
    """Recordings of the hour before the clocks are put back and of the one after it."""
    start = (BACK - NOON).total_seconds()
    made = Watch(
        open_page(team_server, timezone_id="Europe/Berlin"),
        MadeUpCameras([Camera(0, "Gate", [(start - 3600, start + 3600)])]),
    )
    made.server.serve(made.page)
    yield made
    made.page.unroute_all(behavior="ignoreErrors")


def around_it(watch: Watch, **more: str) -> None:
    watch.go((BACK - timedelta(hours=1), BACK + timedelta(hours=1)), camera=camera_id(0), **more)


def test_where_an_hour_comes_twice_each_time_says_its_zone(berlin: Watch) -> None:
    ends = {"start": iso(BACK - timedelta(seconds=3)), "end": iso(BACK + timedelta(seconds=12))}
    told: dict[str, Any] = {"start_time": ends["start"], "end_time": ends["end"], "camera_ids": [camera_id(0)]}
    berlin.server.exports = [export(1, **told, bounds=[bounds(0, asked=ends, given=ends)])]
    around_it(berlin, mark=f"{ends['start']}/{ends['end']}")
    expect(berlin.export("Case 0001")).to_contain_text("Sun, 26 Oct 2025, 02:59:57 CEST – 02:00:12 CET")
    expect(berlin.page.locator("[data-shown]")).to_contain_text("02:00:00 CEST – 03:00:00 CET")
    expect(berlin.marked.get_by_label("From", exact=True)).to_have_value("2025-10-26 02:59:57 CEST")
    words = berlin.page.evaluate(_AXIS, [at.timestamp() * 1000 for at in (BACK - timedelta(hours=1), BACK)])
    assert words[0] == "02:00 CEST"
    assert words[-1] == "02:00 CET"
    assert "CE" not in "".join(berlin.page.evaluate(_AXIS, [(NOON.timestamp() + end) * 1000 for end in (0, 3600)]))


def test_a_typed_time_that_comes_twice_is_read_wide_unless_it_names_its_zone(berlin: Watch) -> None:
    around_it(berlin)
    berlin.type_end("From", "2025-10-26 02:30")
    berlin.type_end("To", "02:10")
    expect(berlin.marked.get_by_text("40 min", exact=True)).to_be_visible()
    expect(berlin.marked).to_contain_text("the first, CEST, was taken. Write CET behind it for the other.")
    expect(berlin.marked).to_contain_text("the last, CET, was taken.")
    berlin.type_end("From", "02:05 CET")
    expect(berlin.marked.get_by_text("5 min", exact=True)).to_be_visible()
    berlin.type_end("From", "2025-10-26 02:00 +02:00")
    expect(berlin.marked.get_by_text("1 h 10 min", exact=True)).to_be_visible()
    berlin.type_end("To", "2025-10-26T00:30Z")
    berlin.expect_address("mark", f"{iso(BACK - timedelta(hours=1))}/{iso(BACK - timedelta(minutes=30))}")
    berlin.type_end("To", "02:30 PST")
    expect(berlin.marked.get_by_role("alert")).to_contain_text("PST is no zone of Europe/Berlin. Write CE")


def test_a_typed_time_that_clocks_skip_is_refused_with_what_may_be_meant(berlin: Watch) -> None:
    around_it(berlin)
    words = "There is no 02:30:00 on 30 March 2025 in Europe/Berlin: clocks were put forward."
    berlin.type_end("From", "2025-03-30T02:30")
    expect(berlin.marked.get_by_role("alert")).to_have_text(f"{words} Type 01:30:00 CET or 03:30:00 CEST.")
    berlin.page.get_by_label("Go to a day and time").fill("2025-03-30 02:30")
    berlin.press("Go")
    expect(berlin.page.locator(".go-to").get_by_role("alert")).to_contain_text(words)


def test_a_camera_whose_clock_is_wrong_says_years_in_full_and_that_it_is_ahead(watch: Watch) -> None:
    at = [(datetime(year, 1, 1, 12, tzinfo=UTC) - NOON).total_seconds() for year in (1, 2099)]
    watch.server.cameras = [Camera(0, "Gate", [(at[0], at[0] + 60), (at[1] - 60, at[1])])]
    watch.page.goto(f"{watch.visit.base_url}/cameras")
    expect(watch.page.locator(".lane-facts")).to_have_text("1 Jan 0001 – 1 Jan 2099")
    expect(watch.page.locator(".lane-words")).to_contain_text("Its clock is ahead")
    ago = """(seconds) => partOfPage("words/times.js").then(({ ago }) => {
        const now = Date.parse("2026-11-21T12:00:00Z");
        return ago(new Date(now + seconds * 1000).toISOString(), now);
    })"""
    said = {30: "just now", 7200: "in 2 h", 10 * 86_400: "1 Dec 2026"}
    assert {seconds: watch.page.evaluate(ago, seconds) for seconds in said} == said
