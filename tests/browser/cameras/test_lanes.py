"""The lanes: what was recorded is solid, what is missing is hatched, and what is both is neither of the two."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.cameras.made_up import NOON, Camera, camera_id, instant, nameless
from tests.browser.cameras.watching import Watch

HOLE_SECONDS = 0.001


def test_recorded_time_is_solid_and_missing_time_is_hatched(watch: Watch) -> None:
    watch.go()
    recorded = watch.ink("recorded")
    # Of the hour, minutes 20 to 25 are missing.
    assert {watch.pixel(0, at) for at in (0.02, 0.3, 0.45, 0.98)} == {recorded}
    gap = watch.row(0, 0.5)
    start, end = (round(len(gap) * minute / 60) for minute in (20, 25))
    inside = set(gap[start + 2 : end - 2])
    assert recorded not in inside
    assert {watch.ink("gap"), watch.ink("hatch")} <= inside
    assert watch.pixel(1, 0.3) != recorded
    assert watch.pixel(1, 0.7) == recorded


def test_a_missing_millisecond_is_seen_in_a_year(watch: Watch) -> None:
    year = 365.25 * 86_400
    watch.server.cameras = [Camera(0, "Gate", [(-year, -year / 2), (-year / 2 + HOLE_SECONDS, 0)])]
    watch.go((NOON - timedelta(seconds=year), NOON))
    recorded = watch.ink("recorded")
    middle = {at for at, colour in enumerate(watch.row(0, 0.25)) if colour != recorded}
    width = len(watch.row(0, 0.25))
    assert middle
    assert all(abs(at - width / 2) <= 1 for at in middle)


def test_a_pixel_of_both_looks_like_neither(watch: Watch) -> None:
    # Ten seconds of each minute of a day: no pixel of the day is wholly one or the other.
    minutes = [(at, at + 10) for at in range(0, 86_400, 60)]
    watch.server.cameras = [Camera(0, "Gate", [(float(one), float(other)) for one, other in minutes])]
    watch.go((NOON, NOON + timedelta(days=2)))
    day = watch.row(0, 0.85)[: len(watch.row(0, 0.85)) // 2 - 2]
    assert set(day) == {watch.ink("both")}
    assert watch.ink("both") not in (watch.ink("recorded"), watch.ink("gap"), watch.ink("hatch"))


def test_shares_in_place_of_thousands_of_stretches_are_never_smoothed_over(watch: Watch) -> None:
    short = [(float(at), at + 8.0) for at in range(0, 30_000, 10)]
    watch.server.cameras = [Camera(0, "Gate", [*short, (30_000.0, 43_200.0)])]
    watch.go((NOON, NOON + timedelta(hours=12)))
    expect(watch.lane(0)).to_have_attribute(
        "aria-valuetext", "In what is shown: 86\u00a0% recorded, in very many stretches"
    )
    row = watch.row(0, 0.85)
    assert set(row[: int(len(row) * 30_000 / 43_200) - 8]) == {watch.ink("both")}
    assert watch.pixel(0, 0.9) == watch.ink("recorded")


def test_time_to_come_is_no_gap(watch: Watch) -> None:
    watch.server.cameras = [Camera(0, "Gate", [(0, 600)])]
    watch.page.clock.set_fixed_time(NOON + timedelta(minutes=20))
    watch.go()
    expect(watch.lane(0)).to_have_attribute(
        "aria-valuetext", "In what is shown: 50\u00a0% recorded, 1 gap, 10 min missing"
    )
    row = watch.row(0, 0.5)
    assert watch.ink("hatch") in row[len(row) * 11 // 60 : len(row) * 19 // 60]
    assert set(row[len(row) * 21 // 60 :]) == {"0,0,0,0"}


def test_each_lane_tells_in_words_what_is_shown_of_it(watch: Watch) -> None:
    watch.go()
    told = watch.lane(0).get_attribute("aria-valuetext")
    assert told == "In what is shown: 91\u00a0% recorded, 1 gap, 5 min missing"
    expect(watch.lane(1)).to_have_attribute("aria-label", nameless(1))
    expect(watch.page.locator(f"[data-camera='{camera_id(0)}']")).to_contain_text("2 segments")


def test_the_tables_list_every_stretch_and_gap(watch: Watch) -> None:
    watch.go()
    watch.page.get_by_text("What is shown, as tables").click()
    rows = watch.page.locator(f"[data-table='{camera_id(0)}'] tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("Recorded")
    expect(rows.nth(0)).to_contain_text("20 min")
    expect(rows.nth(1)).to_contain_text("Gap")
    expect(rows.nth(1)).to_contain_text("5 min")


def test_an_operator_names_a_camera(watch: Watch) -> None:
    watch.go()
    watch.press(f"Rename {nameless(1)}")
    field = watch.page.get_by_label(f"Name of {nameless(1)}")
    expect(field).to_be_focused()
    field.fill("Crane")
    watch.keys("Enter")
    expect(watch.lane(1)).to_have_attribute("aria-label", "Crane")
    expect(watch.heard).to_contain_text("The camera is called Crane now.")
    assert watch.server.acts == [(f"PATCH /api/cameras/{camera_id(1)}", {"name": "Crane"})]


def test_a_refused_name_says_why_and_keeps_what_was_typed(watch: Watch) -> None:
    words = {"success": False, "error": "name is too long.", "code": "bad-field", "detail": {"field": "name"}}
    watch.server.refusals[f"PATCH /api/cameras/{camera_id(0)}"] = (422, words)
    watch.go()
    watch.press("Rename Harbour north")
    watch.page.get_by_label("Name of Harbour north").fill("Pier")
    watch.keys("Enter")
    expect(watch.page.get_by_role("alert").filter(has_text="name is too long.")).to_be_visible()
    expect(watch.page.get_by_label("Name of Harbour north")).to_have_value("Pier")
    watch.keys("Escape")
    expect(watch.page.get_by_role("button", name="Rename Harbour north")).to_be_focused()


def test_the_newest_day_is_shown_to_whoever_comes_without_a_wish(watch: Watch) -> None:
    watch.server.cameras = [Camera(0, "Gate", [(0, 3600), (30 * 86_400, 30 * 86_400 + 3600)])]
    watch.go(None)
    watch.page.wait_for_function("() => new URLSearchParams(location.search).has('from')")
    start, end = (instant(watch.address()[name]) for name in ("from", "to"))
    assert timedelta(hours=24) < end - start < timedelta(hours=27)
    assert watch.pixel(0, 0.95) == watch.ink("recorded")
