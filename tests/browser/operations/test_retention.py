"""What the rules would do: counted, explained one by one, and nothing done by looking."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import GB, decision, preview


def test_the_preview_counts_explains_looks_ahead_and_changes_nothing(desk: Desk) -> None:
    old = [decision(1, "expire", "meetings", "It is 371 days old; meetings are kept for 365 days")]
    later = [decision(2, "prune", "room", "It is 34 days old and verified on NAS")]
    desk.server.previews = {
        "0": preview(old, {"expire": {"count": 1, "bytes": GB}}) | {"next_cursor": "next"},
        "next": preview(later, {}),
        "30": preview(later, {"prune": {"count": 12, "bytes": 3 * GB}}),
    }  # fmt: skip
    desk.go()
    part = desk.part("Retention")
    expect(part).to_contain_text("Looking deletes nothing.")
    expect(part.get_by_role("list", name="What the rules would do, in all")).to_contain_text("1Go to the trash1.0 GB")
    rows = part.get_by_role("list", name="Decisions").get_by_role("listitem")
    expect(rows).to_have_text(
        "clip_0001.mp4meetings · 1.0 GBTo the trashmeetings: It is 371 days old; meetings are kept for 365 days."
    )
    desk.press("Show more")
    expect(rows).to_have_count(2)
    desk.press("In 30 days")
    expect(part).to_contain_text("12Leave this disk; verified copies stay3.0 GB")
    expect(rows).to_have_count(1)
    expect(desk.heard).to_contain_text("12 leave this disk; verified copies stay")
    assert not [line for line in desk.server.asked if not line.startswith("GET ")]
    rows.get_by_role("link", name="clip_0002.mp4").click()
    expect(desk.page.get_by_role("heading", name="Library")).to_be_visible()


def test_without_rules_it_says_so_and_shows_how_one_looks(desk: Desk) -> None:
    desk.server.previews = {"0": preview([], {}, [])}
    desk.go()
    part = desk.part("Retention")
    expect(part).to_contain_text("No rules are set. Videos go only when somebody throws them away")
    expect(part.get_by_role("region", name="Example of retention.toml")).to_contain_text("expire_after_days = 365")


def test_figures_of_one_time_never_stand_under_another(desk: Desk) -> None:
    later = [decision(2, "prune", "room", "it is 34 days old")]
    desk.server.previews = {
        "0": preview([decision(1, "keep", "", "no rule applies to it")], {"kept": {"count": 42, "bytes": GB}}),
        "90": preview(later, {"prune": {"count": 12, "bytes": 3 * GB}}),
    }
    desk.go()
    part = desk.part("Retention")
    expect(part).to_contain_text("42Stay as they are")
    expect(part).to_contain_text("No rule applies to it.")
    desk.visit.cut_network()
    desk.page.route("**/api/**", lambda route: route.abort())
    desk.press("In 90 days")
    expect(desk.page.get_by_role("button", name="In 90 days")).to_be_focused()
    expect(part).to_contain_text("There is no connection. This is looked up as soon as there is one.")
    expect(part).not_to_contain_text("Stay as they are")
    expect(desk.heard).not_to_contain_text("42")
    desk.page.unroute_all(behavior="ignoreErrors")
    desk.server.serve(desk.page)
    desk.visit.mend_network()
    expect(part).to_contain_text("12Leave this disk; verified copies stay3.0 GB")


def test_a_page_that_comes_late_is_not_put_under_another_time(desk: Desk) -> None:
    asked: list[Route] = []

    def keep_waiting(route: Route) -> None:
        asked.append(route)

    desk.server.previews = {
        "0": preview([decision(1, "expire", "meetings", "it is old")], {}) | {"next_cursor": "next"},
        "30": preview([decision(3, "prune", "room", "it is 34 days old")], {"prune": {"count": 1, "bytes": GB}}),
    }
    desk.go()
    desk.page.route("**/api/retention/preview?*cursor=next", keep_waiting)
    desk.press("Show more")
    expect(desk.page.get_by_role("button", name="Loading…")).to_be_visible()
    desk.press("In 30 days")
    rows = desk.part("Retention").get_by_role("list", name="Decisions").get_by_role("listitem")
    expect(rows).to_contain_text(["clip_0003.mp4"])
    with desk.page.expect_response("**/api/retention/preview?*cursor=next"):
        asked[0].fulfill(json=preview([decision(2, "expire", "meetings", "it is old")], {}))
    # What came has been read when this is answered.
    desk.look_again()
    expect(rows).to_contain_text(["clip_0003.mp4"])
    expect(rows).to_have_count(1)


def test_figures_that_are_still_being_counted_say_at_least_and_grow(desk: Desk) -> None:
    first = preview([], {"kept": {"count": 100_000, "bytes": GB}})
    desk.server.previews = {"0": first | {"totals_are_exact": False}}
    desk.go()
    part = desk.part("Retention")
    expect(part).to_contain_text("at least 100,000Stay as they are")
    desk.server.previews = {"0": preview([], {"kept": {"count": 250_000, "bytes": GB}})}
    expect(part).to_contain_text("250,000Stay as they are")
    expect(part).not_to_contain_text("at least")
