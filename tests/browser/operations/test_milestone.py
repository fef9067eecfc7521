"""Where the VMS is shown among the targets, it is said what is known of it and what it cannot do."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import place, report

WORDS = (
    "Holdfast implements Milestone\u2019s documented interface; it was not yet tried against a real VMS. Verified "
    "means that the VMS\u2019s own sequences cover the recording\u2019s time. It gets the picture alone, without "
    "sound. The original file and its SHA-256 cannot be had back from a VMS."
)


def test_of_a_vms_it_is_said_what_verified_means_and_that_none_was_tried_yet(desk: Desk) -> None:
    desk.server.places = [place("nas", "NAS"), place("milestone", "Milestone", kind="milestone")]
    desk.go()
    part = desk.part("Targets")
    expect(part.locator("[data-place=milestone]")).to_contain_text(WORDS)
    expect(part.locator("[data-as-far-as-known]")).to_have_count(1)


def test_what_to_see_before_one_relies_on_it_stands_folded_beside_the_vms_alone(desk: Desk) -> None:
    desk.page.set_viewport_size({"width": 390, "height": 844})
    desk.server.places = [place("nas", "NAS"), place("milestone", "Milestone", kind="milestone")]
    desk.go()
    part = desk.part("Targets")
    vms = part.locator("[data-place=milestone]")
    expect(part.get_by_text("Before you rely on it")).to_have_count(1)
    summary, steps = vms.get_by_text("Before you rely on it"), vms.get_by_role("listitem")
    expect(steps).to_have_count(0)
    vms.get_by_role("button", name="Pause Milestone").focus()
    _tab_to(desk, summary)
    desk.page.keyboard.press("Enter")
    expect(steps).to_have_text(
        [
            re.compile("device was added"), re.compile("right time in the Smart Client"),
            re.compile("becomes verified"), re.compile("beginning and its end"),
            re.compile("evidence lock"), re.compile("nothing is there twice"),
            re.compile("^Only then set STORAGE_MODE=MILESTONE"),
        ]
    )  # fmt: skip
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 390
    room, last = vms.bounding_box(), steps.last.bounding_box()
    assert room
    assert last
    assert last["x"] >= room["x"]
    assert last["x"] + last["width"] <= room["x"] + room["width"]
    assert last["y"] + last["height"] <= room["y"] + room["height"]


def _tab_to(desk: Desk, wanted: Locator) -> None:
    """By the keyboard alone, whichever way round the page lays the row out."""
    for key in ("Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab"):
        if wanted.evaluate("(element) => element === document.activeElement"):
            break
        desk.page.keyboard.press(key)
    expect(wanted).to_be_focused()


def test_what_ended_there_and_what_need_not_go_there_have_names_of_their_own_in_the_bar(desk: Desk) -> None:
    safe = {"videos": 9, "verified": 2, "waiting": 0, "needs_person": 0, "exempt": 5}
    over = [{"target": "milestone", "state": "deleted", "count": 2, "bytes": 2}]
    desk.server.report = report(safe=safe, by_target=over)
    desk.go()
    vms = {"name": "milestone", "kind": "milestone", "label": "Milestone", "required_of": "recordings"}
    desk.page.evaluate(
        """async (targets) => {
            const { session } = await partOfPage("server/session.js");
            session.value = { ...session.value, targets };
        }""",
        [vms],
    )
    names = desk.safety.locator(".share-names li")
    expect(names).to_have_text(
        [re.compile("Verified 2"), re.compile("No recordings 5"), re.compile("Ended, or not queued 2")]
    )


def test_it_is_not_called_required_of_what_does_not_belong_there(desk: Desk) -> None:
    vms = place("milestone", "Milestone", kind="milestone", required_of="recordings")
    desk.server.places = [place("nas", "NAS", required_of="named"), place("drive", "Drive"), vms]
    desk.go()
    part = desk.part("Targets")
    expect(part.locator("[data-place=milestone]")).to_contain_text("milestone · required of recordings")
    expect(part.locator("[data-place=nas]")).to_contain_text("folder · required where named")
    expect(part.locator("[data-place=drive] .place-name")).to_have_text("Drivefolder · required")
