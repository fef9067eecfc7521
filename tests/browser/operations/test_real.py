"""Operations on the real server: its figures, its rules, and the way from a figure to the videos."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage, folder_target
from tests.browser.operations.conftest import Desk
from tests.browser.operations.made_up import MadeUpServer
from tests.browser.visit import clip
from tests.services.app import RunningApp

# The view asks every ten seconds, and copies share the machine with everything else that is tested.
SOON = 90_000
_RULES = """
[[rule]]
name = "short"
project = "surf-2026"
expire_after_days = 5

[[quota]]
project = "surf-2026"
max_gib = 2
"""


def test_the_real_server_tells_what_the_view_asks(
    open_page: OpenPage, running_app: Callable[..., RunningApp], tmp_path: Path
) -> None:
    nas, rules = tmp_path / "nas", tmp_path / "retention.toml"
    nas.mkdir()
    rules.write_text(_RULES)
    app = running_app({"RETENTION_FILE": str(rules)}, targets_toml=folder_target(nas))
    for name, project in (("one.mp4", "surf-2026"), ("two.mp4", "surf-2026"), ("three.mp4", "harbour")):
        fields = {"project_id": project, "content_type": "raw", "video": (name, clip(name)["buffer"], "video/mp4")}
        assert app.request("POST", "/api/upload-video", fields=fields).status == 201
    desk = Desk(open_page(app, load=False), MadeUpServer())
    desk.go()
    expect(desk.safety).to_contain_text("All 3 videos are safe here and verified on the required target.", timeout=SOON)
    expect(desk.bars("By project").first).to_contain_text("surf-2026under 1 % of its 2 GB2 videos")
    expect(desk.bars("By target").first).to_contain_text("NAS3 videos")
    expect(desk.page.locator("[data-day]")).to_contain_text("in 3 videos, of them")
    expect(desk.page.locator("[data-scrub=local]")).to_contain_text("This server's disk")
    expect(desk.part("Tokens and people")).to_contain_text("admin")
    desk.page.get_by_role("searchbox", name="Only lines that hold").fill("three.mp4")
    expect(desk.part("Log").get_by_role("listitem").filter(has_text="saved")).to_have_count(1)
    expect(desk.part("Jobs")).to_be_visible()
    desk.press("In 7 days")
    retention = desk.part("Retention")
    expect(retention.get_by_role("list", name="What the rules would do, in all")).to_contain_text("2Go to the trash")
    expect(retention.locator(".decision[data-action=expire]")).to_have_count(2)
    desk.press("Pause NAS")
    expect(desk.page.locator("[data-place=nas]")).to_contain_text("NAS was paused by an operator.")
    desk.page.get_by_role("link", name="surf-2026", exact=True).click()
    expect(desk.page.locator("[data-total]")).to_have_text("2 videos found")
    desk.page.go_back()
    desk.bars("By target").get_by_role("link", name="NAS").click()
    expect(desk.page.get_by_role("button", name="Clear On NAS")).to_be_visible()
    expect(desk.page.locator("[data-total]")).to_have_text("3 videos found")
