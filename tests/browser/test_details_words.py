"""Title, description and tags changed in place: saved on leaving, kept when they are not taken, by keyboard alone."""

from __future__ import annotations

from playwright.sync_api import Locator, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.shelf import Film, Shelf, refuse
from tests.browser.test_roles import new_token
from tests.services.app import RunningApp


def note(details: Locator, field: str) -> Locator:
    return details.locator(f"[data-field={field}] .saved-note")


def chips(details: Locator) -> Locator:
    return details.locator(".chip bdi")


def test_a_title_is_saved_by_enter_and_on_leaving_it_and_the_heading_follows(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    title = details.get_by_label("Title")
    title.fill("Morning swell")
    title.press("Enter")
    expect(note(details, "title")).to_have_text("Saved")
    expect(details.get_by_role("heading", level=2)).to_have_text("Morning swell")
    expect(title).to_be_focused()
    title.fill("Evening swell")
    title.press("Tab")
    expect(details.get_by_role("heading", level=2)).to_have_text("Evening swell")
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("Title saved.")
    assert shelf.patched == [{"title": "Morning swell"}, {"title": "Evening swell"}]


def test_leaving_a_field_unchanged_asks_nothing(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(title="As it is"))
    details.get_by_label("Title").focus()
    shelf.page.keyboard.type("x")
    shelf.page.keyboard.press("Backspace")
    shelf.page.keyboard.press("Tab")
    expect(details.get_by_label("Description")).to_be_focused()
    assert shelf.patched == []


def test_a_description_takes_lines_and_is_saved_by_control_and_enter(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    details.get_by_label("Description").focus()
    shelf.page.keyboard.type("First line")
    shelf.page.keyboard.press("Enter")
    shelf.page.keyboard.type("second")
    shelf.page.keyboard.press("Control+Enter")
    expect(note(details, "description")).to_have_text("Saved")
    assert shelf.patched == [{"description": "First line\nsecond"}]


def test_escape_brings_back_what_was_and_only_the_next_one_closes(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(title="As it was"))
    details.get_by_label("Title").fill("something else")
    details.get_by_label("Title").press("Escape")
    expect(details.get_by_label("Title")).to_have_value("As it was")
    details.get_by_label("Title").press("Escape")
    expect(details).to_have_count(0)
    assert shelf.patched == []


def test_words_that_are_refused_stay_with_the_reason_also_when_the_panel_is_opened_again(shelf: Shelf) -> None:
    video = shelf.put(title="As it was")
    shelf.answers["PATCH /shelf-film"] = refuse("title may have at most 20 characters.", status=400)
    details = shelf.open(video)
    details.get_by_label("Title").fill("much too long a title")
    details.get_by_label("Title").press("Enter")
    expect(note(details, "title")).to_have_text("Not saved: title may have at most 20 characters.")
    expect(details.get_by_role("heading", level=2)).to_have_text("As it was")
    details.get_by_role("button", name="Close the details").click()
    shelf.open(video)
    expect(details.get_by_label("Title")).to_have_value("much too long a title")
    shelf.answers.clear()
    details.get_by_label("Title").press("Enter")
    expect(note(details, "title")).to_have_text("Saved")


def test_words_written_without_a_connection_are_saved_when_it_is_back(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    shelf.page.context.set_offline(True)
    shelf.answers["PATCH /shelf-film"] = lambda route: route.abort("internetdisconnected")
    details.get_by_label("Title").fill("Written at sea")
    details.get_by_label("Title").press("Enter")
    expect(note(details, "title")).to_contain_text("Not saved yet: the server cannot be reached.")
    shelf.answers.clear()
    shelf.page.context.set_offline(False)
    expect(details.get_by_role("heading", level=2)).to_have_text("Written at sea")
    assert shelf.patched == [{"title": "Written at sea"}]


def test_closing_saves_what_was_being_written(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    details.get_by_label("Title").fill("Last words")
    with shelf.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        details.get_by_role("button", name="Close the details").click()
    assert shelf.patched == [{"title": "Last words"}]


def test_what_is_written_while_a_save_is_under_way_is_saved_after_it(shelf: Shelf) -> None:
    held: list[Route] = []
    shelf.answers["PATCH /shelf-film"] = held.append
    details = shelf.open(shelf.put())
    title = details.get_by_label("Title")
    title.fill("One")
    title.press("Enter")
    expect(note(details, "title")).to_have_text("Saving…")
    title.fill("Two")
    title.press("Tab")
    shelf.answers.clear()
    shelf.videos["shelf-film"]["title"] = "One"
    held[0].fulfill(json={"success": True, "video": shelf.videos["shelf-film"]})
    expect(details.get_by_role("heading", level=2)).to_have_text("Two")
    expect(title).to_have_value("Two")
    assert shelf.patched == [{"title": "Two"}]


def test_tags_are_added_and_removed_by_keyboard(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(tags=["surf"]))
    field = details.get_by_label("Add a tag")
    field.focus()
    shelf.page.keyboard.type("north pier,")
    expect(chips(details)).to_have_text(["surf", "north pier"])
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    shelf.page.keyboard.type("drone")
    shelf.page.keyboard.press("Enter")
    expect(chips(details)).to_have_text(["surf", "north pier", "drone"])
    # Back over the chips, and one of them away.
    shelf.page.keyboard.press("Backspace")
    expect(details.get_by_role("button", name="Remove the tag drone")).to_be_focused()
    shelf.page.keyboard.press("ArrowLeft")
    shelf.page.keyboard.press("Delete")
    expect(chips(details)).to_have_text(["surf", "drone"])
    expect(details.get_by_role("button", name="Remove the tag drone")).to_be_focused()
    assert shelf.patched == [{"add_tags": ["north pier"]}, {"add_tags": ["drone"]}, {"remove_tags": ["north pier"]}]


def test_tags_in_use_elsewhere_are_suggested(shelf: Shelf) -> None:
    tags = [{"value": "surf", "count": 9}, {"value": "Smith, Ann", "count": 2}]
    shelf.page.route("**/api/videos/facets", lambda route: route.fulfill(json={"success": True, "tags": tags}))
    shelf.page.get_by_role("link", name="Library", exact=True).click()
    details = shelf.open(shelf.put(tags=["surf"]))
    details.get_by_label("Add a tag").focus()
    expect(details.locator("#known-tags option")).to_have_count(1)
    expect(details.locator("#known-tags option")).to_have_attribute("value", "Smith, Ann")
    # As the list of suggestions puts it into the field.
    details.get_by_label("Add a tag").fill("Smith, Ann")
    details.get_by_label("Add a tag").press("Enter")
    expect(chips(details)).to_have_text(["surf", "Smith, Ann"])


def test_a_tag_that_is_there_already_is_not_added_and_a_refused_one_stays_in_the_field(shelf: Shelf) -> None:
    details = shelf.open(shelf.put(tags=["surf"]))
    field = details.get_by_label("Add a tag")
    field.fill("surf")
    field.press("Enter")
    expect(field).to_have_value("")
    shelf.answers["PATCH /shelf-film"] = refuse("A tag may have at most 100 characters.", status=400)
    field.fill("a very long one")
    field.press("Enter")
    expect(note(details, "tags")).to_have_text("Not saved: A tag may have at most 100 characters.")
    expect(field).to_have_value("a very long one")
    expect(chips(details)).to_have_text(["surf"])
    assert shelf.patched == []


def test_a_tag_stays_shown_until_the_server_has_removed_it(shelf: Shelf) -> None:
    shelf.answers["PATCH /shelf-film"] = refuse("The catalog is locked.", status=503)
    details = shelf.open(shelf.put(tags=["surf", "drone"]))
    details.get_by_role("button", name="Remove the tag surf").click()
    expect(note(details, "tags")).to_have_text("Not saved: The catalog is locked.")
    expect(chips(details)).to_have_text(["surf", "drone"])


def test_who_may_not_change_them_reads_the_words(open_page: OpenPage, team_server: RunningApp, film: Film) -> None:
    made = new_token(team_server, "--name", "camera", "--role", "uploader")
    visit = open_page(team_server, sign_in=False)
    visit.open(token=made["token"])
    shelf = Shelf(visit.page, film)
    details = shelf.open(shelf.put("other", uploaded_by="desk", description="From the roof", tags=["surf"]))
    expect(details).to_contain_text("From the roof")
    expect(chips(details)).to_have_text(["surf"])
    expect(details.get_by_label("Title")).to_have_count(0)
    expect(details.get_by_role("button", name="Move to trash")).to_have_count(0)
    expect(details.get_by_text("Convert…")).to_have_count(0)
    shelf.open(shelf.put("own", uploaded_by="camera"))
    expect(details.get_by_label("Title")).to_be_visible()
    shelf.page.unroute_all(behavior="ignoreErrors")
