"""The first sentence of Operations: true, and never more than is known."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import report

NAS = {"name": "nas", "required_of": "all"}
DRIVE = {"name": "drive", "required_of": "all"}
EXTRA = {"name": "extra", "required_of": "none"}
VMS = {"name": "milestone", "required_of": "recordings"}
NAMED = {"name": "store", "required_of": "named"}

CASES: list[tuple[dict[str, Any], str]] = [
    (
        {"safe": [1284, 1279, 5, 0], "targets": [NAS, DRIVE]},
        "All 1,284 videos are safe here; 1,279 are verified on every required target; 5 are on their way.",
    ),
    (
        {"safe": [1284, 1284, 0, 0], "targets": [NAS, DRIVE]},
        "All 1,284 videos are safe here and verified on every required target.",
    ),
    (
        {"safe": [9, 6, 1, 2], "targets": [NAS, EXTRA]},
        "All 9 videos are safe here; 6 are verified on the required target; 1 is on its way; 2 need a person.",
    ),
    (
        {"safe": [9, 4, 0, 0], "targets": [NAS, DRIVE]},
        "All 9 videos are safe here; 4 are verified on every required target; 5 are not queued for all of them.",
    ),
    (
        {"safe": [9, 0, 9, 0], "targets": [NAS]},
        "All 9 videos are safe here; none are verified on the required target; 9 are on their way.",
    ),
    (
        {"safe": [1, 1, 0, 0], "targets": [NAS]},
        "The one video is safe here and verified on the required target.",
    ),
    ({"safe": [0, 0, 0, 0], "targets": [NAS]}, "There are no videos here yet."),
    (
        {"safe": [3, 3, 0, 0], "targets": []},
        "All 3 videos are safe here; no copies are kept elsewhere, because no target is set up.",
    ),
    ({"safe": [3, 3, 0, 0], "targets": [EXTRA]}, "All 3 videos are safe here; no target is required to have a copy."),
    (
        {"safe": [10, 10, 0, 0], "targets": [NAS], "pruned": 4},
        "All 10 videos are safe: 6 here, 4 on targets only; all are verified on the required target.",
    ),
    (
        {"safe": [9, 9, 0, 0], "targets": [NAS], "damaged": 2, "pruned": 3},
        (
            "4 of 9 videos are safe here; 3 are on targets only; the server's own copies of 2 are damaged; "
            "all are verified on the required target."
        ),
    ),
    (
        {"safe": [9, 9, 0, 0], "targets": [NAS], "damaged": 1},
        "8 of 9 videos are safe here; the server's own copy of 1 is damaged; all are verified on the required target.",
    ),
    (
        {"safe": [9, 4, 0, 0], "targets": [NAS], "pruned": 7, "ended": 5},
        (
            "2 of 9 videos are safe here; 7 are on targets only, or ended in the VMS; 4 are verified on the required "
            "target; 5 ended there, or are not queued for it."
        ),
    ),
    (
        {"safe": [4, 2, 1, 0, 1], "targets": [VMS, NAMED]},
        (
            "All 4 videos are safe here; 2 are verified on the required target; 1 is on its way; 1 is no recording and "
            "needs no copy there."
        ),
    ),
    (
        {"safe": [9, 2, 0, 0, 5], "targets": [VMS]},
        (
            "All 9 videos are safe here; 2 are verified on the required target; 5 are no recordings and need no copy "
            "there; 2 are not queued for it."
        ),
    ),
]


def test_the_sentence_says_what_is_known_and_no_more(desk: Desk) -> None:
    desk.visit.open()
    told = desk.page.evaluate(
        """async (cases) => {
            const { sentenceOf, asText } = await partOfPage("operations/sentence.js");
            const named = ([videos, verified, waiting, needs_person, exempt]) => (
                { videos, verified, waiting, needs_person, exempt });
            return cases.map((known) => asText(sentenceOf({ ...known, safe: named(known.safe) })));
        }""",
        [known for known, _ in CASES],
    )
    assert told == [words for _, words in CASES]


def test_the_sentence_follows_the_server_and_is_heard_when_somebody_is_needed(desk: Desk) -> None:
    desk.visit.open()
    desk.page.get_by_role("link", name="Operations").click()
    expect(desk.page.get_by_role("heading", name="Operations")).to_be_focused()
    expect(desk.page).to_have_title("Operations · Holdfast")
    expect(desk.safety).to_contain_text("1,279 are verified on the required target; 5 are on their way.")
    desk.server.report = report(safe={"videos": 1284, "verified": 1281, "waiting": 0, "needs_person": 3})
    desk.look_again()
    expect(desk.safety).to_contain_text("1,281 are verified on the required target; 3 need a person.")
    expect(desk.heard).to_contain_text("3 need a person.")


def test_out_of_reach_it_says_how_old_its_knowledge_is_and_heals_by_itself(desk: Desk) -> None:
    desk.go()
    desk.visit.cut_network()
    desk.page.route("**/api/storage/report", lambda route: route.abort())
    desk.look_again()
    expect(desk.safety).to_contain_text(re.compile("That was so .* The server cannot be reached now."))
    expect(desk.page.locator("[data-offline]")).to_be_visible()
    desk.page.unroute("**/api/storage/report")
    desk.server.report = report(safe={"videos": 1284, "verified": 1284, "waiting": 0, "needs_person": 0})
    desk.visit.mend_network()
    expect(desk.safety).to_contain_text("All 1,284 videos are safe here and verified on the required target.")
    expect(desk.safety).not_to_contain_text("cannot be reached")


def test_with_nothing_in_it_it_offers_the_first_act(desk: Desk) -> None:
    nothing = {"videos": 0, "bytes": 0, "physical_bytes": 0, "disk_free_bytes": 10**12, "disk_total_bytes": 2 * 10**12}
    desk.server.report = report(
        total=nothing, by_project=[], by_label=[], by_state=[], by_target=[], over_time=[],
        safe={"videos": 0, "verified": 0, "waiting": 0, "needs_person": 0},
    )  # fmt: skip
    desk.go()
    expect(desk.safety).to_contain_text("There are no videos here yet.")
    expect(desk.part("Storage")).to_contain_text("free of 1.8 TB")
    expect(desk.page.locator("[data-over-time], [data-bars]")).to_have_count(0)
    desk.page.get_by_role("link", name="Upload videos").click()
    expect(desk.page.get_by_role("heading", name="Upload", exact=True)).to_be_visible()
