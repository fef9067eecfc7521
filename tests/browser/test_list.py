"""The list of the newest videos: what it shows, gives out, and says of copies that need somebody."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, folder_target
from tests.browser.visit import clip
from tests.services.app import RunningApp


def upload(app: RunningApp, name: str, **fields: str) -> bytes:
    """Save a small file over the API, without the page; returns its bytes."""
    data = clip(name, 500)["buffer"]
    answer = app.request("POST", "/api/upload-video", fields={**fields, "video": (name, data, "video/mp4")})
    assert answer.status == 201, answer.data
    return data


def test_an_empty_list_says_what_will_be_there_and_offers_the_next_act(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    visit = open_page(running_app(processes=["web"]))
    videos = visit.page.locator("#videos")
    expect(videos).to_contain_text("No videos yet")
    with visit.page.expect_file_chooser():
        videos.get_by_role("button", name="Choose files").click()


def test_the_newest_are_listed_and_all_are_a_step_away(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app(processes=["web"])
    names = [f"page-{number:02}.mp4" for number in range(30)]
    for name in names:
        upload(app, name)
    visit = open_page(app)
    expect(visit.page.locator(".video-title")).to_have_text(list(reversed(names))[:25])
    expect(visit.page.locator(".videos-head")).to_contain_text("30 videos")
    visit.page.get_by_role("link", name="See all in the Library").click()
    expect(visit.page.get_by_role("heading", name="Library")).to_be_focused()
    expect(visit.page.locator("[data-total]")).to_have_text("30 videos")


def test_a_listed_video_is_opened_in_the_library(open_page: OpenPage, team_server: RunningApp) -> None:
    upload(team_server, "opened.mp4", title="Opened from the list")
    visit = open_page(team_server)
    visit.listed("Opened from the list").get_by_role("link", name="Opened from the list", exact=True).first.click()
    expect(visit.page.locator(".details")).to_contain_text("Opened from the list")


def test_a_download_gives_the_same_bytes_under_the_original_name(
    open_page: OpenPage, team_server: RunningApp, tmp_path: Path
) -> None:
    data = upload(team_server, "Größe & mehr.mp4")
    visit = open_page(team_server)
    with visit.page.expect_download() as download:
        visit.page.get_by_role("link", name="Download Größe & mehr.mp4").click()
    assert download.value.suggested_filename == "Größe & mehr.mp4"
    download.value.save_as(tmp_path / "copy.mp4")
    assert (tmp_path / "copy.mp4").read_bytes() == data


def test_a_digest_is_copied_whole(open_page: OpenPage, team_server: RunningApp) -> None:
    upload(team_server, "digest.mp4")
    visit = open_page(team_server, permissions=["clipboard-read", "clipboard-write"])
    row = visit.listed("digest.mp4")
    row.get_by_role("button", name="Copy the SHA-256 digest").click()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert row.locator(".digest").get_attribute("title") == f"SHA-256 {copied}"
    assert len(copied) == 64


def test_a_target_that_needs_somebody_says_why_and_retry_ends_in_verified_without_a_reload(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    nas = tmp_path / "unplugged"
    nas.mkdir()
    app = running_app(targets_toml=folder_target(nas))
    # A file where the folder should be: no target can work there, and root is stopped by it as well.
    nas.rmdir()
    nas.write_text("not a folder")
    visit = open_page(app)
    visit.choose(clip("needs you.mp4"))
    visit.expect_saved("needs you.mp4")
    row = visit.listed("needs you.mp4")
    expect(visit.mark(row, "nas")).to_contain_text("Needs you", timeout=60_000)
    expect(row.locator(".note")).to_contain_text("NAS needs a person:")
    nas.unlink()
    nas.mkdir()
    row.get_by_role("button", name="Retry needs you.mp4 on NAS").click()
    visit.expect_verified(row)
    expect(row.locator(".note")).to_have_count(0)


def test_a_target_that_takes_nothing_is_told_above_the_list_until_a_check_finds_it_well(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    nas = tmp_path / "unplugged"
    nas.mkdir()
    app = running_app(targets_toml=folder_target(nas))
    nas.rmdir()
    nas.write_text("not a folder")
    visit = open_page(app)
    visit.choose(clip("one.mp4"), clip("two.mp4"))
    place = visit.page.locator("[data-place=nas]")
    expect(place).to_contain_text("NAS needs a person:", timeout=60_000)
    expect(place).to_contain_text("2 copies wait for it.")
    place.get_by_role("button", name="Check now: NAS").click()
    expect(place.get_by_role("status")).not_to_be_empty()
    nas.unlink()
    nas.mkdir()
    place.get_by_role("button", name="Check now: NAS").click()
    expect(place).to_be_hidden()
    for name in ("one.mp4", "two.mp4"):
        visit.expect_verified(visit.listed(name))


def test_damage_of_the_servers_own_copy_is_told_as_its_own_and_not_as_the_targets(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    app = running_app(targets_toml=folder_target(tmp_path))
    assert app.request("POST", "/api/targets/nas/pause").status == 200
    visit = open_page(app)
    visit.choose(clip("hurt.mp4"))
    visit.expect_saved("hurt.mp4")
    (stored,) = app.storage_path.glob("uploads/*/*.mp4")
    os.truncate(stored, 1000)
    assert app.request("POST", "/api/targets/nas/resume").status == 200
    row = visit.listed("hurt.mp4")
    for shown in (row, visit.queued("hurt.mp4")):
        expect(shown.locator(".fact-saved")).to_contain_text("The server's own copy is damaged", timeout=60_000)
        expect(shown.locator(".fact-saved")).not_to_contain_text("Saved")
        expect(visit.mark(shown, "nas")).to_contain_text("Not sent")
    expect(row.locator(".note")).to_contain_text("There is nothing right to send to NAS.")
    expect(row.get_by_role("button", name="Retry")).to_have_count(0)


def test_another_upload_shows_up_when_the_tab_is_looked_at_again(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    expect(visit.page.locator(".videos")).to_be_visible()
    upload(team_server, "by a colleague.mp4")
    visit.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(visit.listed("by a colleague.mp4")).to_be_visible()
