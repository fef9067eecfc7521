"""The Library with 10,000 videos: all can be reached, few are drawn, and one finds back to where one was."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.library.made_up import item
from tests.browser.library.reading import Reader

MANY = 10_000
# Rows in sight and a few around them, at any size of window that is tested here.
MOST_DRAWN = 150
# Places and ids of what is drawn, once there are videos in the middle of the window and all of them are here.
_FILLED = """() => {
    const cells = [...document.querySelectorAll("[role=gridcell]")];
    const middle = innerHeight / 2;
    const isThere = (cell) => {
        const { top, bottom } = cell.getBoundingClientRect();
        return top < middle + 40 && bottom > middle - 40;
    };
    if (!cells.some(isThere) || !cells.every((cell) => cell.dataset.video)) return null;
    return [cells.map((cell) => Number(cell.dataset.index)), cells.map((cell) => cell.dataset.video)];
}"""


@pytest.fixture
def many(reader: Reader) -> Reader:
    reader.library.videos = [item(number) for number in range(MANY)]
    reader.go()
    return reader


def drawn_at_most(reader: Reader) -> None:
    """From now on count the cells at each change of the page."""
    reader.page.evaluate("""() => {
        window.mostDrawn = 0;
        const drawn = () => document.querySelectorAll("[role=gridcell]").length;
        const look = () => (window.mostDrawn = Math.max(window.mostDrawn, drawn()));
        new MutationObserver(look).observe(document.querySelector("[data-videos]"), { childList: true, subtree: true });
        look();
    }""")


def scroll_to(reader: Reader, share: float) -> None:
    reader.page.evaluate("(share) => window.scrollTo(0, share * document.documentElement.scrollHeight)", share)


@pytest.mark.parametrize("view", ["grid", "list"])
def test_all_of_ten_thousand_are_reached_by_scrolling_and_few_are_ever_drawn(many: Reader, view: str) -> None:
    many.page.get_by_role("button", name=view.capitalize(), exact=True).click()
    drawn_at_most(many)
    many.expect_total("10,000 videos")
    for share in (0.3, 0.62, 1):
        scroll_to(many, share)
        # Wherever one stops, the room is filled with videos, none left out.
        indexes, ids = many.page.wait_for_function(_FILLED).json_value()
        assert ids == [item(index)["id"] for index in indexes]
    expect(many.cell(MANY - 1)).to_be_in_viewport()
    assert 0 < many.page.evaluate("window.mostDrawn") <= MOST_DRAWN


def test_the_grid_tells_its_whole_size_and_the_place_of_what_is_drawn(many: Reader) -> None:
    grid = many.page.get_by_role("grid", name="Videos")
    columns = int(grid.get_attribute("aria-colcount") or 0)
    assert int(grid.get_attribute("aria-rowcount") or 0) == -(-MANY // columns)
    many.focus_first()
    many.press("ArrowDown", "ArrowRight")
    expect(many.active.locator("xpath=..")).to_have_attribute("aria-rowindex", "2")
    expect(many.active).to_have_attribute("aria-colindex", "2")


def test_end_goes_to_the_very_last_and_home_back(many: Reader) -> None:
    many.focus_first()
    many.press("End")
    many.expect_active(MANY - 1)
    expect(many.cell(MANY - 1)).to_be_focused()
    expect(many.cell(MANY - 1)).to_be_in_viewport(ratio=1)
    many.press("Home")
    expect(many.cell(0)).to_be_focused()
    expect(many.cell(0)).to_be_in_viewport(ratio=1)


def test_one_comes_back_from_details_and_from_another_view_to_where_one_was(many: Reader) -> None:
    scroll_to(many, 0.2)
    seen = many.page.locator("[role=gridcell][data-video]").nth(12)
    video_id = seen.get_attribute("data-video")
    seen.scroll_into_view_if_needed()
    card = many.page.locator(f"[data-video='{video_id}'][role=gridcell]")
    card.locator(".card-title").click()
    expect(many.page.locator(".details")).to_be_visible()
    expect(card).to_be_in_viewport(ratio=1)
    many.press("Escape")
    expect(many.page.locator(".details")).to_have_count(0)
    expect(card).to_be_in_viewport(ratio=1)
    expect(card).to_be_focused()
    before = many.page.evaluate("scrollY")
    many.page.get_by_role("link", name="Upload").click()
    expect(many.page.get_by_role("heading", name="Upload")).to_be_focused()
    many.page.get_by_role("link", name="Library", exact=True).click()
    expect(many.page.get_by_role("heading", name="Library")).to_be_focused()
    expect(card).to_be_in_viewport(ratio=1)
    assert many.page.evaluate("scrollY") == before


def test_the_list_is_asked_for_ahead_of_the_eye_and_not_further(many: Reader) -> None:
    expect(many.cell(0)).to_be_visible()
    pages = [asked for asked in many.library.asked if "cursor" in asked]
    assert len(pages) <= 1
    scroll_to(many, 0.05)
    expect(many.cell(500)).to_be_visible()
    assert len([asked for asked in many.library.asked if "cursor" in asked]) <= 5
