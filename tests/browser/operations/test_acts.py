"""Targets and what needs a person: what is said of each, and what an operator can do about it."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import GB, MadeUpServer, ago, place, report, trouble
from tests.services.app import RunningApp

LOST = "Drive no longer accepts our sign-in"


def test_each_target_tells_how_it_fares_and_is_checked_paused_and_resumed(desk: Desk) -> None:
    waiting = {"count": 3, "bytes": 4 * GB}
    desk.server.places = [
        place("nas", "NAS", backlog=waiting, oldest_waiting_at=ago(minutes=14), last_error_at=ago(hours=3),
              last_error="It was full"),
        place("drive", "Drive", state="parked", reason=LOST),
    ]  # fmt: skip
    desk.go()
    nas = desk.page.locator("[data-place=nas]")
    expect(nas).to_contain_text("Up")
    # A minute may pass on a busy machine.
    expect(nas).to_contain_text(re.compile(r"3 videos, 4\.0 GB · oldest for 1\d min"))
    expect(nas).to_contain_text(re.compile(r"Last success\d min ago"))
    expect(nas).to_contain_text("Last error: It was full.")
    expect(desk.page.locator("[data-place=drive]")).to_contain_text(f"Drive needs a person: {LOST}.")
    desk.press("Check NAS")
    expect(nas).to_contain_text("Written, read back and removed.")
    desk.press("Pause NAS")
    expect(nas).to_contain_text("NAS is paused: nothing new is started there.")
    # The button now says the opposite, and the focus is still on it.
    expect(desk.page.get_by_role("button", name="Resume NAS")).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(desk.page.get_by_role("button", name="Pause NAS")).to_be_focused()
    expect(desk.heard).to_contain_text("NAS goes on.")
    assert desk.server.acts == [f"POST /api/targets/nas/{act}" for act in ("check", "pause", "resume")]


def test_what_needs_a_person_is_told_by_reason_and_tried_again_one_or_all(desk: Desk) -> None:
    desk.server.report = report(safe={"videos": 20, "verified": 12, "waiting": 0, "needs_person": 8})
    desk.server.troubles = [trouble(number, "drive", "parked", LOST) for number in range(7)]
    desk.server.troubles.append(trouble(50, "nas", "failed", "The name is too long for this disk"))
    desk.go()
    failed, parked = desk.page.locator("[data-need=failed]"), desk.page.locator("[data-need=parked]")
    expect(failed).to_contain_text("NAS cannot take this file: The name is too long for this disk.")
    expect(parked).to_contain_text(f"Drive needs a person: {LOST}.")
    expect(parked.get_by_role("listitem")).to_have_count(3)
    desk.press("Show all 7")
    expect(parked.get_by_role("listitem")).to_have_count(7)
    desk.page.get_by_role("link", name="clip_0050.mp4").click()
    expect(desk.page.get_by_role("heading", name="Library")).to_be_visible()
    assert f"video={desk.server.troubles[-1]['video_id']}" in desk.page.url
    desk.page.go_back()
    desk.press("Retry clip_0050.mp4 on NAS")
    expect(failed).to_have_count(0)
    # The button went with its reason, and the focus is not lost.
    expect(desk.page.get_by_role("heading", name="What needs a person")).to_be_focused()
    desk.press("Retry 7 videos on Drive")
    expect(parked).to_have_count(0)
    expect(desk.heard).to_contain_text("7 videos are tried again on Drive.")
    assert len(desk.server.acts) == 8


def test_a_target_that_takes_nothing_needs_a_person_though_no_copy_has_failed(desk: Desk) -> None:
    desk.server.report = report(safe={"videos": 20, "verified": 20, "waiting": 0, "needs_person": 0})
    waiting = {"count": 38, "bytes": 4 * GB}
    desk.server.places = [place("usb", "USB disk", required=False, state="parked", reason=LOST, backlog=waiting)]
    desk.go()
    part = desk.part("What needs a person")
    expect(part).not_to_contain_text("Nothing at the moment")
    expect(part).to_contain_text("Needs you38 videos wait for USB disk")
    expect(part).to_contain_text(f"USB disk needs a person: {LOST}.")
    desk.press("Check USB disk now")
    expect(part).to_contain_text("Written, read back and removed.")
    # Two of them were tried: those are told with their names, and the others are not forgotten.
    desk.server.troubles = [trouble(number, "usb", "parked", LOST) for number in range(2)]
    desk.look_again()
    expect(part).to_contain_text("2 videos on USB disk")
    expect(part).to_contain_text("36 other copies wait for it too.")
    expect(part.locator("[data-need=target]")).to_have_count(0)
    desk.page.locator("[data-place=usb]").get_by_role("link", name="38 videos").click()
    expect(desk.page.get_by_role("button", name="Clear A copy is not verified yet")).to_be_visible()


def test_a_check_that_finds_the_same_does_not_say_it_twice(desk: Desk) -> None:
    words = "Written, read back and removed."
    desk.server.places = [place("nas", "NAS", state="degraded", reason=words)]
    desk.go()
    desk.press("Check NAS")
    expect(desk.page.locator("[data-place=nas]")).to_contain_text("Checked just now: it is still so.")


def test_who_may_only_look_sees_figures_and_no_button(open_page: OpenPage, team_server: RunningApp) -> None:
    made = team_server.cli("token", "create", "--name", "looks", "--role", "viewer", "--json")
    visit = open_page(team_server, sign_in=False)
    visit.open(token=json.loads(made.stdout)["token"])
    desk = Desk(visit, MadeUpServer())
    desk.server.troubles = [trouble(50, "nas", "failed", "The name is too long for this disk")]
    desk.server.refusals = {"/api/scrub": 403, "/api/retention/preview": 403, "/api/projects": 403}
    desk.server.serve(desk.page)
    desk.go()
    expect(desk.bars("By project").first).to_contain_text("surf-2026")
    expect(desk.page.locator("[data-place=nas]")).to_contain_text("Up")
    expect(desk.page.locator("[data-need=failed]")).to_be_visible()
    for region in ("Integrity", "Retention"):
        expect(desk.part(region)).to_have_count(0)
    for name in ("Check NAS", "Pause NAS", "Retry clip_0050.mp4 on NAS"):
        expect(desk.page.get_by_role("button", name=name)).to_have_count(0)
    desk.page.unroute_all(behavior="ignoreErrors")
