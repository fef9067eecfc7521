"""The list of exports: what each has come to, said plainly, and what can be done about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.browser.cameras.made_up import NOON, bounds, camera_id, export, iso, nameless, problem
from tests.browser.cameras.watching import Watch

GAP = {"camera_id": camera_id(0), "start": iso(NOON), "end": iso(NOON + timedelta(seconds=80))}


@pytest.mark.parametrize(
    ("status", "changes", "word", "shown"),
    [
        ("PENDING", {}, "Waiting", "by admin"),
        ("PROCESSING", {"progress": 43.2, "phase": "cutting pier"}, "Making 43\u00a0%", "Cutting pier."),
        ("COMPLETED", {}, "Ready", "50.0 MB"),
        ("COMPLETED", {"partial": True}, "Ready in part", "This is not all that was asked for"),
        ("FAILED", {"error": "The disk is full", "error_code": "disk-full"}, "Failed", "The disk is full."),
        ("FAILED", {"error": "0800.mp4 is missing", "error_code": "incomplete"}, "Needs you", "0800.mp4 is missing."),
        ("CANCELLED", {}, "Cancelled", "Case 0001"),
        ("EXPIRED", {}, "Expired", "Order it again to have it once more."),
        ("EXPIRED", {"removed_by": "Uma", "removed_at": iso(NOON)}, "Removed", "Removed by Uma, 10 March 2026"),
    ],
)  # fmt: skip
def test_each_state_is_a_shape_a_word_and_a_sentence(
    watch: Watch, status: str, changes: dict[str, object], word: str, shown: str
) -> None:
    watch.server.exports = [export(1, status, **changes)]
    watch.go()
    row = watch.export("Case 0001")
    expect(row.locator(".state-mark").first).to_have_text(word)
    expect(row.locator(".state-mark svg").first).to_be_visible()
    expect(row).to_contain_text(shown)


def test_what_was_given_stands_beside_what_was_asked_with_gaps_and_problems(watch: Watch) -> None:
    nothing = bounds(1, given=None)
    words = "0800.mp4 does not match its SHA-256, and no other copy is whole"
    watch.server.exports = [
        export(1, partial=True, gaps=[GAP], problems=[problem(1, "corrupt", words)]),
        export(2, bounds=[bounds(0, encoded=True, why_encoded="The codecs differ")], camera_ids=[camera_id(0)]),
        export(3, bounds=[bounds(0), nothing]),
    ]
    watch.go()
    expect(watch.export("Case 0003").get_by_text(f"{nameless(1)}: nothing recorded then")).to_be_visible()
    row = watch.export("Case 0001")
    expect(row).to_contain_text("not quite as asked, see below")
    expect(row.locator("[data-problems]")).to_contain_text(f"{words}.")
    expect(row.locator("[data-gaps]")).to_contain_text(
        "Harbour north: Tue, 10 Mar 2026, 12:00:00 – 12:01:20 (1 min 20 s)"
    )
    expect(row.locator("[data-bounds]")).to_contain_text("begins 2 s earlier, ends 1.5 s later")
    expect(row.locator("[data-bounds]")).to_contain_text("12:10:01.500")
    other = watch.export("Case 0002")
    expect(other).to_contain_text("exactly as asked")
    other.get_by_text("Bounds, no gaps").click()
    expect(other.locator("[data-bounds]")).to_contain_text("Encoded anew: The codecs differ.")


def test_it_moves_while_one_looks_and_its_end_is_said_aloud(watch: Watch) -> None:
    watch.server.exports = [export(1, "PROCESSING", progress=10)]
    watch.go()
    row = watch.export("Case 0001")
    expect(row.locator("progress")).to_have_attribute("value", "10")
    watch.server.exports[0]["progress"] = 60
    expect(row.locator("progress")).to_have_attribute("value", "60")
    watch.server.exports = [export(1)]
    expect(row).to_contain_text("Ready")
    expect(watch.heard).to_contain_text("Case 0001: ready.")
    expect(row.get_by_role("link", name="Download Case 0001")).to_have_attribute(
        "href", f"/api/v1/storage/exports/{watch.server.exports[0]['id']}/download"
    )


def test_cancel_retry_and_what_there_is(watch: Watch) -> None:
    watch.server.exports = [
        export(1, "PENDING"),
        export(2, "FAILED", error="It broke", error_code="media"),
        export(3, "FAILED", error="0800.mp4 is missing", error_code="incomplete"),
        export(4, delivery={"target": "nas", "state": "failed", "error": "It was full"}),
    ]
    watch.go()
    watch.press("Cancel Case 0001")
    expect(watch.export("Case 0001")).to_contain_text("Cancelled")
    watch.press("Retry Case 0002")
    expect(watch.export("Case 0002")).to_contain_text("Waiting")
    watch.press("Give what there is of Case 0003")
    expect(watch.export("Case 0003")).to_have_count(2)
    assert watch.server.ordered()[0]["incomplete"] == "partial"
    expect(watch.export("Case 0004")).to_contain_text("Failed It was full.")
    expect(watch.page.get_by_role("button", name="Send the copy of Case 0004 again")).to_be_visible()


def test_a_refused_act_says_why_in_its_row(watch: Watch) -> None:
    told = watch.server.exports = [export(1, "PENDING")]
    words = {"success": False, "error": "This export is COMPLETED already.", "code": "conflict", "detail": {}}
    watch.server.refusals[f"POST /api/v1/storage/exports/{told[0]['id']}/cancel"] = (409, words)
    watch.go()
    watch.press("Cancel Case 0001")
    expect(watch.export("Case 0001").get_by_role("alert")).to_have_text("This export is COMPLETED already.")


def test_removing_asks_first(watch: Watch) -> None:
    watch.server.exports = [export(1), export(2)]
    watch.go()
    watch.press("Remove Case 0001")
    dialog = watch.page.get_by_role("dialog", name="Remove Case 0001?")
    expect(dialog).to_contain_text("It can be made again while its recordings are kept.")
    dialog.get_by_role("button", name="Keep").click()
    expect(watch.export("Case 0001")).to_be_visible()
    watch.press("Remove Case 0001")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(watch.export("Case 0001")).to_have_count(0)
    expect(watch.page.get_by_role("heading", name="Exports")).to_be_focused()


def test_the_manifest_is_told_in_words_with_how_to_verify_it(watch: Watch) -> None:
    watch.server.exports = [export(1)]
    watch.go()
    watch.press("Manifest of Case 0001")
    dialog = watch.page.get_by_role("dialog", name="Manifest")
    facts = dialog.locator("[data-manifest]")
    for words in ("case-0001.zip, 50.0 MB", "9f3a21c7", "begins 2 s earlier", "Requested by", "ffmpeg 5.1.6"):
        expect(facts).to_contain_text(words)
    expect(dialog).to_contain_text("video_manager verify-export case-0001.zip")
    dialog.get_by_text("Cut from 1 recording").click()
    expect(dialog.locator("[data-sources]")).to_contain_text("0800.mp4")
    with watch.page.expect_download() as saved:
        dialog.get_by_role("button", name="Download the manifest").click()
    assert saved.value.suggested_filename == "case-0001.zip.jws"
    assert saved.value.path().read_text() == "head.body.sign"


def test_it_says_when_its_file_is_removed(watch: Watch) -> None:
    soon = iso(datetime.now(UTC) + timedelta(hours=5, minutes=1))
    watch.server.exports = [export(1, expires_at=soon)]
    watch.go()
    expect(watch.export("Case 0001").locator(".export-facts")).to_contain_text("in 5 h")
