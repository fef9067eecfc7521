"""A person in the Library: where they look and what they press, in the page's own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.library.made_up import MadeUpLibrary, item
from tests.browser.visit import Visit


@dataclass(frozen=True)
class Reader:
    visit: Visit
    library: MadeUpLibrary
    token: str = ""

    @property
    def page(self) -> Page:
        return self.visit.page

    def go(self, address: str = "") -> None:
        """Open the Library at an address such as "?project=harbour", and wait until something is shown."""
        self.visit.page.goto(f"{self.visit.base_url}/library{address}")
        expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        expect(self.cells.or_(self.page.locator(".empty")).first).to_be_visible()

    @property
    def cells(self) -> Locator:
        return self.page.locator("[data-videos] [role=gridcell]")

    @property
    def active(self) -> Locator:
        """The cell that has the focus."""
        return self.page.locator("[role=gridcell]:focus")

    @property
    def picked(self) -> Locator:
        return self.page.locator("[role=gridcell][aria-selected=true]")

    @property
    def bar(self) -> Locator:
        return self.page.get_by_role("region", name="Selected videos")

    @property
    def toast(self) -> Locator:
        return self.page.locator("[data-done]")

    @property
    def failures(self) -> Locator:
        return self.page.locator("[data-failed]")

    @property
    def filters(self) -> Locator:
        return self.page.get_by_role("complementary", name="Filters")

    def hold(self, pattern: str) -> list[Route]:
        """From now on requests like this stay under way, until the test lets them go."""
        held: list[Route] = []

        def keep(route: Route) -> None:
            held.append(route)

        self.page.route(pattern, keep)
        return held

    def cell(self, number: int) -> Locator:
        """The cell of the made-up video of this number."""
        return self.page.locator(f"[role=gridcell][data-video='{item(number)['id']}']")

    def focus_first(self) -> None:
        self.cells.first.focus()

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def expect_active(self, index: int) -> None:
        """The focus is on the video at this place of the list."""
        expect(self.active).to_have_attribute("data-index", str(index))

    def expect_titles(self, *numbers: int) -> None:
        titles = [f"Clip {number:05}" for number in numbers]
        expect(self.page.locator("[data-videos] a:is(.card-title, .list-title)")).to_have_text(titles)

    def expect_total(self, words: str) -> None:
        expect(self.page.locator("[data-total]")).to_have_text(words)

    def parameters(self) -> dict[str, str]:
        found: dict[str, Any] = self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
        return found
