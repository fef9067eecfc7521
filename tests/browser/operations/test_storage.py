"""Storage on Operations: exact figures by name, over time, each leading to the videos it counts."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import GB, TODAY, report

_COLOURS = """() => {
    const canvas = document.querySelector(".chart-area canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join(" "));
    return [...seen];
}"""
LIGHT, DARK = "15 118 110", "45 212 191"


def test_names_are_sorted_the_first_ten_shown_and_each_leads_to_its_videos(desk: Desk) -> None:
    desk.server.projects = [
        {"project_id": "surf-2026", "videos": 604, "bytes": 421 * GB, "quota_bytes": 450 * GB, "trashed": 0},
        {"project_id": "not yet", "videos": 0, "bytes": 0, "quota_bytes": 50 * GB, "trashed": 0},
    ]
    desk.go()
    rows = desk.bars("By project")
    expect(rows).to_have_count(11)
    expect(rows.nth(0)).to_contain_text("surf-2026")
    expect(rows.nth(0)).to_contain_text("Nearly full: 93 % of its 450 GB")
    expect(rows.nth(1)).to_contain_text("harbour310 videos191 GB")
    expect(rows.nth(10)).to_contain_text("4 others")
    desk.press("Show all 14 of by project")
    expect(rows).to_have_count(14)
    expect(rows.nth(13)).to_contain_text("not yet0 % of its 50 GB0 videos0 bytes")
    expect(desk.page.locator("[data-disk]")).to_contain_text(
        "790 GB of video on this server's disk; 900 GB free of 1.9 TB. Identical files share their bytes"
    )
    expect(desk.bars("By target").first).to_contain_text("NAS5 waiting1,279 videos815 GB")
    desk.page.get_by_role("link", name="harbour").click()
    expect(desk.page.get_by_role("heading", name="Library")).to_be_visible()
    assert desk.page.url.endswith("/library?project=harbour")


def test_over_time_is_drawn_walked_by_key_and_told_as_a_table(desk: Desk) -> None:
    desk.server.report = report(
        over_time=[
            {"day": "2026-01-30", "count": 2, "bytes": 2 * GB},
            {"day": "2026-03-01", "count": 1, "bytes": GB},
            {"day": TODAY.isoformat(), "count": 4, "bytes": 5 * GB},
        ]
    )
    desk.go()
    chart, day = desk.page.get_by_role("slider", name="Day"), desk.page.locator("[data-day]")
    expect(desk.page.locator("[data-drawn] canvas")).to_have_count(2)
    expect(day).to_contain_text("8.0 GB in 7 videos, of them 5.0 GB in 4 saved that day")
    chart.press("Home")
    expect(day).to_have_text("29 Jan 2026: 0 bytes in 0 videos")
    chart.press("ArrowRight")
    expect(day).to_have_text("30 Jan 2026: 2.0 GB in 2 videos, of them 2.0 GB in 2 saved that day")
    expect(chart).to_have_attribute(
        "aria-valuetext", "30 Jan 2026: 2.0 GB in 2 videos, of them 2.0 GB in 2 saved that day"
    )
    desk.page.get_by_text("As a table").click()
    table = desk.part("Storage over time, as a table").get_by_role("row")
    expect(table.last).to_have_text("January 202622.0 GB22.0 GB")
    desk.page.get_by_role("link", name="March 2026").click()
    expect(desk.page.get_by_role("heading", name="Library")).to_be_visible()
    assert desk.page.url.endswith("/library?after=2026-03-01&before=2026-03-31&zone=utc")


def test_the_charts_wear_the_colours_of_the_theme_and_fit_their_place(desk: Desk) -> None:
    desk.go()
    expect(desk.page.locator("[data-drawn] canvas")).to_have_count(2)
    desk.page.wait_for_function(f"({_COLOURS})().includes('{LIGHT}')")
    desk.press("Switch to dark colours")
    desk.page.wait_for_function(
        f"(() => {{ const seen = ({_COLOURS})(); return seen.includes('{DARK}') && !seen.includes('{LIGHT}'); }})()"
    )
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.page.wait_for_function("""() => [...document.querySelectorAll(".chart")]
        .every((chart) => Math.abs(chart.querySelector(".uplot").clientWidth - chart.clientWidth) < 2)""")


def test_integrity_tells_what_was_read_again_and_what_is_damaged(desk: Desk) -> None:
    damages = [
        {"video_id": "1", "filename": "reef.mp4", "part": "file", "reason": "its bytes changed", "no_copy": True},
        {"video_id": "2", "filename": "pier.mp4", "part": "sidecar", "reason": "it is no JSON", "no_copy": False},
    ]
    desk.server.scrub["local"] |= {"damaged": 2, "damages": damages, "halted": "The disk does not answer"}
    desk.server.scrub["remote"] = {"nas": desk.server.scrub["local"] | {"damaged": 0, "halted": None}}
    desk.go()
    # A record beside a video is no copy of it.
    expect(desk.safety).to_contain_text("1,283 of 1,284 videos are safe here; the server's own copy of 1 is damaged;")
    need = desk.page.locator("[data-need=own-damage]")
    expect(need).to_contain_text("2 files on this server's disk")
    expect(need.get_by_role("listitem").first).to_have_text("reef.mp4its bytes changed.")
    expect(need.get_by_role("link", name="pier.mp4")).to_have_attribute("href", "/library?video=2")
    expect(desk.page.locator("[data-scrub=local]")).to_contain_text(
        "The last run could not go on: The disk does not answer."
    )
    expect(desk.page.locator("[data-scrub=nas]")).to_contain_text("No damage found")
