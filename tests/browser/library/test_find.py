"""Finding in the Library: search, filters, sort; all of it in the address, each with its way out."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.library.made_up import MadeUpLibrary, delivery, item
from tests.browser.library.reading import Reader
from tests.services.app import RunningApp


def sea_and_sand(reader: Reader) -> None:
    """Six videos with their tags written beside their numbers."""
    tags: tuple[list[str], ...] = (["sea"], ["sand"], ["sea", "sand"], [], ["night"], ["sea", "night"])
    reader.library.videos = [item(number, tags=each) for number, each in enumerate(tags)]
    reader.go()


def test_a_search_waits_for_the_fingers_and_goes_into_the_address(reader: Reader) -> None:
    reader.library.videos = [item(0, title="Clip 00000", tags=["albatross"]), item(1), item(2)]
    reader.go()
    reader.press("/")
    reader.page.keyboard.type("albatross", delay=10)
    reader.expect_titles(0)
    reader.expect_total("1 video found")
    assert reader.parameters() == {"q": "albatross"}
    # Not a question for each letter.
    assert [asked["q"] for asked in reader.library.asked if "q" in asked and asked.get("total")] == ["albatross"]
    reader.page.reload()
    expect(reader.page.get_by_label("Search the library")).to_have_value("albatross")
    reader.expect_titles(0)


def test_an_answer_that_comes_too_late_does_not_replace_the_newer_one(reader: Reader) -> None:
    reader.library.videos = [item(0, title="Clip 00000"), item(1, title="Clip 00001")]
    reader.go()
    reader.hold("**/api/videos/list?q=00000*")
    field = reader.page.get_by_label("Search the library")
    with reader.page.expect_request("**/api/videos/list?q=00000*"):
        field.fill("00000")
    field.fill("00001")
    reader.expect_titles(1)
    assert reader.parameters() == {"q": "00001"}


def test_every_filter_is_in_the_address_and_back_and_forward_go_through_them(reader: Reader) -> None:
    sea_and_sand(reader)
    reader.filters.get_by_role("button", name="surf-2026").click()
    reader.expect_titles(0, 4)
    reader.filters.get_by_label("Length").select_option("Over 1 hour")
    expect(reader.page.get_by_text("No video matches these filters")).to_be_visible()
    assert reader.parameters() == {"project": "surf-2026", "length": "3600-"}
    reader.page.go_back()
    reader.expect_titles(0, 4)
    reader.page.go_back()
    reader.expect_titles(0, 1, 2, 3, 4, 5)
    reader.page.go_forward()
    reader.expect_titles(0, 4)
    reader.page.reload()
    reader.expect_titles(0, 4)
    expect(reader.filters.get_by_role("button", name="surf-2026")).to_have_attribute("aria-pressed", "true")


def test_tags_are_joined_by_or_until_and_is_chosen(reader: Reader) -> None:
    sea_and_sand(reader)
    reader.filters.get_by_role("button", name="sea").click()
    reader.filters.get_by_role("button", name="sand").click()
    reader.expect_titles(0, 1, 2, 5)
    reader.filters.get_by_role("button", name="All of them").click()
    reader.expect_titles(2)
    assert reader.parameters() == {"tags": "sea,sand", "op": "and"}
    asked = reader.library.asked[-1]
    assert (asked["tags"], asked["operator"]) == ("sea,sand", "AND")


def test_what_there_is_to_filter_by_is_shown_with_its_count(reader: Reader) -> None:
    sea_and_sand(reader)
    expect(reader.filters.get_by_role("button", name="sea")).to_have_text("sea3")
    expect(reader.filters.get_by_role("button", name="harbour")).to_have_text("harbour2")


def test_each_filter_can_be_cleared_alone_and_all_at_once(reader: Reader) -> None:
    sea_and_sand(reader)
    reader.go("?tags=sea,sand&project=surf-2026&sort=oldest")
    chips = reader.page.get_by_role("list", name="Filters that are set")
    expect(chips.get_by_role("button")).to_have_text(["Project: surf-2026", "Tag: sea", "Tag: sand", "Clear all"])
    chips.get_by_role("button", name="Clear Tag: sand").click()
    assert reader.parameters() == {"tags": "sea", "project": "surf-2026", "sort": "oldest"}
    chips.get_by_role("button", name="Clear all").click()
    reader.expect_titles(5, 4, 3, 2, 1, 0)
    assert reader.parameters() == {"sort": "oldest"}


def test_state_date_and_length_are_asked_for_in_the_servers_words(reader: Reader) -> None:
    reader.library.videos = [item(0, deliveries=[delivery(state="failed")]), item(1)]
    reader.go()
    reader.filters.get_by_label("State").select_option("A copy failed")
    reader.expect_titles(0)
    reader.go("?state=video:processing&after=2026-03-01&before=2026-03-02&length=60-600&camera=cam-1&label=raw")
    asked = [each for each in reader.library.asked if each.get("total")][-1]
    day = reader.page.evaluate("[1, 3].map((day) => new Date(2026, 2, day).toISOString())")
    assert (asked["status"], asked["camera_id"], asked["content_type"]) == ("processing", "cam-1", "raw")
    assert (asked["min_duration"], asked["max_duration"]) == ("60", "600")
    assert [asked["stored_after"], asked["stored_before"]] == day


def test_days_of_the_charts_are_the_servers_wherever_the_person_is(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    reader = Reader(open_page(team_server, load=False, timezone_id="Pacific/Auckland"), MadeUpLibrary([item(0)]))
    reader.library.serve(reader.page)
    reader.go("?after=2026-03-01&before=2026-03-31&zone=utc")
    asked = [each for each in reader.library.asked if each.get("total")][-1]
    assert asked["stored_after"] == "2026-03-01T00:00:00.000Z"
    assert asked["stored_before"] == "2026-04-01T00:00:00.000Z"
    expect(reader.page.get_by_role("button", name="Clear From 1 Mar 2026 (UTC)")).to_be_visible()
    reader.page.get_by_role("button", name="Clear Until 31 Mar 2026 (UTC)").click()
    assert reader.parameters() == {"after": "2026-03-01", "zone": "utc"}
    reader.page.get_by_role("button", name="Clear From 1 Mar 2026 (UTC)").click()
    assert reader.parameters() == {}
    # Without it a day is one where the person is.
    reader.go("?after=2026-03-01")
    asked = [each for each in reader.library.asked if each.get("total")][-1]
    assert asked["stored_after"] == "2026-02-28T11:00:00.000Z"
    reader.page.unroute_all(behavior="ignoreErrors")


def test_what_says_nothing_in_an_address_written_by_hand_is_left_out(reader: Reader) -> None:
    reader.library.videos = [item(0), item(1)]
    reader.go("?sort=colour&state=nonsense&after=2026-02-99&length=x&tags=,,")
    reader.expect_titles(0, 1)
    expect(reader.page.get_by_role("list", name="Filters that are set")).to_have_count(0)


def test_the_order_is_chosen_from_the_menu_and_kept_in_the_address(reader: Reader) -> None:
    reader.library.videos = [item(0), item(1), item(2)]
    reader.go()
    reader.page.get_by_label("Sort").select_option("Oldest first")
    reader.expect_titles(2, 1, 0)
    assert reader.parameters() == {"sort": "oldest"}


def test_grid_or_list_is_remembered(reader: Reader) -> None:
    reader.library.videos = [item(0)]
    reader.go()
    expect(reader.page.locator(".card")).to_have_count(1)
    reader.page.get_by_role("button", name="List", exact=True).click()
    expect(reader.page.locator(".list-row")).to_have_count(1)
    reader.go()
    expect(reader.page.locator(".list-row")).to_have_count(1)


def test_on_a_phone_the_filters_are_on_a_sheet(phone_reader: Reader) -> None:
    sea_and_sand(phone_reader)
    expect(phone_reader.filters).to_be_hidden()
    phone_reader.page.get_by_role("button", name="Filters").click()
    sheet = phone_reader.page.get_by_role("dialog", name="Filters")
    sheet.get_by_role("button", name="night").click()
    sheet.get_by_role("button", name="Show videos").click()
    phone_reader.expect_titles(4, 5)
    expect(phone_reader.page.get_by_role("button", name="Filters")).to_have_text("Filters1")


def test_a_tag_with_a_comma_stays_one_tag_in_the_address_and_for_the_server(reader: Reader) -> None:
    reader.go()
    for tags in (["Smith, Ann"], ["sea", "Smith, Ann"], ["sea", "sand"], ["sea"]):
        found = reader.page.evaluate(
            """async (tags) => {
                const { readFilters, toServer, writeFilters } = await partOfPage("library/query.js");
                const filters = { ...readFilters(""), tags };
                const asked = toServer(filters).getAll("tags");
                return [readFilters(writeFilters(filters).toString()).tags, asked];
            }""",
            tags,
        )
        assert found[0] == tags
        assert found[1] == ([",".join(tags)] if "Smith, Ann" not in tags else (tags * 2)[:2])


def test_all_of_them_can_be_chosen_before_the_tags(reader: Reader) -> None:
    sea_and_sand(reader)
    reader.filters.get_by_role("button", name="All of them").click()
    reader.filters.get_by_role("button", name="sea").click()
    reader.filters.get_by_role("button", name="night").click()
    reader.expect_titles(5)


def test_an_address_with_a_nul_character_still_opens_the_library(reader: Reader) -> None:
    reader.library.videos = [item(0)]
    reader.go("?q=%00")
    reader.expect_titles(0)
