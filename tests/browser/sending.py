"""How a file goes over the line: which requests carry its bytes, from where on, and how many of them at once."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from playwright.sync_api import BrowserContext, Request

from tests.browser.cutting_proxy import CuttingProxy
from tests.browser.visit import Visit
from tests.services.app import RunningApp

CRAWL = 100_000
_SLOW = 4_000_000


def is_sending(request: Request) -> bool:
    return request.method == "PATCH" and "/files/" in request.url


def begin(visit: Visit, line: CuttingProxy, source: Path, *, by_drop: bool = False) -> str:
    """Send a fifth of a file, then let it crawl; returns the address of the upload."""
    line.bytes_per_second = _SLOW
    with visit.page.expect_request(is_sending) as sending:
        if by_drop:
            visit.drop_paths(source)
        else:
            visit.choose(source)
    visit.expect_sent(source.name, 20)
    line.bytes_per_second = CRAWL
    return sending.value.url


def durable_bytes(app: RunningApp, url: str) -> int:
    """How much of an upload the server promises to have."""
    answer = app.request("HEAD", f"/files/{url.rpartition('/')[2]}", headers={"Tus-Resumable": "1.0.0"})
    assert answer.status == 200
    return int(answer.headers["Upload-Offset"])


def expect_rest_only(sending: Request, source: Path, durable: int) -> None:
    """What was durable is not sent again: the request carries the rest, from there on."""
    offset = int(sending.headers["upload-offset"])
    assert offset >= durable > source.stat().st_size / 20
    assert int(sending.all_headers()["content-length"]) == source.stat().st_size - offset


class Senders:
    """Counts uploads begun in all tabs of a browser, and how many requests carried bytes at the same time."""

    def __init__(self, context: BrowserContext) -> None:
        self.begun: list[str] = []
        self.most_at_once = 0
        self._under_way: list[Request] = []
        context.on("request", self._started)
        context.on("requestfinished", self._ended)
        context.on("requestfailed", self._ended)

    def _started(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/files/"):
            self.begun.append(request.url)
        if is_sending(request):
            self._under_way = [each for each in self._under_way if not each.frame.page.is_closed()]
            self._under_way.append(request)
            self.most_at_once = max(self.most_at_once, len(self._under_way))

    def _ended(self, request: Request) -> None:
        if request in self._under_way:
            self._under_way.remove(request)


def watch_states(visit: Visit) -> None:
    """Keep each state that the first row of the queue shows from now on."""
    visit.page.evaluate("""() => {
        window.states = [];
        const note = () => {
            const state = document.querySelector(".queue-row")?.dataset.state;
            if (state && state !== window.states.at(-1)) window.states.push(state);
        };
        new MutationObserver(note).observe(document, { subtree: true, childList: true, attributes: true });
    }""")


def shown_states(visit: Visit) -> list[str]:
    """Those states, without the short ones of standing in line."""
    found: list[str] = visit.page.evaluate("window.states")
    return [state for state, _ in groupby(state for state in found if state not in ("opening", "queued"))]
