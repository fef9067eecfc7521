"""Operations for everybody: at each width, light and dark, with targets to hit and words to read."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import MadeUpServer, ago, decision, named, place, preview, report, trouble
from tests.browser.test_access import _FAINT_TEXTS, _SMALL_TARGETS
from tests.services.app import RunningApp

LONG = "interview_final_with_corrections_from_the_second_colour_pass_" * 3


def test_nothing_scrolls_sideways_or_is_too_small_or_too_faint(open_page: OpenPage, team_server: RunningApp) -> None:
    desk = Desk(open_page(team_server, load=False), MadeUpServer())
    desk.server.places = [
        place("nas", LONG, last_error=LONG, last_error_at=ago(days=3)),
        place("drive", "Drive", state="parked", reason=LONG),
        place("s3", "Archive", state="paused"),
    ]
    desk.server.report = report(
        by_project=[named(LONG, 10, 4)], safe={"videos": 1284, "verified": 1270, "waiting": 9, "needs_person": 5}
    )
    desk.server.troubles = [trouble(number, "drive", "parked", LONG, filename=LONG) for number in range(5)]
    desk.server.previews = {"0": preview([decision(1, "expire", LONG, LONG) | {"filename": LONG}], {})}
    desk.server.serve(desk.page)
    desk.go()
    expect(desk.page.locator("[data-drawn] canvas")).to_have_count(2)
    expect(desk.page.locator(".decision")).to_have_count(1)
    desk.page.get_by_text("As a table").click()
    # A colour that is still on its way to the next theme is neither the one nor the other.
    desk.page.emulate_media(reduced_motion="reduce")
    for width in (390, 820, 1440):
        desk.page.set_viewport_size({"width": width, "height": 844})
        assert desk.page.evaluate("document.documentElement.scrollWidth") == width
        assert desk.page.evaluate(_SMALL_TARGETS) == []
    assert desk.page.evaluate(_FAINT_TEXTS) == []
    desk.press("Switch to dark colours")
    expect(desk.page.locator("html")).to_have_attribute("data-theme", "dark")
    assert desk.page.evaluate(_FAINT_TEXTS) == []
    desk.page.unroute_all(behavior="ignoreErrors")
