"""Acting on many: how videos are picked, and what becomes of each, also of those for which it did not work."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.library.made_up import MadeUpLibrary, delivery, item
from tests.browser.library.reading import Reader
from tests.browser.test_roles import new_token, signed_in
from tests.services.app import RunningApp


@pytest.fixture
def eight(reader: Reader) -> Reader:
    reader.library.videos = [item(number) for number in range(8)]
    reader.go()
    return reader


def pick(reader: Reader, *numbers: int) -> None:
    for number in numbers:
        tick = reader.page.get_by_label(f"Select Clip {number:05}")
        tick.focus()
        tick.click()
    expect(reader.bar).to_be_visible()


def act(reader: Reader, name: str) -> None:
    reader.bar.get_by_role("button", name=name).click()


def test_shift_and_a_click_pick_the_range_between(eight: Reader) -> None:
    pick(eight, 1)
    eight.cell(6).locator(".card-title").click(modifiers=["Shift"])
    expect(eight.picked).to_have_count(6)
    expect(eight.bar).to_contain_text("6 selected")
    eight.page.get_by_label("Select Clip 00003").click()
    expect(eight.bar).to_contain_text("5 selected")
    expect(eight.page.get_by_label("Select Clip 00003")).not_to_be_checked()
    expect(eight.page.locator(".details")).to_have_count(0)


def test_all_is_all_that_is_loaded_and_the_bar_says_of_how_many(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(1000)]
    reader.go()
    reader.focus_first()
    reader.press("Control+a")
    expect(reader.bar).to_contain_text("260 selected")
    expect(reader.bar).to_contain_text("of 1,000")
    expect(reader.page.locator("[data-live-region]")).to_contain_text("260 videos selected, of 1,000")


def test_a_selection_ends_with_the_filters_it_was_made_under(eight: Reader) -> None:
    pick(eight, 0, 1)
    eight.page.get_by_role("complementary", name="Filters").get_by_role("button", name="harbour").click()
    eight.expect_titles(1, 5)
    expect(eight.bar).to_have_count(0)


def test_trash_can_be_undone_and_all_stand_where_they_stood(eight: Reader) -> None:
    pick(eight, 1, 2, 6)
    act(eight, "Trash")
    eight.expect_titles(0, 3, 4, 5, 7)
    eight.expect_total("5 videos")
    expect(eight.toast).to_contain_text("3 videos are in the trash. Deleted for good in 7 days.")
    eight.toast.get_by_role("button", name="Undo").click()
    eight.expect_titles(*range(8))
    expect(eight.toast).to_contain_text("3 videos restored.")
    assert eight.library.trash == {}


def test_what_could_not_be_trashed_is_named_stays_picked_and_can_be_tried_again(eight: Reader) -> None:
    refused = ("trash", item(2)["id"])
    eight.library.refusals[refused] = ("conflict", "It is being moved. Wait until that is over.")
    pick(eight, 1, 2)
    act(eight, "Trash")
    expect(eight.failures).to_contain_text("1 video could not be moved to the trash:")
    expect(eight.failures).to_contain_text("“Clip 00002”: It is being moved. Wait until that is over.")
    expect(eight.toast).to_contain_text("“Clip 00001” is in the trash")
    expect(eight.bar).to_contain_text("1 selected")
    expect(eight.page.get_by_label("Select Clip 00002")).to_be_checked()
    del eight.library.refusals[refused]
    eight.failures.get_by_role("button", name="Try again").click()
    eight.expect_titles(0, 3, 4, 5, 6, 7)
    expect(eight.failures).to_have_count(0)


def test_the_trash_is_a_filter_and_videos_come_back_from_there(eight: Reader) -> None:
    pick(eight, 0)
    act(eight, "Trash")
    eight.expect_titles(*range(1, 8))
    eight.page.get_by_role("complementary", name="Filters").get_by_label("State").select_option("In the trash")
    expect(eight.page.get_by_role("heading", name="Trash")).to_be_visible()
    eight.expect_titles(0)
    pick(eight, 0)
    expect(eight.bar.get_by_role("button", name="Trash")).to_have_count(0)
    act(eight, "Restore")
    expect(eight.page.get_by_text("The trash is empty")).to_be_visible()
    eight.page.get_by_role("button", name="Show all videos").click()
    eight.expect_titles(*range(8))


def test_tags_are_added_to_all_and_taken_off_those_that_have_them(eight: Reader) -> None:
    eight.library.videos[0]["tags"] = ["sea", "old"]
    eight.library.videos[1]["tags"] = ["sand"]
    eight.go()
    pick(eight, 0, 1)
    act(eight, "Tags")
    dialog = eight.page.get_by_role("dialog", name="Tags of 2 videos")
    dialog.get_by_label("Add to all of them").fill("best of, sea")
    dialog.get_by_role("button", name="old").click()
    dialog.get_by_role("button", name="Save tags").click()
    expect(eight.toast).to_contain_text("2 videos tagged.")
    both = [item(number)["id"] for number in (0, 1)]
    assert eight.library.bulk == [
        {"action": "tag", "ids": both, "add_tags": ["best of", "sea"], "remove_tags": ["old"]}
    ]
    assert eight.library.videos[0]["tags"] == ["sea", "best of"]


def test_a_tag_that_somebody_else_added_meanwhile_stays(eight: Reader) -> None:
    pick(eight, 0)
    # Added since the page last asked: it cannot know.
    act(eight, "Tags")
    dialog = eight.page.get_by_role("dialog", name="Tags of 1 video")
    eight.library.videos[0] = item(0, tags=["sea", "theirs"])
    dialog.get_by_label("Add to all of them").fill("mine")
    dialog.get_by_role("button", name="Save tags").click()
    expect(eight.toast).to_contain_text("1 video tagged.")
    assert eight.library.videos[0]["tags"] == ["sea", "theirs", "mine"]


def test_a_tag_in_use_with_a_comma_is_one_tag(eight: Reader) -> None:
    eight.library.videos[5]["tags"] = ["one, two"]
    eight.go()
    expect(eight.filters.get_by_role("button", name="one, two")).to_be_visible()
    pick(eight, 0)
    act(eight, "Tags")
    dialog = eight.page.get_by_role("dialog", name="Tags of 1 video")
    dialog.get_by_label("Add to all of them").fill("one, two")
    dialog.get_by_role("button", name="Save tags").click()
    expect(eight.toast).to_contain_text("1 video tagged.")
    assert eight.library.videos[0]["tags"] == ["sea", "one, two"]


def test_many_go_in_requests_of_a_hundred_and_the_bar_tells_how_far_it_is(reader: Reader) -> None:
    reader.library.videos = [item(number) for number in range(240)]
    reader.go()
    held = reader.hold("**/api/videos/bulk")
    reader.focus_first()
    reader.press("Control+a")
    expect(reader.bar).to_contain_text("240 selected")
    act(reader, "Trash")
    for done in range(3):
        expect(reader.page.locator(".bulk-progress")).to_contain_text(f"{done * 100} of 240 moved to the trash")
        while len(held) <= done:
            reader.page.wait_for_event("request")
        held[done].fallback()
    expect(reader.toast).to_contain_text("240 videos are in the trash")
    assert [len(asked["ids"]) for asked in reader.library.bulk] == [100, 100, 40]


def test_failed_copies_of_all_that_are_picked_are_tried_again(eight: Reader) -> None:
    eight.library.videos[0]["deliveries"] = [delivery(state="failed"), delivery("vault")]
    eight.library.videos[1]["deliveries"] = [delivery("vault", "parked")]
    eight.go()
    pick(eight, 2)
    expect(eight.bar.get_by_role("button", name="Retry copies")).to_have_count(0)
    pick(eight, 0, 1)
    act(eight, "Retry copies")
    expect(eight.toast).to_contain_text("The copies of 2 videos are tried again.")
    assert eight.library.bulk == [{"action": "retry", "ids": [item(0)["id"], item(1)["id"]]}]
    expect(eight.cell(1)).to_contain_text("Waiting")


def test_downloads_start_for_all_that_can_be_and_the_others_say_why_not(eight: Reader) -> None:
    eight.library.videos[1]["local"] = "damaged"
    eight.go()
    eight.page.route(
        "**/download", lambda route: route.fulfill(body=b"film", headers={"Content-Disposition": "attachment"})
    )
    pick(eight, 0, 1, 2)
    started: set[str] = set()
    eight.page.on("download", lambda download: started.add(download.url.split("/")[-2]))
    act(eight, "Download")
    expect(eight.toast).to_contain_text("2 downloads started.")
    expect(eight.failures).to_contain_text("“Clip 00001”: The server's own copy is damaged.")
    expect(eight.bar).to_contain_text("1 selected")
    while len(started) < 2:
        eight.page.wait_for_event("download")
    assert started == {item(0)["id"], item(2)["id"]}


def test_one_that_is_picked_can_be_shared_and_several_cannot(reader: Reader) -> None:
    reader.library.videos = [item(0), item(1)]
    reader.page.route("**/api/videos/*/share", lambda route: route.fulfill(json={"success": True, "shares": []}))
    reader.go()
    pick(reader, 0)
    act(reader, "Share…")
    dialog = reader.page.get_by_role("dialog", name="Share “Clip 00000”")
    expect(dialog.get_by_text("None.")).to_be_visible()
    reader.press("Escape")
    expect(reader.bar.get_by_role("button", name="Share…")).to_be_focused()
    pick(reader, 1)
    expect(reader.bar.get_by_role("button", name="Share…")).to_have_count(0)


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        ("viewer", ["Download"]),
        ("uploader", ["Download", "Tags"]),
        ("operator", ["Download", "Tags", "Share…", "Hold…", "Trash"]),
    ],
)
def test_each_role_is_offered_what_it_may_do(
    open_page: OpenPage, team_server: RunningApp, role: str, acts: list[str]
) -> None:
    token = new_token(team_server, "--name", f"in the library as {role}", "--role", role)["token"]
    reader = Reader(signed_in(open_page, team_server, token), MadeUpLibrary([item(0)]))
    reader.library.serve(reader.page)
    reader.go()
    pick(reader, 0)
    expect(reader.bar.locator(".bulk-acts button")).to_have_text(acts)
    reader.page.unroute_all(behavior="ignoreErrors")


def test_after_an_act_the_focus_is_on_a_card_again(eight: Reader) -> None:
    pick(eight, 1)
    act(eight, "Tags")
    eight.page.get_by_label("Add to all of them").fill("mine")
    eight.press("Enter")
    expect(eight.toast).to_contain_text("1 video tagged.")
    expect(eight.active).to_have_count(1)
    pick(eight, 1)
    act(eight, "Trash")
    eight.expect_titles(0, *range(2, 8))
    expect(eight.active).to_have_count(1)


def test_many_that_fail_for_one_reason_are_told_once_and_refused_rights_are_not_tried_again(eight: Reader) -> None:
    for number in range(4):
        eight.library.refusals["tag", item(number)["id"]] = ("forbidden", "Only an operator may.")
    pick(eight, *range(4))
    act(eight, "Tags")
    eight.page.get_by_label("Add to all of them").fill("mine")
    eight.press("Enter")
    expect(eight.failures.get_by_role("listitem")).to_have_count(1)
    expect(eight.failures).to_contain_text("4 videos: Only an operator may.")
    expect(eight.failures).to_contain_text("“Clip 00002” and 1 more")
    expect(eight.failures.get_by_role("button", name="Try again")).to_have_count(0)


def test_without_a_connection_the_bar_of_the_selection_can_still_be_reached(eight: Reader) -> None:
    pick(eight, 0)
    eight.visit.cut_network()
    eight.page.route("**/api/videos/**", lambda route: route.abort())
    expect(eight.page.locator("[data-offline]")).to_be_visible()
    act(eight, "Trash")
    expect(eight.failures).to_contain_text("It is not known whether 1 video was moved to the trash:")
    expect(eight.failures).to_contain_text("The server could not be reached.")
    expect(eight.failures).not_to_contain_text("by itself")
    offline, bar = eight.page.locator("[data-offline]").bounding_box(), eight.bar.bounding_box()
    assert offline is not None
    assert bar is not None
    assert bar["y"] + bar["height"] <= offline["y"]
    eight.page.unroute_all(behavior="ignoreErrors")
    eight.library.serve(eight.page)
    eight.visit.mend_network()
