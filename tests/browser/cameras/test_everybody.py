"""Cameras for everybody: at each width, light and dark, by each role, with nothing there, and without a connection."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Route, expect

from tests.browser.cameras.conftest import two_cameras
from tests.browser.cameras.made_up import NOON, Camera, MadeUpCameras, camera_id, export, iso, problem
from tests.browser.cameras.watching import Watch
from tests.browser.conftest import OpenPage
from tests.browser.test_access import _FAINT_TEXTS, _SMALL_TARGETS
from tests.browser.test_roles import new_token, signed_in
from tests.services.app import RunningApp

LONG = "interview_final_with_corrections_from_the_second_colour_pass_" * 3


def with_all_there_is(watch: Watch) -> None:
    watch.server.cameras = [Camera(0, LONG, [(0, 1200), (1500, 3600)]), *two_cameras()[1:]]
    watch.server.exports = [
        export(1, "PROCESSING", progress=20, phase=LONG, reason=LONG),
        export(2, partial=True, problems=[problem(0, "missing", LONG)], gaps=[], filename=LONG),
        export(3, "FAILED", error=LONG, error_code="incomplete"),
        export(4, "EXPIRED"),
    ]
    watch.go(camera=f"{camera_id(0)},{camera_id(1)}", mark=f"{iso(NOON)}/{iso(NOON + timedelta(minutes=30))}")
    watch.page.get_by_text("What is shown, as tables").click()
    watch.lane(1).focus()
    watch.keys("ArrowRight")
    expect(watch.glimpse).to_be_visible()
    expect(watch.sum(0)).to_contain_text("missing")


def test_nothing_scrolls_sideways_or_is_too_small_or_too_faint(watch: Watch) -> None:
    with_all_there_is(watch)
    # A colour that is still on its way to the next theme is neither the one nor the other.
    watch.page.emulate_media(reduced_motion="reduce")
    for width in (390, 820, 1440):
        watch.page.set_viewport_size({"width": width, "height": 844})
        # Lanes follow the width a moment later.
        watch.page.wait_for_function("(width) => document.documentElement.scrollWidth === width", arg=width)
        assert watch.page.evaluate(_SMALL_TARGETS) == []
    assert watch.page.evaluate(_FAINT_TEXTS) == []
    watch.press("Switch to dark colours")
    expect(watch.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert watch.page.evaluate(_FAINT_TEXTS) == []
    watch.press("Export…")
    expect(watch.page.locator("[data-estimate]")).to_contain_text("About")
    for width in (390, 1440):
        watch.page.set_viewport_size({"width": width, "height": 844})
        assert watch.page.evaluate(_SMALL_TARGETS) == []
    assert watch.page.evaluate(_FAINT_TEXTS) == []


def test_cameras_without_a_name_are_told_apart_also_on_a_phone(watch: Watch) -> None:
    """Their ids begin alike here, as those that somebody counted up do."""
    watch.server.cameras = [Camera(number, "", [(0, 60)]) for number in (0, 1)]
    watch.page.set_viewport_size({"width": 390, "height": 844})
    watch.go()
    names = watch.page.locator(".lane-name bdi")
    expect(names).to_have_count(2)
    assert names.all_inner_texts() == ["Camera …00000000", "Camera …00000001"]
    shown = names.evaluate_all("all => all.map((one) => one.clientWidth)")
    assert min(shown) >= 100, "more than the word Camera"


def test_every_control_and_lane_has_a_name(watch: Watch) -> None:
    with_all_there_is(watch)
    nameless = """() => [...document.querySelectorAll("main :is(a, button, input, select, [role=slider])")]
        .filter((each) => each.checkVisibility())
        .filter((each) => !(each.ariaLabel || each.textContent.trim() || each.labels?.length))
        .map((each) => each.outerHTML.slice(0, 90))"""
    assert watch.page.evaluate(nameless) == []
    twice = """() => [...document.querySelectorAll("[id]")].map((each) => each.id)
        .filter((id, at, all) => all.indexOf(id) !== at)"""
    assert watch.page.evaluate(twice) == []


def test_who_may_only_look_is_offered_nothing_that_would_be_refused(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    token = new_token(team_server, "--name", "guard", "--role", "viewer")["token"]
    watch = Watch(
        signed_in(open_page, team_server, token), MadeUpCameras(two_cameras(), [export(1), export(2, "PENDING")])
    )
    watch.server.serve(watch.page)
    watch.go(camera=camera_id(0), mark=f"{iso(NOON)}/{iso(NOON + timedelta(minutes=30))}")
    expect(watch.sum(0)).to_contain_text("83")
    expect(watch.export("Case 0001").get_by_role("link", name="Download Case 0001")).to_be_visible()
    for name in ("Export", "Rename", "Cancel", "Remove", "Retry"):
        expect(watch.page.get_by_role("button", name=name)).to_have_count(0)
    watch.keys("e")
    expect(watch.page.get_by_role("dialog")).to_have_count(0)
    watch.page.unroute_all(behavior="ignoreErrors")


def test_an_uploader_acts_on_their_own_exports_only(open_page: OpenPage, team_server: RunningApp) -> None:
    token = new_token(team_server, "--name", "Uma", "--role", "uploader")["token"]
    told = [export(1, "PENDING", created_by="Uma"), export(2, "PENDING")]
    watch = Watch(signed_in(open_page, team_server, token), MadeUpCameras(two_cameras(), told))
    watch.server.serve(watch.page)
    watch.go()
    expect(watch.page.get_by_role("button", name="Cancel Case 0001")).to_be_visible()
    expect(watch.page.get_by_role("button", name="Cancel Case 0002")).to_have_count(0)
    expect(watch.page.get_by_role("button", name="Rename Harbour north")).to_have_count(0)
    watch.page.unroute_all(behavior="ignoreErrors")


def test_without_cameras_it_says_what_will_be_here_and_how(watch: Watch) -> None:
    watch.server.cameras = []
    watch.page.goto(f"{watch.visit.base_url}/cameras")
    expect(watch.page.get_by_text("No camera has recorded anything yet")).to_be_visible()
    expect(watch.page.get_by_role("region", name="How a recorder registers a segment")).to_contain_text(
        "/api/v1/storage/segments"
    )
    expect(watch.exports).to_contain_text("Nothing was exported yet.")
    watch.server.cameras = two_cameras()
    watch.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(watch.lane(0)).to_be_visible()


def test_a_long_wait_shows_a_skeleton_and_trouble_says_what_helps(watch: Watch) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    watch.page.route("**/api/cameras", hold)
    watch.page.goto(f"{watch.visit.base_url}/cameras")
    expect(watch.page.locator(".cameras [data-skeleton]").first).to_be_visible()
    held.pop(0).fulfill(status=503, json={"error": "The catalog is away.", "code": "catalog-unavailable"})
    trouble = watch.page.get_by_role("alert")
    expect(trouble).to_contain_text("The cameras could not be looked up. The catalog is away.")
    watch.page.unroute("**/api/cameras")
    watch.server.serve(watch.page)
    trouble.get_by_role("button", name="Try again").click()
    expect(watch.lane(0)).to_be_visible()
    expect(trouble).to_have_count(0)


def test_a_lost_connection_keeps_what_is_shown_and_heals(watch: Watch) -> None:
    watch.go()
    watch.visit.cut_network()
    watch.page.unroute_all(behavior="ignoreErrors")
    watch.page.evaluate("dispatchEvent(new Event('offline'))")
    expect(watch.page.locator("[data-offline]")).to_be_visible()
    assert watch.pixel(0, 0.1) == watch.ink("recorded")
    watch.server.serve(watch.page)
    watch.visit.mend_network()
    expect(watch.page.locator("[data-offline]")).to_have_count(0)
    watch.press("Later")
    expect(watch.lane(1)).to_have_attribute(
        "aria-valuetext", "In what is shown: 50\u00a0% recorded, 1 gap, 30 min missing"
    )
