"""Cameras on the real server, its worker and ffmpeg: from recorded segments to a downloaded clip that proves itself."""

from __future__ import annotations

import hashlib
import re
import uuid
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Download, Locator, expect

from tests.browser.cameras.made_up import MadeUpCameras, iso
from tests.browser.cameras.watching import Watch
from tests.browser.conftest import OpenPage, folder_target
from tests.services.app import RunningApp
from tests.services.media import ffprobe, make_video

# Cutting shares the machine with everything else that is tested.
SOON = 120_000
START = datetime(2026, 3, 10, 12, tzinfo=UTC)
GATE, PIER = (str(uuid.UUID(int=number * 0x1A2B3C4D << 96)) for number in (1, 2))
NAMES = {GATE: f"Camera {GATE[:8]}", PIER: f"Camera {PIER[:8]}"}
# Seconds after START at which a recording of six seconds begins; the gate misses 12 to 20.
RECORDED = ((GATE, 0), (GATE, 6), (GATE, 20), (PIER, 3))

Run = Callable[..., RunningApp]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("footage") / "six.mp4", seconds=6)


def at(seconds: float) -> str:
    return iso(START + timedelta(seconds=seconds))


def with_recordings(app: RunningApp, footage: Path) -> dict[tuple[str, int], str]:
    """Send them through the form door, as a recorder does; returns the id of each."""
    ids = {}
    for number, (camera, second) in enumerate(RECORDED):
        # Equal content twice would be a duplicate of another video, which is no fault; but here each is one's own.
        data = footage.read_bytes() + b"\0\0\0\x0cfree" + number.to_bytes(4)
        fields = {
            "camera_id": camera, "start_time": at(second), "end_time": at(second + 6),
            "video": (f"{second:04}.mp4", data, "video/mp4"),
        }  # fmt: skip
        answer = app.request("POST", "/api/upload-video", fields=fields)
        assert answer.status == 201, answer.data
        ids[camera, second] = str(answer.json()["video_id"])
    return ids


def looking(open_page: OpenPage, app: RunningApp, cameras: tuple[str, ...], first: float, last: float) -> Watch:
    """The page of the real server at these recordings, with a marked range."""
    watch = Watch(open_page(app, load=False), MadeUpCameras([]))
    mark = f"{at(first)}/{at(last)}"
    address = f"from={at(-2)}&to={at(30)}&camera={','.join(cameras)}&mark={mark}"
    watch.page.goto(f"{app.base_url}/cameras?{address}")
    expect(track(watch, GATE)).to_have_attribute("aria-valuetext", re.compile("recorded"))
    return watch


def track(watch: Watch, camera: str) -> Locator:
    return watch.page.locator(f"[data-track='{camera}']")


def order(watch: Watch, reason: str, *, choose: str = "") -> Locator:
    watch.press("Export…")
    dialog = watch.page.get_by_role("dialog", name="Export")
    dialog.get_by_label("Reason (required)").fill(reason)
    if choose:
        dialog.get_by_label(choose, exact=True).check()
    expect(dialog.locator("[data-estimate]")).to_contain_text("About")
    dialog.get_by_role("button", name="Export").click()
    expect(dialog).to_have_count(0)
    return watch.export(reason).first


def fetched(watch: Watch, row: Locator) -> Download:
    with watch.page.expect_download() as saved:
        row.get_by_role("link", name="Download").click()
    return saved.value


def test_two_cameras_are_marked_exported_and_downloaded_byte_by_byte(
    open_page: OpenPage, running_app: Run, tmp_path: Path, footage: Path
) -> None:
    app = running_app(targets_toml=folder_target(tmp_path))
    with_recordings(app, footage)
    watch = looking(open_page, app, (GATE, PIER), 2, 24)
    gate = watch.marked.locator(f"[data-sum='{GATE}']")
    expect(gate).to_contain_text("63\u00a0% recorded, 1 gap, 8 s missing")
    expect(watch.marked.locator(f"[data-sum='{PIER}']")).to_contain_text("27\u00a0% recorded, 2 gaps, 16 s missing")
    row = order(watch, "Case 21")
    expect(row.locator(".state-mark").first).to_have_text("Ready", timeout=SOON)
    expect(row).to_contain_text("3 gaps")
    download = fetched(watch, row)
    told = app.request("GET", "/api/v1/storage/exports").json()["exports"][0]
    served = app.request("GET", f"/api/v1/storage/exports/{told['id']}/download").data
    assert download.path().read_bytes() == served
    assert told["checksum"] == f"sha256:{hashlib.sha256(served).hexdigest()}"
    assert download.suggested_filename == told["filename"]
    clips = [name for name in zipfile.ZipFile(download.path()).namelist() if name.endswith(".mp4")]
    assert len(clips) == 2
    expect(row).to_contain_text(told["checksum"].removeprefix("sha256:")[:8])
    watch.page.get_by_role("button", name="Manifest of Case 21").click()
    dialog = watch.page.get_by_role("dialog", name="Manifest")
    expect(dialog.locator("[data-manifest]")).to_contain_text("Case 21")
    dialog.get_by_text("Cut from 4 recordings").click()
    expect(dialog.locator("[data-sources] li")).to_have_count(4)


def test_an_exported_mp4_plays_in_the_browser_and_proves_itself(
    open_page: OpenPage, running_app: Run, tmp_path: Path, footage: Path
) -> None:
    app = running_app(targets_toml=folder_target(tmp_path))
    with_recordings(app, footage)
    watch = looking(open_page, app, (GATE,), 2, 10)
    row = order(watch, "Case 22", choose="Exact")
    expect(row.locator(".state-mark").first).to_have_text("Ready", timeout=SOON)
    expect(row.locator(".export-facts")).to_contain_text("exactly as asked")
    download = fetched(watch, row)
    length = watch.page.evaluate(
        """async (address) => {
            const video = Object.assign(document.createElement("video"), { src: address, muted: true });
            document.body.append(video);
            await video.play();
            await new Promise((ends, fails) =>
                Object.assign(video, { onended: ends, onerror: () => fails(video.error) }));
            video.remove();
            return [video.duration, video.currentTime, video.videoWidth];
        }""",
        row.get_by_role("link", name="Download").get_attribute("href"),
    )
    assert length == [pytest.approx(8, abs=0.2), pytest.approx(8, abs=0.2), 320]
    kept = tmp_path / download.suggested_filename
    download.save_as(kept)
    assert float(ffprobe(kept)["format"]["duration"]) == pytest.approx(8, abs=0.2)
    proved = app.cli("verify-export", str(kept))
    assert proved.returncode == 0, proved.stdout + proved.stderr


def test_what_waits_is_cancelled(open_page: OpenPage, running_app: Run, tmp_path: Path, footage: Path) -> None:
    app = running_app(targets_toml=folder_target(tmp_path), processes=["web"])
    with_recordings(app, footage)
    watch = looking(open_page, app, (GATE,), 2, 10)
    row = order(watch, "Case 23")
    expect(row.locator(".state-mark").first).to_have_text("Waiting")
    watch.press("Cancel Case 23")
    expect(row.locator(".state-mark").first).to_have_text("Cancelled")
    watch.press("Remove Case 23")
    watch.page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
    expect(watch.export("Case 23")).to_have_count(0)
    expect(watch.exports).to_contain_text("Nothing was exported yet.")


def test_a_missing_part_is_named_and_what_there_is_can_be_had(
    open_page: OpenPage, running_app: Run, tmp_path: Path, footage: Path
) -> None:
    app = running_app(processes=["web"])
    ids = with_recordings(app, footage)
    video = app.request("GET", f"/api/videos/{ids[GATE, 6]}").json()["video"]
    next(app.storage_path.rglob(video["stored_filename"])).unlink()
    app.start("worker")
    watch = looking(open_page, app, (GATE,), 2, 24)
    row = order(watch, "Case 24")
    expect(row.locator(".state-mark").first).to_have_text("Needs you", timeout=SOON)
    expect(row).to_contain_text("0006.mp4")
    watch.page.get_by_role("button", name="Give what there is of Case 24").click()
    partial = watch.export("Case 24").first
    expect(partial.locator(".state-mark").first).to_have_text("Ready in part", timeout=SOON)
    expect(partial.locator("[data-problems]")).to_contain_text("0006.mp4")


def test_lanes_names_and_pictures_are_the_servers(
    open_page: OpenPage, running_app: Run, tmp_path: Path, footage: Path
) -> None:
    app = running_app(targets_toml=folder_target(tmp_path))
    ids = with_recordings(app, footage)
    watch = looking(open_page, app, (GATE,), 0, 6)
    expect(track(watch, PIER)).to_have_attribute(
        "aria-valuetext", "In what is shown: 18\u00a0% recorded, 2 gaps, 26 s missing"
    )
    watch.press(f"Rename {NAMES[PIER]}")
    watch.page.get_by_label(f"Name of {NAMES[PIER]}").fill("Pier")
    watch.keys("Enter")
    expect(track(watch, PIER)).to_have_attribute("aria-label", "Pier")
    assert {each["name"] for each in app.request("GET", "/api/cameras").json()["cameras"]} == {"", "Pier"}
    track(watch, PIER).click(position={"x": 200, "y": 20})
    watch.page.mouse.move(5, 5)
    link = watch.glimpse.get_by_role("link", name="Open the video at this second")
    expect(link).to_have_attribute("href", re.compile(f"video={ids[PIER, 3]}&t="))
    expect(watch.glimpse.locator("[data-tile]:visible, img").first).to_be_visible(timeout=SOON)
