"""A real Chromium at the real page, and a watch that no test ends with an error in its console."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.own_browser import OwnBrowser
from tests.browser.shelf import Film, Shelf
from tests.browser.visit import Visit
from tests.services.app import AppFactory, RunningApp
from tests.services.process import find_program
from tests.services.warm import Hearth

# A name of this machine that the browser does not trust as it trusts 127.0.0.1: like any server on plain HTTP.
PLAIN_HOST = "holdfast.test"
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {PLAIN_HOST} 127.0.0.1",
)
# The browser notes each refused or broken request; those are what many tests are about.
_EXPECTED = "Failed to load resource"
_WATCH_POLICY = """
    window.refusedByPolicy = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.refusedByPolicy.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}`));
"""

# The dialogue that gives handles cannot be driven from outside the browser; the plain file field's can.
_PLAIN_DIALOGUE = "delete window.showOpenFilePicker;"

OpenPage = Callable[..., Visit]


@pytest.fixture(scope="session")
def browser(bare_chromium_path: Path) -> Iterator[Browser]:
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=bare_chromium_path, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def team_server(tmp_path_factory: pytest.TempPathFactory, hearth: Hearth) -> Iterator[RunningApp]:
    """One installation with one folder target, shared by the tests that leave no trace but videos of their own."""
    factory = AppFactory(lambda: tmp_path_factory.mktemp("team"), hearth)
    yield factory(targets_toml=folder_target(tmp_path_factory.mktemp("nas")))
    factory.close()


@pytest.fixture
def proxy(team_server: RunningApp) -> Iterator[CuttingProxy]:
    """A line to the team's server that tests may slow down and break."""
    with CuttingProxy(team_server.port) as made:
        yield made


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """`open_page(app)` opens the page in a fresh profile and signs in by link; `sign_in=False` only opens it.

    `load=False` signs in without the page and leaves the tab empty, for who goes to an address of their own: loading
    the page's files is what a browser test takes most of its time for. Other options go to Playwright's `new_context`.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def listen(page: Page) -> None:
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        # From now on file dialogues come to the test; asked for at the moment of a key press, it may be too late.
        page.on("filechooser", lambda _: None)

    def open_(app: RunningApp, *, base_url: str = "", sign_in: bool = True, load: bool = True, **options: Any) -> Visit:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        context.add_init_script(_WATCH_POLICY)
        context.add_init_script(_PLAIN_DIALOGUE)
        page = context.new_page()
        listen(page)
        visit = Visit(page, base_url or app.base_url)
        token = app.admin_token if sign_in else ""
        if load:
            visit.open(token=token)
        elif token:
            visit.take_session(token)
        return visit

    yield open_
    refused = [line for context in contexts for page in context.pages for line in refused_by_policy(page)]
    for context in contexts:
        context.close()
    assert [line for line in complaints if _EXPECTED not in line] == []
    assert refused == []


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return Film.make(tmp_path_factory.mktemp("film"))


@pytest.fixture
def shelf(open_page: OpenPage, team_server: RunningApp, film: Film) -> Iterator[Shelf]:
    """A page signed in at the team's server, with a shelf of videos of the test's own making under it."""
    shelf = Shelf(open_page(team_server).page, film)
    yield shelf
    shelf.page.unroute_all(behavior="ignoreErrors")


@pytest.fixture
def own_browser(browser: Browser, chromium_path: Path, tmp_path: Path) -> Iterator[OwnBrowser]:
    """A browser that a test may kill; its profile is kept until the test ends."""

    def launch(profile: Path) -> BrowserContext:
        context = browser.browser_type.launch_persistent_context(
            profile, executable_path=chromium_path, args=_ARGUMENTS, viewport={"width": 1440, "height": 900}
        )
        context.add_init_script(_PLAIN_DIALOGUE)
        return context

    own = OwnBrowser(tmp_path / "profile", launch)
    yield own
    own.close()


def refused_by_policy(page: Page) -> list[str]:
    """What the Content-Security-Policy stopped on this page."""
    found: list[str] = page.evaluate("window.refusedByPolicy ?? []")
    return found


def folder_target(path: Path, name: str = "nas", label: str = "NAS") -> str:
    return f'[[target]]\nname = "{name}"\nkind = "folder"\nlabel = "{label}"\npath = "{path}"\n'


@pytest.fixture(scope="session")
def real_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of a test picture with sound, made by ffmpeg."""
    path = tmp_path_factory.mktemp("videos") / "beach_cam_04.mp4"
    ffmpeg = find_program("ffmpeg", package="ffmpeg")
    command = [
        ffmpeg, "-nostdin", "-loglevel", "error",
        "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=3",
        "-f", "lavfi", "-i", "sine=frequency=440:duration=3",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path),
    ]  # fmt: skip
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=120)
    return path
