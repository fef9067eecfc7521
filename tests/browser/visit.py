"""A person at the page: what they do and what they look for, in the page's own words."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from playwright.sync_api import CDPSession, FilePayload, Locator, Page, expect


def clip(name: str, size_bytes: int = 20_000) -> FilePayload:
    """A file that looks like an MP4 to whoever reads its first bytes, with content of its own."""
    head = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    return {"name": name, "mimeType": "video/mp4", "buffer": head + secrets.token_bytes(size_bytes)}


# A module of the page itself, not a second one beside it: where its files are changes with each edition of them.
_PART_OF_PAGE = """
    window.partOfPage = (name) => import(new URL(name, document.querySelector("script[type=module]").src).href);
"""


@dataclass(frozen=True)
class Visit:
    page: Page
    base_url: str

    def __post_init__(self) -> None:
        self.page.add_init_script(_PART_OF_PAGE)

    def open(self, *, token: str = "", path: str = "/") -> None:
        """Open the page; with `token` by its sign-in link, and wait until it shows who is signed in."""
        self.page.goto(self.base_url + path + (f"#token={token}" if token else ""))
        if token:
            expect(self.page.get_by_role("heading", name="Newest videos", exact=True)).to_be_visible()

    def take_session(self, token: str) -> None:
        """Sign in as the page does, without it: from now on its cookie is this browser's."""
        expect(self.page.request.post(f"{self.base_url}/api/session", data={"token": token})).to_be_ok()

    def choose(self, *files: FilePayload | Path) -> None:
        """Choose files by the file button's dialogue."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator("[data-choose]").click()
        chooser.value.set_files(list(files))  # type: ignore[arg-type] # a list of either kind, which is what it takes

    def drop(self, path: Path, name: str | None = None) -> None:
        """Drag a file over the page, see the veil, and let it go."""
        transfer = self.page.evaluate_handle(
            """([name, content]) => {
                const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
                const transfer = new DataTransfer();
                transfer.items.add(new File([bytes], name, { type: "video/mp4" }));
                return transfer;
            }""",
            [name or path.name, base64.b64encode(path.read_bytes()).decode()],
        )
        self.page.dispatch_event("main", "dragenter", {"dataTransfer": transfer})
        expect(self.page.get_by_text("Let go to upload to")).to_be_visible()
        self.page.dispatch_event("main", "drop", {"dataTransfer": transfer})
        expect(self.page.get_by_text("Let go to upload to")).to_be_hidden()

    def drop_paths(self, *paths: Path) -> None:
        """Drag files and folders of this machine onto the page as a file manager does, handles and all."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.line.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 300, "data": data})

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def pause(self, name: str) -> None:
        """Pause a file, and wait until nothing of it is under way."""
        with self.page.expect_event("requestfailed", lambda request: request.method == "PATCH"):
            self.press(f"Pause {name}")

    def offer(self, button: str, *files: FilePayload | Path) -> None:
        """Choose files in the dialogue that this button opens."""
        with self.page.expect_file_chooser() as chooser:
            self.press(button)
        chooser.value.set_files(list(files))  # type: ignore[arg-type] # a list of either kind, which is what it takes

    def expect_state(self, name: str, state: str) -> None:
        expect(self.queued(name)).to_have_attribute("data-state", state)

    def expect_sent(self, name: str, least_percent: int) -> None:
        """Wait until at least this much of a file is told as sent."""
        digits = "|".join([f"[{least_percent // 10}-9]\\d", "100"])
        expect(self.queued(name)).to_contain_text(re.compile(f"Sent ({digits})\\s%"))

    def queued(self, name: str) -> Locator:
        """The row of a file in the queue."""
        return self.page.locator(".queue-row").filter(has=self.page.get_by_text(name, exact=True))

    def listed(self, name: str) -> Locator:
        """The rows of the videos listed under this title or name."""
        return self.page.locator(".video-row").filter(has=self.page.get_by_role("heading", name=name, exact=True))

    def expect_saved(self, name: str) -> None:
        expect(self.queued(name)).to_have_attribute("data-state", "saved")

    def mark(self, row: Locator, target: str) -> Locator:
        """The state mark of one target in a row."""
        return row.locator(f"[data-target={target}]")

    def expect_verified(self, row: Locator, target: str = "nas") -> None:
        expect(self.mark(row, target)).to_contain_text("Verified", timeout=60_000)

    def write_before_sending(self) -> None:
        self.page.get_by_label("Write titles and tags before sending").check()

    @cached_property
    def line(self) -> CDPSession:
        """The page's line to Chromium itself: limits set by it hold until they are set anew."""
        line = self.page.context.new_cdp_session(self.page)
        line.send("Network.enable")
        return line

    def limit_upload_speed(self, bytes_per_second: int) -> None:
        """Slow the network down; -1 lifts the limit."""
        self._set_network(upload=bytes_per_second)

    def cut_network(self) -> None:
        self._set_network(offline=True)

    def mend_network(self) -> None:
        self._set_network()

    def _set_network(self, *, offline: bool = False, upload: int = -1) -> None:
        conditions = {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": upload}
        self.line.send("Network.emulateNetworkConditions", conditions)
