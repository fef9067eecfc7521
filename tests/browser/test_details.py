"""The details of a video: what they tell, the focus they take and give back, and how they load."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.browser.shelf import AT, Shelf, delivery, refuse
from tests.browser.test_player import wait_for


def test_the_facts_are_told_in_words_that_people_use(shelf: Shelf) -> None:
    facts = {"video_codec": "hevc", "width": 3840, "height": 2160, "fps": 29.97, "bits_per_sample": 10, "hdr": True}
    details = shelf.open(shelf.put(facts=facts, content_type="training", duration_seconds=12.0))
    expect(details.get_by_role("heading", name="Facts")).to_be_visible()
    told = dict(details.locator("[data-fact]").evaluate_all(
        "all => all.map(each => [each.dataset.fact, each.querySelector('dd').textContent.trim()])"
    ))  # fmt: skip
    assert {
        name: told[name] for name in ("Length", "Size", "Picture", "Video", "Sound", "Camera", "Project", "Label")
    } == {
        "Length": "0:12",
        "Size": "1.2 MB",
        "Picture": "3840 × 2160",
        "Video": "HEVC (H.265) · 29.97 fps · 10 bits · HDR",
        "Sound": "AAC · stereo · 48 kHz",
        "Camera": "Sony A7",
        "Project": "surf-2026",
        "Label": "training",
    }
    assert told["SHA-256"].startswith("Saved9f3a21c7")
    receipt = details.get_by_role("link", name="Signed receipt")
    expect(receipt).to_have_attribute("href", "/api/videos/shelf-film/receipt")
    assert receipt.evaluate("link => link.getBoundingClientRect().height") >= 24


def test_a_file_that_was_cut_off_plays_and_says_what_it_lacks(shelf: Shelf) -> None:
    words = "The file was cut off: only about 6 s of 60 s are in it."
    details = shelf.open(shelf.put(duration_seconds=60.0, media={"reason": words}))
    expect(details.locator("[data-note=content]")).to_have_text(words)
    expect(details.locator("video")).to_have_count(1)


def test_nothing_is_guessed_of_a_file_that_was_not_looked_at(shelf: Shelf) -> None:
    video = shelf.put(status="processing", duration_seconds=None, media={"facts": None, "playable": None})
    details = shelf.open(video)
    expect(details.get_by_role("heading", name="Facts")).to_be_visible()
    names = details.locator("[data-fact]").evaluate_all("all => all.map(each => each.dataset.fact)")
    assert names == ["Size", "Project", "Uploaded", "File", "SHA-256", "Proof"]
    expect(details.get_by_text("Convert…")).to_have_count(0)


def test_each_copy_tells_its_state_its_last_and_its_next_attempt_and_its_reason(shelf: Shelf) -> None:
    next_at = shelf.page.evaluate("new Date(Date.now() + 600_000).toISOString()")
    details = shelf.open(shelf.put(deliveries=[
        delivery("nas"),
        delivery("vault", "pending", attempts=4, error="It did not answer", next_attempt_at=next_at),
        delivery("drive", "failed", error="The file is too large for it"),
    ]))  # fmt: skip
    nas, vault, drive = (details.locator(f"[data-copy={name}]") for name in ("nas", "vault", "drive"))
    expect(nas).to_contain_text("Verified")
    expect(nas).to_contain_text("read back")
    expect(vault).to_contain_text("last tried")
    expect(vault.locator(".note")).to_contain_text("It did not answer. Tried 4 times. The next attempt is in 10 min.")
    expect(drive.locator(".note")).to_contain_text("The file is too large for it.")
    expect(details.get_by_role("button", name="Retry film.mp4 on drive")).to_be_visible()


def test_retry_of_a_copy_asks_the_server_and_keeps_the_focus_in_the_panel(shelf: Shelf) -> None:
    video = shelf.put(deliveries=[delivery("nas", "failed", error="It was full")])
    details = shelf.open(video)

    def retried(route: Route) -> None:
        video["deliveries"] = [delivery("nas", "pending", attempts=0)]
        route.fulfill(json={"success": True})

    shelf.answers["/retry"] = retried
    details.get_by_role("button", name="Retry film.mp4 on NAS").click()
    expect(details.locator("[data-copy=nas]")).to_contain_text("Waiting")
    expect(details.get_by_role("heading", level=2)).to_be_focused()


def test_the_history_is_told_newest_first_and_whole_on_demand(shelf: Shelf) -> None:
    shelf.history = [{"at": AT, "what": "made", "words": f"Step {9 - n} was made", "by": ""} for n in range(8)]
    shelf.history.append({"at": AT, "what": "saved", "words": "Uploaded by a form and saved", "by": "Margarethe"})
    details = shelf.open(shelf.put())
    entries = details.locator(".history-entry")
    expect(entries).to_have_count(6)
    expect(entries.first).to_contain_text("Step 9 was made.")
    expect(entries.first.locator("time")).to_have_attribute("title", "20 November 2026 at 09:30:00 UTC")
    details.get_by_role("button", name="Show 3 more").click()
    expect(entries.last).to_contain_text("Uploaded by a form and saved. By Margarethe.")


def test_the_audit_tells_who_changed_what_from_where_and_what_it_was_before(shelf: Shelf) -> None:
    line = {
        "id": 7, "at": AT, "who": "Anna", "who_id": "a", "address": "192.0.2.7", "action": "video.edited",
        "words": "Title changed to “Pier”", "video_id": "shelf-film", "project_id": "surf-2026",
        "what": {"title": {"from": "", "to": "Pier"}, "tags": {"from": ["sea"], "to": ["sea", "sand"]}},
    }  # fmt: skip
    held = line | {"id": 6, "words": "Held", "what": {"reason": "Court case", "until_at": None}, "address": ""}
    shelf.audit = [line, held]
    details = shelf.open(shelf.put())
    assert "GET shelf-film/audit" not in shelf.asked
    details.get_by_text("Audit: who changed what, from where").click()
    lines = details.locator(".audit-line")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Title changed to “Pier”.Title: nothing → PierTags: sea → sea, sand")
    expect(lines.first).to_contain_text("Anna from 192.0.2.7, 20 November 2026")
    expect(lines.last).to_contain_text("Held.Reason: Court caseAnna, 20 November 2026")
    # What is changed while it is open is added.
    shelf.audit = [line | {"id": 8, "words": "Description added", "what": {}}, *shelf.audit]
    shelf.videos["shelf-film"]["updated_at"] = "2026-11-20T10:30:00.000Z"
    expect(lines).to_have_count(3)


def test_opening_takes_the_focus_to_the_heading_and_closing_gives_it_back(shelf: Shelf) -> None:
    opener = shelf.page.get_by_role("link", name="Upload", exact=True)
    opener.focus()
    details = shelf.open(shelf.put())
    heading = details.get_by_role("heading", level=2, name="film.mp4")
    expect(heading).to_be_focused()
    # It is no field, and does not look like one.
    expect(heading).to_have_css("outline-style", "none")
    shelf.page.keyboard.press("Escape")
    expect(details).to_have_count(0)
    expect(opener).to_be_focused()


def test_beside_the_grid_the_focus_may_leave_and_in_front_of_it_it_stays(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    inside = "document.querySelector('.details').contains(document.activeElement)"
    assert details.get_attribute("role") == "region"
    shelf.page.keyboard.press("Shift+Tab")
    assert not shelf.page.evaluate(inside)
    shelf.page.set_viewport_size({"width": 390, "height": 844})
    expect(details).to_have_attribute("role", "dialog")
    details.get_by_role("heading", level=2).focus()
    shelf.page.keyboard.press("Shift+Tab")
    assert shelf.page.evaluate(inside)
    for _ in range(60):
        shelf.page.keyboard.press("Tab")
        assert shelf.page.evaluate(inside)
    assert details.bounding_box() == {"x": 0, "y": 0, "width": 390, "height": 844}


def test_a_video_that_is_not_there_says_so_and_offers_the_way_out(shelf: Shelf) -> None:
    details = shelf.open({"id": "shelf-nowhere"})
    expect(details).to_contain_text("It was removed, or you may not see it.")
    details.get_by_role("button", name="Close", exact=True).click()
    expect(details).to_have_count(0)


def test_a_slow_answer_shows_a_skeleton_and_a_lost_one_heals_by_itself(shelf: Shelf) -> None:
    shelf.put()
    held: list[Route] = []
    shelf.answers["/shelf-film"] = held.append
    details = shelf.open({"id": "shelf-film"})
    expect(details.locator("[data-skeleton]")).to_be_visible()
    shelf.answers.clear()
    held[0].abort("connectionfailed")
    expect(details.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_an_error_of_the_server_is_told_in_its_words(shelf: Shelf) -> None:
    shelf.answers["/shelf-film"] = refuse("The catalog is locked.", status=500)
    expect(shelf.open({"id": "shelf-film"}).get_by_role("alert")).to_have_text(
        "It could not be loaded. The catalog is locked."
    )


def test_the_next_video_in_the_open_panel_takes_no_focus_from_the_grid(shelf: Shelf) -> None:
    one, two = shelf.put("one"), shelf.put("two")
    details = shelf.open(one)
    link = shelf.page.get_by_role("link", name="Upload", exact=True)
    link.focus()
    shelf.open(two)
    expect(details.get_by_role("heading", level=2, name="two.mp4")).to_be_visible()
    expect(link).to_be_focused()
    wait_for(shelf, "media.currentSrc.includes('shelf-two')")


def test_to_the_trash_and_back_with_undo(shelf: Shelf) -> None:
    details = shelf.open(shelf.put())
    details.get_by_role("button", name="Move to trash").click()
    expect(details.locator("[data-trashed]")).to_contain_text("This video is in the trash. Deleted for good in 7 days.")
    expect(shelf.page.locator("[data-live-region]")).to_contain_text("film.mp4: moved to the trash.")
    details.get_by_role("button", name="Undo").click()
    expect(details.get_by_role("button", name="Move to trash")).to_be_visible()
    assert "POST shelf-film/restore-from-trash" in shelf.asked


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1440])
def test_nothing_is_wider_than_the_screen_whatever_the_words(shelf: Shelf, width: int, theme: str) -> None:
    shelf.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    shelf.page.set_viewport_size({"width": width, "height": 900})
    word = "Donaudampfschifffahrt" * 12
    video = shelf.put(
        title=word, description=word, tags=[word, "بحر"], original_filename=f"{word}.mp4",
        deliveries=[delivery(f"target-{n}", state) for n, state in enumerate(
            ["delivered", "pending", "in_progress", "parked", "failed", "skipped", "damaged", "deleting"])],
    )  # fmt: skip
    details = shelf.open(video)
    expect(details.locator(".copy")).to_have_count(8)
    assert shelf.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert details.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
