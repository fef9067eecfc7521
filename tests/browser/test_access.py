"""The page for everybody: by keyboard alone, by ear, on a phone, in light and dark, with large enough targets."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.visit import Visit, clip
from tests.services.app import RunningApp

LONG = "interview_final_with_corrections_from_the_second_colour_pass_" * 3 + ".mp4"

# The contrast of every text on the page against the ground painted behind it (WCAG 2.2, 1.4.3).
_FAINT_TEXTS = """() => {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const rgba = (colour) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const luminance = (colour) => {
        const [r, g, b] = colour.slice(0, 3).map((part) => part / 255)
            .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = rgba(getComputedStyle(at).backgroundColor);
            if (colour[3] === 255) return colour;
        }
        return rgba(getComputedStyle(document.documentElement).backgroundColor);
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
        const element = node.parentElement;
        if (!node.data.trim() || !element.checkVisibility() || element.closest(".visually-hidden, script")) continue;
        const [one, two] = [luminance(rgba(getComputedStyle(element).color)), luminance(ground(element))];
        const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)}: ${node.data.trim()}`);
    }
    return faint;
}"""

_SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, input, select, textarea")]
    .filter((each) => each.checkVisibility() && !each.matches(".skip"))
    .map((each) => [each.closest("label") ?? each, each])
    .map(([target, each]) => [target.getBoundingClientRect(), each.outerHTML.slice(0, 90)])
    .filter(([box]) => box.width < 24 || box.height < 24)
    .map(([box, what]) => `${box.width}×${box.height}: ${what}`)"""


def with_every_kind_of_row(visit: Visit) -> None:
    """A saved file, a refused one, a paused one with its fields, and a long name in queue and list."""
    visit.choose(clip("notes.pdf"), clip(LONG), clip("short.mp4"))
    visit.expect_saved("short.mp4")
    visit.expect_saved(LONG)
    visit.expect_verified(visit.listed(LONG).first)
    visit.limit_upload_speed(100_000)
    visit.choose(clip("paused.mp4", 1_000_000))
    visit.press("Pause paused.mp4")
    if visit.page.get_by_label("Title of paused.mp4").is_hidden():
        visit.press("Words of paused.mp4")


def test_by_keyboard_alone_one_signs_in_chooses_a_file_and_copies_its_digest(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server, sign_in=False, permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    expect(page.get_by_label("Token")).to_be_focused()
    page.keyboard.type(team_server.admin_token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Upload")).to_be_visible()
    tab_to(visit, "Choose files")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files([clip("by keyboard.mp4"), clip("refused.txt")])
    visit.expect_saved("by keyboard.mp4")
    tab_to(visit, "Copy the SHA-256 digest of by keyboard.mp4")
    page.keyboard.press("Space")
    expect(page.locator("[data-live-region]")).to_contain_text("Digest copied.")
    tab_to(visit, "Remove refused.txt")
    page.keyboard.press("Enter")
    expect(visit.queued("refused.txt")).to_have_count(0)
    # The focus is not lost with the row it was on.
    assert page.evaluate("document.activeElement !== document.body")


def tab_to(visit: Visit, name: str) -> None:
    """Press Tab until the control of this name has the focus, and see its ring."""
    for _ in range(80):
        visit.page.keyboard.press("Tab")
        focused: dict[str, Any] = visit.page.evaluate("""() => {
            const at = document.activeElement;
            return { name: at.ariaLabel ?? at.textContent.trim(), ring: getComputedStyle(at).outlineWidth };
        }""")
        if focused["name"] == name:
            assert focused["ring"] == "2px"
            return
    raise AssertionError(f"Tab never came to {name!r}")


def test_the_live_region_tells_what_was_saved_and_what_was_verified(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.page.evaluate("""() => {
        window.heard = [];
        const region = document.querySelector("[data-live-region]");
        new MutationObserver(() => window.heard.push(region.textContent))
            .observe(region, { childList: true, characterData: true, subtree: true });
    }""")
    visit.choose(clip("heard.mp4"))
    visit.page.wait_for_function("() => /heard.mp4: saved, digest [0-9a-f]{8}/.test(window.heard.join(' '))")
    visit.page.wait_for_function("() => window.heard.join(' ').includes('heard.mp4: verified on NAS.')", timeout=60_000)
    assert visit.page.locator("[data-live-region]").get_attribute("aria-live") == "polite"


@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_scrolls_sideways_and_every_target_is_large_enough(
    open_page: OpenPage, team_server: RunningApp, width: int
) -> None:
    visit = open_page(team_server, viewport={"width": width, "height": 844})
    with_every_kind_of_row(visit)
    assert visit.page.evaluate("document.documentElement.scrollWidth") == width
    assert visit.page.evaluate(_SMALL_TARGETS) == []
    expect(visit.page.get_by_role("link", name="API")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(open_page: OpenPage, team_server: RunningApp, scheme: str) -> None:
    visit = open_page(team_server, color_scheme=scheme)
    with_every_kind_of_row(visit)
    assert visit.page.evaluate(_FAINT_TEXTS) == []


def test_the_switch_of_colours_is_kept_and_can_go_back_to_the_systems(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server, color_scheme="light")
    ground = "getComputedStyle(document.documentElement).backgroundColor"
    light = visit.page.evaluate(ground)
    visit.page.get_by_role("button", name="Switch to dark colours").click()
    dark = visit.page.evaluate(ground)
    assert dark != light
    visit.page.reload()
    expect(visit.page.get_by_role("button", name="Switch to light colours")).to_be_visible()
    assert visit.page.evaluate(ground) == dark
    visit.page.get_by_role("button", name="Switch to light colours").click()
    assert visit.page.evaluate("localStorage.getItem('holdfast.theme')") is None
