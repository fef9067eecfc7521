"""The API page: drawn from the server's own description, under the same policy as the rest."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.services.app import ROOT, RunningApp

FRONTEND = ROOT / "frontend"
_IMPORT_MAP = re.compile(r'<script type="importmap">.*?</script>', re.DOTALL)


def test_the_api_page_tells_paths_roles_fields_and_answers(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server)
    visit.page.get_by_role("link", name="API").click()
    operation = visit.page.locator("details").filter(has_text="/api/upload-video")
    operation.locator("summary").click()
    expect(operation).to_contain_text("uploader")
    for words in ("project_id", "Idempotency-Key", "201", "413", "checksum"):
        expect(operation.get_by_text(words, exact=True).first).to_be_visible()


def test_the_api_page_asks_a_stranger_to_sign_in(open_page: OpenPage, team_server: RunningApp) -> None:
    visit = open_page(team_server, sign_in=False)
    visit.open(path="/docs")
    expect(visit.page.get_by_role("link", name="Sign in")).to_be_visible()


def test_both_pages_name_the_same_libraries() -> None:
    maps = {_IMPORT_MAP.findall((FRONTEND / page).read_text())[0] for page in ("index.html", "docs/index.html")}
    assert len(maps) == 1


def test_no_markup_of_ours_holds_inline_script_or_style() -> None:
    sources = [
        path for path in FRONTEND.rglob("*") if path.suffix in (".html", ".js") and "node_modules" not in path.parts
    ]
    assert len(sources) > 40
    for path in sources:
        text = _IMPORT_MAP.sub("", path.read_text())
        assert not re.search(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son[a-z]+=\"", text), path


def test_every_file_of_the_page_says_first_what_lives_there() -> None:
    for path in FRONTEND.rglob("*"):
        if path.suffix not in (".js", ".mjs", ".css", ".svg") or {"node_modules", "vendor"} & set(path.parts):
            continue
        first = path.read_text().splitlines()[0]
        assert re.match(r"// \w|/\* \w|<!-- \w", first), path
        assert len(path.read_text().splitlines()) < 300, path
