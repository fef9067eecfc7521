"""A person at the page: what they do and what they look for, in the page's own words."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import FilePayload, Locator, Page, expect


def clip(name: str, size_bytes: int = 20_000) -> FilePayload:
    """A file that looks like an MP4 to whoever reads its first bytes, with content of its own."""
    head = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
    return {"name": name, "mimeType": "video/mp4", "buffer": head + secrets.token_bytes(size_bytes)}


@dataclass(frozen=True)
class Visit:
    page: Page
    base_url: str

    def open(self, *, token: str = "", path: str = "/") -> None:
        """Open the page; with `token` by its sign-in link, and wait until it shows who is signed in."""
        self.page.goto(self.base_url + path + (f"#token={token}" if token else ""))
        if token:
            expect(self.page.get_by_role("heading", name="Videos", exact=True)).to_be_visible()

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

    def limit_upload_speed(self, bytes_per_second: int) -> None:
        """Slow the line down; -1 lifts the limit."""
        line = self.page.context.new_cdp_session(self.page)
        line.send("Network.enable")
        line.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second},
        )
