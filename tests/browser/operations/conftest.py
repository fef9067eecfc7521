"""Operations over made-up figures, signed in as the admin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.operations.made_up import MadeUpServer
from tests.browser.visit import Visit
from tests.services.app import RunningApp


@dataclass(frozen=True)
class Desk:
    """Whoever runs the installation, before the view Operations."""

    visit: Visit
    server: MadeUpServer

    @property
    def page(self) -> Page:
        return self.visit.page

    @property
    def safety(self) -> Locator:
        return self.page.locator("[data-safety]")

    @property
    def heard(self) -> Locator:
        return self.page.locator("[data-live-region]")

    def go(self) -> None:
        """Open the view by its address, and wait until its first sentence is said."""
        self.page.goto(f"{self.visit.base_url}/operations")
        expect(self.page.get_by_role("heading", name="Operations", level=1)).to_be_visible()
        expect(self.safety).to_be_visible()

    def look_again(self) -> None:
        """As if the tab came back to the front: the page asks at once."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def part(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def bars(self, title: str) -> Locator:
        return self.page.locator(f"[data-bars='{title}'] tbody tr")


@pytest.fixture
def desk(open_page: OpenPage, team_server: RunningApp) -> Iterator[Desk]:
    made = Desk(open_page(team_server, load=False), MadeUpServer())
    made.server.serve(made.page)
    yield made
    made.page.unroute_all(behavior="ignoreErrors")
