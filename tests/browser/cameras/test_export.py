"""Ordering an export: what is asked, what is told beforehand, and that nothing typed is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.cameras.made_up import NOON, camera_id, iso
from tests.browser.cameras.watching import Watch

MARK = f"{iso(NOON)}/{iso(NOON + timedelta(minutes=40))}"
BOTH = f"{camera_id(0)},{camera_id(1)}"
_ORDER = "POST /api/v1/storage/exports"


def opened(watch: Watch, camera: str = BOTH) -> Locator:
    watch.go(camera=camera, mark=MARK)
    watch.press("Export…")
    dialog = watch.page.get_by_role("dialog", name="Export")
    expect(dialog).to_contain_text("40 min of Harbour north")
    return dialog


def test_the_dialogue_orders_what_was_chosen_and_the_list_shows_it(watch: Watch) -> None:
    dialog = opened(watch)
    expect(dialog.get_by_label("Reason (required)")).to_be_focused()
    dialog.get_by_label("Reason (required)").fill("Case 17: the crane")
    dialog.get_by_label("Exact", exact=True).check()
    dialog.get_by_label("Show gaps as a slate with the time").check()
    dialog.get_by_label("Give what there is").check()
    dialog.get_by_label("MKV").check()
    dialog.get_by_label("Kept for").select_option("30 days")
    dialog.get_by_role("button", name="Export").click()
    expect(watch.export("Case 17: the crane")).to_contain_text("Waiting")
    expect(dialog).to_have_count(0)
    expect(watch.heard).to_contain_text("The export is ordered.")
    assert watch.server.ordered() == [
        {
            "camera_ids": [camera_id(0), camera_id(1)],
            "start_time": iso(NOON),
            "end_time": iso(NOON + timedelta(minutes=40)),
            "format": "mkv",
            "reason": "Case 17: the crane",
            "cut": "exact",
            "layout": "files",
            "slate": True,
            "incomplete": "partial",
            "keep_hours": 720,
        }
    ]


def test_each_choice_says_what_it_means_and_size_and_time_are_estimated(watch: Watch) -> None:
    dialog = opened(watch)
    expect(dialog).to_contain_text("the true bounds are told")
    expect(dialog).to_contain_text("Copied as recorded where recordings are alike")
    expect(dialog).to_contain_text("The pictures are encoded anew")
    expect(dialog.locator("[data-estimate]")).to_contain_text("About 50.0 MB, ready in about 42 s once it begins.")
    expect(dialog.locator("[data-estimate]")).to_contain_text("Harbour north: 35 min recorded in 2 segments, 1 gap")


def test_without_a_reason_nothing_is_ordered(watch: Watch) -> None:
    dialog = opened(watch)
    dialog.get_by_role("button", name="Export").click()
    reason = dialog.get_by_label("Reason (required)")
    expect(reason).to_be_focused()
    expect(reason).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("alert")).to_contain_text("Say what it is for")
    assert watch.server.ordered() == []


def test_a_grid_is_exact_and_asked_of_several_cameras_only(watch: Watch) -> None:
    dialog = opened(watch)
    dialog.get_by_label("One picture of all").check()
    expect(dialog.get_by_label("Exact", exact=True)).to_be_checked()
    expect(dialog.get_by_label("Fast")).to_be_disabled()
    dialog.get_by_label("Reason (required)").fill("Grid")
    dialog.get_by_role("button", name="Export").click()
    expect(watch.export("Grid")).to_be_visible()
    assert (watch.server.ordered()[0]["layout"], watch.server.ordered()[0]["cut"]) == ("grid", "exact")
    expect(opened(watch, camera_id(0)).get_by_label("One picture of all")).to_have_count(0)


@pytest.mark.parametrize(
    ("field", "words", "place"),
    [
        ("slate", "slate is drawn into the picture, so it needs exact.", "slate"),
        ("end_time", "end_time lies more than 7 days after start_time; make several exports of it.", "range"),
        ("keep_hours", "keep_hours must be a number of hours above 0.", "keep_hours"),
        ("", "The disk is full.", "all"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_nothing_typed_is_lost(
    watch: Watch, field: str, words: str, place: str
) -> None:
    body = {"success": False, "error": words, "code": "bad-field", "detail": {"field": field}}
    watch.server.refusals[_ORDER] = (422, body)
    dialog = opened(watch)
    dialog.get_by_label("Reason (required)").fill("Case 18")
    dialog.get_by_label("Exact", exact=True).check()
    dialog.get_by_role("button", name="Export").click()
    expect(dialog.locator(f"[data-fault={place}]")).to_have_text(words)
    expect(dialog.get_by_label("Reason (required)")).to_have_value("Case 18")
    watch.keys("Escape")
    expect(dialog).to_have_count(0)
    watch.press("Export…")
    expect(dialog.get_by_label("Reason (required)")).to_have_value("Case 18")
    expect(dialog.get_by_label("Exact", exact=True)).to_be_checked()
    del watch.server.refusals[_ORDER]
    dialog.get_by_role("button", name="Export").click()
    expect(watch.export("Case 18")).to_be_visible()


def test_an_export_needs_a_range_and_a_camera(watch: Watch) -> None:
    watch.go()
    expect(watch.page.get_by_role("button", name="Export…")).to_be_disabled()
    watch.keys("e")
    expect(watch.heard).to_contain_text("Mark a range first.")
    watch.drag((0, 0.2), (0, 0.4))
    expect(watch.page.get_by_role("button", name="Export…")).to_be_enabled()
    watch.keys("e")
    expect(watch.page.get_by_role("dialog", name="Export")).to_be_visible()


def test_a_range_with_nothing_recorded_is_told_beforehand(watch: Watch) -> None:
    watch.go(camera=camera_id(1), mark=f"{iso(NOON)}/{iso(NOON + timedelta(minutes=10))}")
    expect(watch.sum(1)).to_contain_text("Nothing recorded")
    watch.press("Export…")
    expect(watch.page.locator("[data-estimate]")).to_contain_text("There is nothing to export.")
