"""The page and its files: kept by browsers for ever under the name of their edition, and never a moment longer."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from pathlib import Path

import pytest

from backend.web import pages
from backend.web.edition import Editions
from tests.unit.web.conftest import Site

_FOR_EVER = "public, max-age=31536000, immutable"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("main.js", "parts/icons.js", ".secret.js", "node_modules/a.js", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def _main_of(page: str) -> str:
    found = re.search(r'<script type="module" src="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("address", ["/", "/library", "/cameras", "/operations", "/docs"])
def test_each_page_names_all_its_files_by_their_edition(site: Site, address: str) -> None:
    answer = site.call("GET", address, None)
    named = re.findall(r'"(/static/[^"]*)"', answer.text)
    assert len(named) > 5
    assert {name for name in named if not re.match(r"/static/edition-[0-9a-f]{16}/", name)} == set()
    for name in named:
        assert site.call("GET", name, None).headers["Cache-Control"] == _FOR_EVER


def test_the_page_itself_is_asked_for_each_time_and_sent_once(site: Site) -> None:
    first = site.call("GET", "/", None)
    assert first.headers["Cache-Control"] == "no-cache"
    again = site.client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


def test_the_import_map_that_is_sent_is_the_one_that_is_allowed(site: Site) -> None:
    answer = site.call("GET", "/", None)
    found = re.search(r'<script type="importmap">(.*?)</script>', answer.text, re.DOTALL)
    assert found
    digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]


def test_a_file_of_another_edition_is_sent_as_it_is_now_and_not_kept(site: Site) -> None:
    now = site.call("GET", _main_of(site.call("GET", "/", None).text), None)
    for address in ("/static/main.js", f"/static/edition-{'0' * 16}/main.js", "/static/edition-x/main.js"):
        answer = site.call("GET", address, None)
        assert (answer.status_code, answer.data) == (200, now.data)
        assert answer.headers["Cache-Control"] == "no-cache"
    assert site.call("GET", "/static/edition-x/nothing.js", None).status_code == 404


def test_a_file_that_changed_under_a_running_server_is_kept_under_the_new_name_only(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "FRONTEND", folder)
    monkeypatch.setattr(pages, "_EDITIONS", Editions(folder))
    with site.client.application.app_context():
        before = f"{pages.static_address()}main.js"
        assert site.call("GET", before, None).headers["Cache-Control"] == _FOR_EVER
        (folder / "main.js").write_text("other")
        assert site.call("GET", before, None).headers["Cache-Control"] == "no-cache"
        after = f"{pages.static_address()}main.js"
    assert after != before
    assert site.call("GET", after, None).headers["Cache-Control"] == _FOR_EVER
    assert site.call("GET", before, None).headers["Cache-Control"] == "no-cache"


def test_another_process_keeps_what_it_learns_of_by_the_name(folder: Path) -> None:
    one, other = Editions(folder), Editions(folder)
    assert other.is_of(one.now().name, "main.js")
    (folder / "main.js").write_text("other")
    assert other.is_of(one.now().name, "main.js")


def test_an_edition_is_named_by_content_and_not_by_times(folder: Path) -> None:
    first = Editions(folder).now()
    assert set(first.files) == {"main.js", "parts/icons.js"}
    os.utime(folder / "main.js", ns=(1, 1))
    assert Editions(folder).now().name == first.name
    (folder / "notes.txt").write_text("not served")
    assert Editions(folder).now().name == first.name
    (folder / "parts/icons.js").rename(folder / "parts/icon.js")
    assert Editions(folder).now().name != first.name
