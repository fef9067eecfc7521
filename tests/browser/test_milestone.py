"""Copies in a VMS on the page: their phases by name, what Verified means there, and no broken player afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.shelf import Shelf, delivery
from tests.browser.test_words import said, visit

__all__ = ["visit"]

FOOTAGE = {"vms_camera_id": "8f4c1f2e", "start": "2026-11-20T09:00:00Z", "end": "2026-11-20T09:00:12Z", "locked": False}


def in_vms(state: str = "delivered", **more: Any) -> dict[str, Any]:
    phase = {"delivered": "verified"}.get(state, "saved")
    told = {"kind": "milestone", "phase": phase, "footage": FOOTAGE if state == "delivered" else None}
    return delivery("milestone", state, **(told | more))


@pytest.mark.parametrize(
    ("copy", "word"),
    [
        ({"state": "pending", "phase": "saved"}, "Waiting"),
        ({"state": "in_progress", "phase": "offered", "bytes_sent": 0, "bytes_total": 9}, "Offered"),
        ({"state": "in_progress", "phase": "retrieving", "bytes_sent": 41, "bytes_total": 100}, "Retrieving 41\u00a0%"),
        ({"state": "in_progress", "phase": "retrieving", "bytes_sent": 9, "bytes_total": 9}, "Checking"),
        ({"state": "delivered", "phase": "verified"}, "Verified"),
        ({"state": "deleted", "phase": "ended"}, "Ended"),
        ({"state": "deleted", "phase": None}, "Removed"),
    ],
)
def test_each_phase_has_its_word(visit: Any, copy: dict[str, Any], word: str) -> None:
    assert said(visit, "words/states.js", "mark", copy)["word"] == word


def test_a_copy_that_could_not_be_locked_says_so_though_it_is_verified(visit: Any) -> None:
    error = "It is held here, and could not be locked in Milestone: it did not answer"
    copy = {"state": "delivered", "error": error, "error_code": "not-locked"}
    assert said(visit, "words/states.js", "explain", copy, "Milestone", 0) == f"{error}. It is tried again by itself."


def test_only_what_no_other_target_has_is_called_kept_in_the_vms_only(visit: Any) -> None:
    def only(status: str, *copies: dict[str, Any]) -> int:
        return len(said(visit, "words/footage.js", "footageOnly", {"status": status, "deliveries": list(copies)}))

    assert only("remote-only", in_vms()) == 1
    assert only("remote-only", in_vms(), delivery("nas", "failed")) == 1
    assert only("remote-only", in_vms(), delivery("nas")) == 0
    assert only("remote-only", in_vms("damaged")) == 0
    assert only("ready", in_vms()) == 0


def test_in_place_of_a_broken_player_it_says_where_to_watch_and_what_is_lost(shelf: Shelf) -> None:
    link = "https://vms.example/camera"
    details = shelf.open(shelf.put(status="remote-only", local="pruned", deliveries=[in_vms(link=link)]))
    told = details.locator("[data-not-yet]")
    expect(told).to_contain_text("It is kept in the VMS only: milestone, camera 8f4c1f2e, ")
    expect(told).to_contain_text("Watch it there, without sound. The original file and its SHA-256 cannot be had back")
    expect(told.get_by_role("link", name="Open in milestone")).to_have_attribute("href", link)
    expect(details.locator("video")).to_have_count(0)
    expect(details.get_by_role("link", name="Download")).to_have_count(0)
    expect(details.locator("[data-fact=SHA-256]")).to_contain_text("In the VMS only")
    expect(details.get_by_text("Convert…")).to_have_count(0)
    assert not [path for path in shelf.asked if path.endswith(("/content", "/download"))]


def test_the_way_to_the_vms_is_whole_on_a_phone(shelf: Shelf) -> None:
    shelf.page.set_viewport_size({"width": 390, "height": 844})
    camera = {**FOOTAGE, "vms_camera_id": "8f4c1f2e-53b1-4c0a-9d7a-0d3c2b1a5e6f"}
    copy = in_vms(link="https://vms.example/camera", footage=camera)
    told = shelf.open(shelf.put(status="remote-only", local="pruned", deliveries=[copy])).locator("[data-not-yet]")
    link, room = told.get_by_role("link").bounding_box(), told.bounding_box()
    assert link
    assert room
    assert link["y"] + link["height"] <= room["y"] + room["height"]


def ended(**more: Any) -> dict[str, Any]:
    over = {**FOOTAGE, "ended_at": "2026-11-27T09:00:00Z"}
    error = "Ended in the VMS: its retention of 7 days passed at 2026-11-27 09:00 UTC."
    return in_vms("deleted", phase="ended", footage=over, error=error, error_code="past-retention", **more)


def test_what_ended_there_is_told_without_alarm_and_nothing_is_retried(visit: Any) -> None:
    copy = ended()
    assert said(visit, "words/states.js", "mark", copy) == {"shape": "none", "word": "Ended", "tone": "waiting"}
    assert said(visit, "words/states.js", "explain", copy, "Milestone", 0) == (
        "Ended in the VMS: its retention of 7 days passed at 2026-11-27 09:00 UTC. It is not sent there again."
    )
    assert said(visit, "words/states.js", "isInMotion", copy) is False
    assert said(visit, "words/states.js", "canRetry", copy) is False


def test_a_video_that_only_the_vms_had_says_where_it_was_and_until_when(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(status="remote-only", local="pruned", deliveries=[ended(attempts=1)]))
    told = details.locator("[data-not-yet]")
    expect(told).to_contain_text(
        "It was kept in the VMS only, and its retention there has passed: milestone, camera 8f4c1f2e, "
    )
    expect(told).to_contain_text(re.compile(r", until .*2026.*\. The original file and its SHA-256 cannot be had back"))
    expect(told).not_to_contain_text("Watch it there")
    expect(details.locator("video")).to_have_count(0)
    expect(details.get_by_role("link", name="Download")).to_have_count(0)
    expect(details.locator("[data-fact=SHA-256]")).to_contain_text("Ended in the VMS")
    copy = details.locator("[data-copy=milestone]")
    expect(copy).to_contain_text("kept in the VMS until")
    expect(copy).to_contain_text("its retention of 7 days passed")
    expect(copy.get_by_role("button", name="Retry")).to_have_count(0)
    assert not [path for path in shelf.asked if path.endswith(("/content", "/download"))]


def test_the_library_names_the_copies_that_ended(visit: Any) -> None:
    video = {"status": "remote-only", "deliveries": [ended()]}
    assert [one["word"] for one in said(visit, "library/copies.js", "groupsOf", video)] == ["Ended"]
    assert said(visit, "library/states.js", "statusMark", video)["word"] == "Ended in the VMS"


@pytest.mark.parametrize(
    ("told", "lacking"),
    [
        ({"start_time": "2026-11-20T09:00:00Z"}, "without end_time"),
        ({"end_time": "2026-11-20T09:00:00Z"}, "without start_time"),
        ({}, "without start_time and end_time"),
        ({"start_time": "2026-11-20T09:00:00Z", "end_time": "2026-11-20T09:00:12Z"}, ""),
        ({"camera_id": ""}, ""),
        ({"deliveries": [in_vms()]}, ""),
    ],
)
def test_a_cameras_video_that_lacks_an_instant_says_why_the_vms_does_not_get_it(
    visit: Any, told: dict[str, Any], lacking: str
) -> None:
    vms = {"name": "milestone", "kind": "milestone", "label": "Milestone", "required_of": "recordings"}
    video = {"camera_id": "gate", "start_time": None, "end_time": None, "deliveries": [delivery("nas")], **told}
    words = said(visit, "words/footage.js", "noRecording", video, [vms])
    assert words.partition("but was sent ")[2] == (
        lacking and f"{lacking}. Send it again with camera_id, start_time and end_time."
    )
    assert said(visit, "words/footage.js", "noRecording", video, [{**vms, "required_of": "named"}]) == ""


def test_the_details_say_it_and_do_not_deny_the_targets_that_there_are(shelf: Shelf) -> None:
    vms = {"name": "milestone", "kind": "milestone", "label": "VMS", "required_of": "recordings"}
    shelf.page.evaluate(
        """async (targets) => {
            const { session } = await partOfPage("server/session.js");
            session.value = { ...session.value, targets };
        }""",
        [vms],
    )
    details = shelf.open(shelf.put(camera_id="gate", start_time="2026-11-20T09:00:00Z"))
    expect(details.locator("[data-no-recording]")).to_contain_text("It does not go to VMS by itself")
    expect(details).to_contain_text("None: no target gets it by itself. It is kept on this server only.")
    expect(details).not_to_contain_text("No target is set up")


def test_that_it_is_tried_again_is_said_once(visit: Any) -> None:
    copy = {"state": "pending", "error": "Milestone refused the connection. It is tried again.", "attempts": 2}
    told = said(visit, "words/states.js", "explain", copy, "Milestone", 0)
    assert told.startswith("Milestone did not take it yet: Milestone refused the connection. Tried")


def test_a_verified_copy_there_is_told_as_what_it_is(shelf: Shelf) -> None:
    locked = in_vms(footage={**FOOTAGE, "locked": True})
    copy = shelf.open(shelf.put(deliveries=[locked])).locator("[data-copy=milestone]")
    expect(copy).to_contain_text("Verified")
    expect(copy).to_contain_text("its time seen in the VMS")
    expect(copy).to_contain_text("locked as evidence")
    told = re.compile("The VMS\u2019s sequences covered its time: .*2026")
    expect(copy.locator(".state-mark")).to_have_attribute("title", told)
