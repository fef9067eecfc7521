"""A person before the Cameras view: what they look at and press, in the page's own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Locator, Page, expect

from tests.browser.cameras.made_up import NOON, MadeUpCameras, camera_id, iso
from tests.browser.visit import Visit

HOUR = (NOON, NOON + timedelta(hours=1))

# The colour of a lane's pixel at a share of its width and of its height, and those that colours of the page are.
_PIXEL = """async ([track, x, y]) => {
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const drawn = document.querySelector(`[data-track="${track}"] canvas`);
    const at = (share, whole) => Math.min(whole - 1, Math.floor(share * whole));
    const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    copy.drawImage(drawn, -at(x, drawn.width), -at(y, drawn.height));
    return [...copy.getImageData(0, 0, 1, 1).data].join();
}"""
_ROW = """async ([track, y]) => {
    await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
    const drawn = document.querySelector(`[data-track="${track}"] canvas`);
    const copy = new OffscreenCanvas(drawn.width, 1).getContext("2d", { willReadFrequently: true });
    copy.drawImage(drawn, 0, -Math.floor(y * drawn.height));
    const { data } = copy.getImageData(0, 0, drawn.width, 1);
    return Array.from({ length: drawn.width }, (_, at) => [...data.slice(at * 4, at * 4 + 4)].join());
}"""
_INK = """(name) => {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    context.fillStyle = getComputedStyle(document.querySelector(`.ink-${name}`)).color;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data].join();
}"""


@dataclass(frozen=True)
class Watch:
    visit: Visit
    server: MadeUpCameras

    @property
    def page(self) -> Page:
        return self.visit.page

    def go(self, span: tuple[datetime, datetime] | None = HOUR, **more: str) -> None:
        """Open the view at a span of time, and wait until the lanes are drawn."""
        words = {"from": iso(span[0]), "to": iso(span[1])} if span else {}
        query = "&".join(f"{name}={quote(value)}" for name, value in (words | more).items())
        self.page.goto(f"{self.visit.base_url}/cameras?{query}")
        expect(self.page.get_by_role("heading", name="Cameras", level=1)).to_be_visible()
        expect(self.lane(0)).to_have_attribute("aria-valuetext", re.compile("recorded"))

    def lane(self, number: int) -> Locator:
        """The lane of the made-up camera of this number: a slider along time."""
        return self.page.locator(f"[data-track='{camera_id(number)}']")

    @property
    def heard(self) -> Locator:
        return self.page.locator("[data-live-region]")

    @property
    def glimpse(self) -> Locator:
        return self.page.get_by_role("group", name="Picture at the cursor")

    @property
    def marked(self) -> Locator:
        return self.page.get_by_role("region", name="Marked range")

    @property
    def exports(self) -> Locator:
        return self.page.get_by_role("region", name="Exports")

    def export(self, title: str) -> Locator:
        return self.exports.get_by_role("listitem").filter(has=self.page.get_by_role("heading", name=title))

    def sum(self, number: int) -> Locator:
        return self.marked.locator(f"[data-sum='{camera_id(number)}']")

    def type_end(self, name: str, text: str) -> None:
        """Into "From" or "To" of the marked range, done by Enter."""
        field = self.marked.get_by_label(name, exact=True)
        field.fill(text)
        field.press("Enter")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def ink(self, name: str) -> str:
        found: str = self.page.evaluate(_INK, name)
        return found

    def pixel(self, number: int, x: float, y: float = 0.5) -> str:
        found: str = self.page.evaluate(_PIXEL, [camera_id(number), x, y])
        return found

    def row(self, number: int, y: float) -> list[str]:
        found: list[str] = self.page.evaluate(_ROW, [camera_id(number), y])
        return found

    def drag(self, start: tuple[int, float], end: tuple[int, float]) -> None:
        """From a lane's place, a share of its width, to another's."""
        for (number, share), act in ((start, self.page.mouse.down), (end, self.page.mouse.up)):
            box = self.lane(number).bounding_box()
            assert box is not None
            self.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2, steps=4)
            act()

    def address(self) -> dict[str, str]:
        found: dict[str, Any] = self.page.evaluate("Object.fromEntries(new URLSearchParams(location.search))")
        return found

    def expect_address(self, name: str, value: str) -> None:
        self.page.wait_for_function(
            "([name, value]) => new URLSearchParams(location.search).get(name) === value", arg=[name, value]
        )
