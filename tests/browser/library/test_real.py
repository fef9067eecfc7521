"""The Library on the real server, its worker and ffmpeg: from upload to picture, and thousands in the catalog."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from backend.catalog import videos
from backend.catalog.database import Database
from backend.catalog.models import MediaState
from backend.disk.sidecar import DeliveryFacts, Sidecar, VideoFacts
from tests.browser.conftest import OpenPage, folder_target
from tests.browser.library.made_up import MadeUpLibrary
from tests.browser.library.reading import Reader
from tests.services.app import RunningApp
from tests.services.media import make_video

# Media work shares the machine with everything else that is tested.
SOON = 90_000
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("film") / "harbour.mp4", seconds=6)


def real(open_page: OpenPage, app: RunningApp) -> Reader:
    reader = Reader(open_page(app, load=False), MadeUpLibrary([]))
    reader.page.goto(f"{app.base_url}/library")
    expect(reader.page.get_by_role("heading", name="Library")).to_be_visible()
    return reader


def upload(app: RunningApp, path: Path, name: str, **fields: str) -> str:
    answer = app.request(
        "POST", "/api/upload-video", fields={**fields, "video": (name, path.read_bytes(), "video/mp4")}
    )
    assert answer.status == 201, answer.data
    video_id: str = answer.json()["video_id"]
    return video_id


def test_an_upload_gets_its_picture_length_and_storyboard_while_one_looks_and_plays(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path, film: Path
) -> None:
    app = running_app(targets_toml=folder_target(tmp_path))
    reader = real(open_page, app)
    expect(reader.page.get_by_text("No videos yet")).to_be_visible()
    video_id = upload(app, film, "harbour.mp4", title="Harbour at noon", tags="sea,noon", project_id="coast")
    card = reader.page.locator(f"[role=gridcell][data-video='{video_id}']")
    expect(card).to_contain_text("Harbour at noon")
    expect(card.locator("img")).to_be_visible(timeout=SOON)
    reader.page.wait_for_function("() => document.querySelector('.cell img')?.naturalWidth >= 320")
    expect(card.locator(".badge")).to_have_text("0:06")
    expect(card).to_contain_text("Verified NAS", timeout=SOON)
    reader.expect_total("1 video")
    with reader.page.expect_response("**/storyboard/0.jpg*") as sheet:
        card.locator(".picture").hover()
    assert sheet.value.ok
    expect(card.locator("[data-scrub]")).to_be_visible()
    expect(reader.filters.get_by_role("button", name="noon")).to_have_text("noon1")
    card.focus()
    reader.press("Space")
    reader.page.wait_for_function("() => document.querySelector('.details video')?.currentTime > 0.2")
    reader.press("Escape")
    expect(card).to_be_focused()


def test_filters_search_tags_trash_and_undo_are_the_servers(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path, film: Path
) -> None:
    app = running_app(targets_toml=folder_target(tmp_path), processes=["web"])
    for number, tags in enumerate(("sea", "sand", "sea,sand", "")):
        upload(
            app,
            film,
            f"take_{number}.mp4",
            title=f"Clip {number:05}",
            tags=tags,
            project_id=("coast", "city")[number % 2],
        )
    reader = real(open_page, app)
    reader.expect_titles(3, 2, 1, 0)
    aside = reader.filters
    aside.get_by_role("button", name="sea").click()
    aside.get_by_role("button", name="sand").click()
    reader.expect_titles(2, 1, 0)
    aside.get_by_role("button", name="All of them").click()
    reader.expect_titles(2)
    reader.expect_total("1 video found")
    reader.page.get_by_role("button", name="Clear all").click()
    reader.page.get_by_label("Sort").select_option("Name")
    reader.expect_titles(0, 1, 2, 3)
    for address in (
        "?state=video:processing&after=2020-01-01",
        "?state=copy:pending&label=",
        "?project=city&project=x",
    ):
        reader.go(address)
    reader.expect_titles(3, 1)
    reader.focus_first()
    reader.press("Control+a")
    reader.bar.get_by_role("button", name="Tags").click()
    dialog = reader.page.get_by_role("dialog")
    dialog.get_by_label("Add to all of them").fill("kept, twice")
    dialog.get_by_role("button", name="Save tags").click()
    expect(reader.toast).to_contain_text("2 videos tagged.")
    reader.go("?tags=kept,twice&op=and")
    reader.expect_titles(3, 1)
    reader.focus_first()
    reader.press("x")
    reader.bar.get_by_role("button", name="Trash").click()
    expect(reader.toast).to_contain_text("“Clip 00003” is in the trash. Deleted for good in 7 days.")
    reader.expect_titles(1)
    reader.toast.get_by_role("button", name="Undo").click()
    reader.expect_titles(3, 1)
    reader.page.reload()
    reader.expect_titles(3, 1)


def test_thousands_in_the_catalog_are_reached_to_the_last_in_every_order(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    many = 3000
    app = running_app(processes=["web"])
    fill(app, many)
    reader = real(open_page, app)
    reader.expect_total("3,000 videos")
    for sort, last in (("Newest first", 0), ("Oldest first", many - 1), ("Name", many - 1), ("Longest", 0)):
        reader.page.get_by_label("Sort").select_option(sort)
        expect(reader.cells.first).to_contain_text(f"Clip {many - 1 - last:05}")
        reader.focus_first()
        reader.press("End")
        expect(reader.active).to_contain_text(f"Clip {last:05}")
        assert reader.cells.count() < 150


def fill(app: RunningApp, many: int) -> None:
    """Rows in the catalog without files: the list does not look at those."""
    with Database(f"sqlite:///{app.storage_path / 'metadata' / 'catalog.db'}").insert() as connection:
        for number in range(many):
            video_id = str(uuid.UUID(int=number + 1))
            facts = VideoFacts(
                id=video_id, bytes_id=video_id, project_id="p", original_filename=f"{number}.mp4",
                title=f"Clip {number:05}", stored_filename=f"{video_id}.mp4",
                relative_path=f"uploads/project_p/{video_id}.mp4", sha256=f"{number:064x}", size_bytes=10 + number,
                mime_type="video/mp4", saved_at=NOON + timedelta(seconds=number), updated_at=NOON,
            )  # fmt: skip
            row = videos.row_of(Sidecar(video=facts, deliveries=(DeliveryFacts(target="nas", state="delivered"),)))
            row.media_state, row.duration_seconds = MediaState.READY, 10.0 + number
            videos.add(connection, row)
