"""A marked range: dragged over lanes, typed, or made by keys; what each camera recorded of it is told."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.cameras.made_up import NOON, camera_id, iso, nameless
from tests.browser.cameras.watching import Watch

CRANE = nameless(1)


def test_dragging_over_lanes_marks_time_and_chooses_their_cameras(watch: Watch) -> None:
    watch.go()
    watch.drag((0, 0.25), (1, 0.75))
    expect(watch.page.get_by_label("Choose Harbour north")).to_be_checked()
    expect(watch.page.get_by_label(f"Choose {CRANE}")).to_be_checked()
    expect(watch.sum(0)).to_contain_text("Harbour north 83\u00a0% recorded, 1 gap,")
    expect(watch.sum(1)).to_contain_text("50\u00a0% recorded, 1 gap, 15 min")
    expect(watch.heard).to_contain_text("Marked 30 min")
    assert watch.pixel(0, 0.5) != watch.ink("recorded")
    assert watch.pixel(0, 0.9) == watch.ink("recorded")


def test_dragging_within_a_chosen_lane_keeps_the_others(watch: Watch) -> None:
    watch.go()
    watch.page.get_by_label("Choose Harbour north").check()
    watch.page.get_by_label(f"Choose {CRANE}").check()
    watch.drag((0, 0.6), (0, 0.8))
    expect(watch.page.get_by_label(f"Choose {CRANE}")).to_be_checked()
    expect(watch.sum(1)).to_contain_text("Recorded throughout")


def test_a_typed_range_says_its_length_shares_and_gaps(watch: Watch) -> None:
    watch.go(camera=camera_id(0))
    watch.type_end("From", "2026-03-10T12:15:00")
    watch.type_end("To", "12:35")
    expect(watch.marked.get_by_text("20 min", exact=True)).to_be_visible()
    expect(watch.sum(0)).to_contain_text("75\u00a0% recorded, 1 gap, 5 min missing")
    expect(watch.sum(0).get_by_role("list", name="Gaps of Harbour north")).to_contain_text("12:20:00 for 5 min")
    mark = f"{iso(NOON + timedelta(minutes=15))}/{iso(NOON + timedelta(minutes=35))}"
    watch.expect_address("mark", mark)
    watch.type_end("To", "2026-03-10 12:00:00")
    expect(watch.marked.get_by_role("alert")).to_have_text("The end must be later than the start.")
    expect(watch.page.get_by_role("button", name="Export…")).to_be_disabled()


def test_an_end_typed_elsewhere_asks_for_the_other_and_marks_nothing_between(watch: Watch) -> None:
    watch.go(camera=camera_id(0), mark=f"{iso(NOON)}/{iso(NOON + timedelta(minutes=10))}")
    watch.type_end("From", "2025-08-12 12:00:00")
    expect(watch.marked.get_by_label("To", exact=True)).to_have_value("")
    expect(watch.marked).to_contain_text("Type the end too")
    expect(watch.page.get_by_role("button", name="Export…")).to_be_disabled()
    watch.type_end("To", "12:05")
    expect(watch.marked.get_by_text("5 min", exact=True)).to_be_visible()


def test_keys_mark_from_the_cursor(watch: Watch) -> None:
    watch.go()
    watch.lane(0).focus()
    watch.keys("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight")
    expect(watch.marked.get_by_text("3 min", exact=True)).to_be_visible()
    expect(watch.page.get_by_label("Choose Harbour north")).to_be_checked()
    watch.keys("Shift+ArrowLeft")
    expect(watch.marked.get_by_text("2 min", exact=True)).to_be_visible()
    watch.keys("Home", "[")
    expect(watch.marked.get_by_text("32 min", exact=True)).to_be_visible()
    watch.keys("Escape", "Escape")
    expect(watch.marked.get_by_text("32 min", exact=True)).to_have_count(0)


def test_moving_by_drag_is_a_choice_and_marks_nothing(watch: Watch) -> None:
    watch.go()
    watch.press("Move")
    watch.drag((0, 0.5), (0, 0.25))
    watch.page.wait_for_function("() => new URLSearchParams(location.search).get('from') > '2026-03-10T12:10'")
    assert "mark" not in watch.address()


def test_what_cannot_be_looked_up_says_so(watch: Watch) -> None:
    words = {"success": False, "error": "The catalog is away.", "code": "catalog-unavailable", "detail": {}}
    watch.go()
    watch.server.refusals["GET /api/cameras/coverage"] = (503, words)
    watch.drag((0, 0.2), (0, 0.4))
    expect(watch.marked.get_by_role("alert")).to_have_text("This could not be looked up. The catalog is away.")
    expect(watch.sum(0)).to_contain_text("Not looked up yet")
