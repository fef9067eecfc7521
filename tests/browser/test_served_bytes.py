"""What a browser makes of uploaded bytes: a player or a file with the right name, never a page and never a program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Error, expect

from tests.browser.visit import Visit
from tests.services.app import RunningApp

_RUN = "document.title = 'ran'; fetch('/ran'); self.ran = true; globalThis.postMessage?.('ran')"
_HTML = f'<!doctype html><html><body onload="{_RUN}"><script>{_RUN}</script><img src=/ran>'
_SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{_RUN}"><script>{_RUN}</script></svg>'
_MP4 = "\0\0\0\x18ftypmp42"
DRESSED_UP = {
    "html with an mp4's first bytes.mp4": _MP4 + _HTML,
    "html.mp4": _HTML,
    "html.mp3": _HTML,
    "svg.ts": _SVG,
    "svg with a prologue.mkv": '<?xml version="1.0"?>' + _SVG,
    "script.mp4": _RUN,
    "script that is an mp4 too.mp4": f"    ftyp=0;{_RUN}",
}


@pytest.fixture
def visit(browser: Browser, team_server: RunningApp) -> Iterator[Visit]:
    """A signed-in page; not `open_page`, as what the browser complains of is what these tests are about."""
    with closing(browser.new_context()) as context:
        made = Visit(context.new_page(), team_server.base_url)
        made.open(token=team_server.admin_token)
        yield made


def _uploaded(app: RunningApp, name: str, content: bytes) -> str:
    """The address of a new video, without /content."""
    answer = app.request("PUT", f"/uploads/x.mp4?filename={quote(name)}", body=content)
    assert answer.status == 201, answer.data
    return f"/api/videos/{answer.json()['video_id']}"


def _go(visit: Visit, path: str) -> None:
    # An error: what cannot be shown is saved instead, and the page stays what it was.
    with suppress(Error):
        visit.page.goto(visit.base_url + path, wait_until="load")


@pytest.mark.parametrize("name", DRESSED_UP)
def test_a_page_dressed_up_as_a_video_runs_nothing_when_it_is_opened(
    visit: Visit, team_server: RunningApp, name: str
) -> None:
    path = _uploaded(team_server, name, DRESSED_UP[name].encode())
    # Away from our own page, which goes on asking for its news when the bytes are saved instead of shown.
    visit.page.goto("about:blank")
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url.removeprefix(visit.base_url)))
    _go(visit, f"{path}/content")
    assert visit.page.title() != "ran"
    # Whatever it would ask for comes before the answer to this.
    visit.page.context.request.get(f"{visit.base_url}/healthz")
    assert asked
    assert {url for url in asked if url != f"{path}/content"} <= {"/favicon.ico"}


@pytest.mark.parametrize("name", ["html.mp4", "script.mp4", "script that is an mp4 too.mp4"])
def test_no_page_of_ours_can_be_made_to_take_a_video_for_a_program(
    visit: Visit, team_server: RunningApp, name: str
) -> None:
    """The page's own policy allows programs from this server; the bytes themselves must refuse."""
    address = _uploaded(team_server, name, DRESSED_UP[name].encode()) + "/content"
    for way in _WAYS:
        assert visit.page.evaluate(way, address) == "refused", way
    assert visit.page.evaluate("self.ran") is None
    assert visit.page.title() != "ran"


_WAYS = (
    """(address) => new Promise((done) => {
        const script = document.createElement("script");
        script.onload = () => done("ran");
        script.onerror = () => done("refused");
        script.src = address;
        document.body.append(script);
    })""",
    "(address) => import(address).then(() => 'ran', () => 'refused')",
    "(address) => navigator.serviceWorker.register(address, { scope: '/' }).then(() => 'ran', () => 'refused')",
    """(address) => new Promise((done) => {
        try {
            const worker = new Worker(address);
            worker.onmessage = () => done("ran");
            worker.onerror = () => done("refused");
        } catch {
            done("refused");
        }
    })""",
)


def test_a_real_video_that_is_opened_by_its_address_is_played(
    visit: Visit, team_server: RunningApp, real_video: Path
) -> None:
    _go(visit, _uploaded(team_server, "real.mp4", real_video.read_bytes()) + "/content")
    expect(visit.page.locator("video")).to_have_js_property("duration", 3)


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ('say "hi" 100%; a=b.mp4', "say _hi_ 100%; a=b.mp4"),
        ("日本 🎥 Übung gpj\u202e4pm.mp4", "日本 🎥 Übung gpj_4pm.mp4"),
        ("../..\\.evil\r\nX-Evil: 1.mp4", "__.._.evil__X-Evil_ 1.mp4"),
    ],
)
def test_a_download_is_saved_under_the_right_name(visit: Visit, team_server: RunningApp, name: str, saved: str) -> None:
    content = _MP4.encode() + name.encode()
    address = _uploaded(team_server, name, content) + "/download"
    with visit.page.expect_download() as download:
        visit.page.evaluate("(address) => { window.location = address; }", address)
    assert download.value.suggested_filename == saved
    assert download.value.path().read_bytes() == content
