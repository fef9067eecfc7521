"""The main job: a file dropped in the browser is sent, saved with its digest, and verified on its targets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Dialog, Request, expect

from tests.browser.conftest import PLAIN_HOST, OpenPage, folder_target
from tests.browser.visit import clip
from tests.services.app import RunningApp
from tests.services.s3 import S3Server


def test_a_dropped_video_is_sent_saved_with_its_digest_and_verified_on_every_target_without_a_reload(
    open_page: OpenPage, running_app: Callable[..., RunningApp], s3_server: S3Server, real_video: Path, tmp_path: Path
) -> None:
    bucket = s3_server.fresh_bucket()
    app = running_app(targets_toml=folder_target(tmp_path) + s3_target(s3_server, bucket))
    visit = open_page(app)
    visit.page.evaluate("window.sameDocument = true")
    visit.drop(real_video)
    row = visit.queued(real_video.name)
    digest = hashlib.sha256(real_video.read_bytes()).hexdigest()
    expect(row).to_contain_text("Sent")
    expect(row.locator(".digest")).to_have_text(digest[:8])
    expect(row.locator(".digest")).to_have_attribute("title", f"SHA-256 {digest}")
    for target in ("nas", "cloud"):
        visit.expect_verified(row, target)
        visit.expect_verified(visit.listed(real_video.name), target)
    assert visit.page.evaluate("window.sameDocument")
    [stored] = s3_server.client().list_objects(bucket_name=bucket, recursive=True)
    assert stored.size == real_video.stat().st_size


def s3_target(server: S3Server, bucket: str) -> str:
    return (
        f'[[target]]\nname = "cloud"\nkind = "s3"\nlabel = "Cloud"\nendpoint = "{server.endpoint}"\nsecure = false\n'
        f'access_key = "{server.access_key}"\nsecret_key = "{server.secret_key}"\nbucket = "{bucket}"\n'
    )


def test_several_files_are_sent_three_at_a_time(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.page.evaluate(_COUNT_REQUESTS)
    names = [f"several-{number}.mp4" for number in range(5)]
    visit.choose(*[clip(name, 200_000) for name in names])
    for name in names:
        visit.expect_saved(name)
    assert visit.page.evaluate("window.mostAtOnce") == 3
    expect(visit.page.locator(".queue-sum")).to_contain_text("5 files · 5 saved")


_COUNT_REQUESTS = """() => {
    window.mostAtOnce = 0;
    let underWay = 0;
    window.XMLHttpRequest = class extends XMLHttpRequest {
        send(body) {
            super.send(body);
            underWay += 1;
            window.mostAtOnce = Math.max(window.mostAtOnce, underWay);
        }
        constructor() {
            super();
            // Before any listener of the page, which may begin the next one.
            this.addEventListener("load", () => (underWay -= 1));
        }
    };
}"""


def test_progress_speed_and_time_left_are_shown_while_a_file_is_sent(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(150_000)
    visit.choose(clip("slow line.mp4", 2_000_000))
    row = visit.queued("slow line.mp4")
    expect(row.get_by_role("progressbar")).to_be_visible()
    expect(row).to_contain_text("MB/s")
    expect(row).to_contain_text("s left")
    expect(visit.page).to_have_title(re.compile(r"^\d+ % sent · Holdfast$"))
    visit.limit_upload_speed(-1)
    visit.expect_saved("slow line.mp4")


def test_a_cancelled_file_is_not_saved(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.limit_upload_speed(100_000)
    visit.choose(clip("cancelled.mp4", 2_000_000))
    expect(visit.queued("cancelled.mp4")).to_have_attribute("data-state", "sending")
    visit.page.get_by_role("button", name="Cancel cancelled.mp4").click()
    expect(visit.queued("cancelled.mp4")).to_have_count(0)
    visit.limit_upload_speed(-1)
    visit.choose(clip("after it.mp4"))
    visit.expect_saved("after it.mp4")
    visit.page.reload()
    expect(visit.listed("after it.mp4")).to_have_count(1)
    expect(visit.listed("cancelled.mp4")).to_have_count(0)


def test_what_the_server_would_refuse_is_told_before_a_byte_is_sent(
    open_page: OpenPage, running_app: Callable[..., RunningApp]
) -> None:
    app = running_app({"UPLOAD_MAX_SIZE": str(1024 * 1024)}, processes=["web"])
    visit = open_page(app)
    sent: list[Request] = []
    visit.page.on("request", lambda request: sent.append(request) if "upload" in request.url else None)
    visit.choose(clip("notes.pdf"), clip("holiday.mkv", 2 * 1024 * 1024), {**clip("empty.mp4"), "buffer": b""})
    expect(visit.queued("notes.pdf")).to_contain_text("is a .pdf file; this server takes mp4, m4v, mov")
    expect(visit.queued("holiday.mkv")).to_contain_text(
        "“holiday.mkv” is 2.0 MB; this server takes up to 1 MB. Cut it, or ask an operator to raise UPLOAD_MAX_SIZE."
    )
    expect(visit.queued("empty.mp4")).to_contain_text("is empty")
    assert [request.url for request in sent if request.method == "POST"] == []


def test_title_tags_project_and_label_written_before_sending_are_kept(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    visit.page.get_by_label("Project").fill("surf-2026")
    visit.page.get_by_label("Label").fill("Raw")
    visit.write_before_sending()
    visit.choose(clip("GX010431.MP4"))
    visit.page.get_by_label("Title of GX010431.MP4").fill("Morning swell")
    visit.page.get_by_label("Tags of GX010431.MP4").fill("beach, wide")
    visit.page.get_by_role("button", name="Send 1 file").click()
    visit.expect_saved("GX010431.MP4")
    row = visit.listed("Morning swell")
    for words in ("GX010431.MP4", "surf-2026", "Raw", "beach", "wide"):
        expect(row.get_by_text(words, exact=True)).to_be_visible()


def test_content_that_was_here_before_is_told(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    first = clip("first of two.mp4")
    visit.choose(first)
    visit.expect_saved("first of two.mp4")
    visit.choose({**first, "name": "second of two.mp4"})
    expect(visit.queued("second of two.mp4")).to_contain_text("Same content as “first of two.mp4”")


def test_a_name_with_markup_in_it_is_shown_as_text(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    name = "<img src=x onerror=window.ran=1><b>bold.mp4"
    visit.choose(clip(name))
    visit.expect_saved(name)
    expect(visit.listed(name)).to_be_visible()
    assert visit.page.evaluate("window.ran ?? null") is None
    assert visit.page.locator("main b, main img[src='x']").count() == 0


def test_a_pasted_file_is_sent(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.page.evaluate("""() => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File(["moving picture"], "pasted.webm", { type: "video/webm" }));
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    }""")
    visit.expect_saved("pasted.webm")


def test_on_plain_http_under_a_name_uploads_and_copies_of_digests_work_as_well(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server, base_url=f"http://{PLAIN_HOST}:{team_server.port}")
    # There the browser offers neither random UUIDs nor the clipboard.
    assert visit.page.evaluate("window.isSecureContext || 'randomUUID' in crypto") is False
    visit.choose(clip("plain.mp4"))
    visit.expect_saved("plain.mp4")
    visit.queued("plain.mp4").get_by_role("button", name="Copy the SHA-256 digest").click()
    expect(visit.page.locator("[data-live-region]")).to_contain_text("Digest copied.")
    field = visit.page.get_by_label("Label")
    field.focus()
    visit.page.keyboard.press("ControlOrMeta+v")
    title = visit.queued("plain.mp4").locator(".digest").get_attribute("title")
    assert title == f"SHA-256 {field.input_value()}"


def test_leaving_with_something_unsent_asks_first_and_not_once_it_is_saved(
    open_page: OpenPage, team_server: RunningApp
) -> None:
    visit = open_page(team_server)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    visit.page.on("dialog", stay)
    visit.limit_upload_speed(100_000)
    visit.choose(clip("unsent.mp4", 1_000_000))
    expect(visit.queued("unsent.mp4")).to_have_attribute("data-state", "sending")
    visit.page.evaluate("setTimeout(() => location.reload())")
    visit.limit_upload_speed(-1)
    visit.expect_saved("unsent.mp4")
    assert asked == ["beforeunload"]
    visit.page.reload()
    expect(visit.listed("unsent.mp4")).to_be_visible()
    assert asked == ["beforeunload"]
