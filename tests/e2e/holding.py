"""What must hold of an installation whatever was done to it: all listed is whole, and nothing else lies about."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.app import RunningApp
from tests.services.waiting import wait_until


def video_bytes(seed: int, size_bytes: int) -> bytes:
    """Bytes that begin as an mp4 does; other ones for each seed."""
    return b"\x00\x00\x00\x18ftypmp42" + random.Random(seed).randbytes(size_bytes - 12)


@dataclass(frozen=True)
class House:
    """A running installation and its promises."""

    app: RunningApp

    @property
    def storage(self) -> Path:
        return self.app.storage_path

    def upload(
        self, content: bytes, name: str = "a.mp4", *, key: str = "", seconds: float = 60, **fields: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a form as an ordinary client; the status and the JSON of the answer."""
        answer = self.app.request(
            "POST", "/api/upload-video", fields={**fields, "video": (name, content, "video/mp4")},
            headers={"Idempotency-Key": key} if key else {}, timeout=seconds,
        )  # fmt: skip
        return answer.status, answer.json()

    def listed(self) -> list[dict[str, Any]]:
        """Every video of the list, page by page, the newest first."""
        videos: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.app.request("GET", f"/api/videos/list?limit=200&cursor={cursor}").json()
            videos += page["videos"]
            cursor = page["next_cursor"]
            if not cursor:
                return videos

    def incoming(self) -> list[str]:
        return sorted(p.name for p in (self.storage / "incoming").iterdir())

    def quarantined(self) -> list[str]:
        return sorted(p.name for p in (self.storage / "quarantine").iterdir())

    def check(self) -> list[dict[str, Any]]:
        """Assert every promise; returns the list."""
        wait_until(lambda: not self.incoming(), "incoming/ to be empty")
        videos = self.listed()
        assert len({v["id"] for v in videos}) == len(videos)
        for video in videos:
            self._check_whole(video)
        known = {v["relative_path"] for v in videos} | {f"{v['relative_path']}.json" for v in videos}
        assert self._on_disk() == known
        return videos

    def _check_whole(self, video: dict[str, Any]) -> None:
        content = (self.storage / video["relative_path"]).read_bytes()
        assert len(content) == video["size_bytes"]
        assert hashlib.sha256(content).hexdigest() == video["sha256"]
        sidecar = json.loads((self.storage / f"{video['relative_path']}.json").read_bytes())
        assert sidecar["video"]["id"] == video["id"]
        assert sidecar["video"]["sha256"] == video["sha256"]

    def _on_disk(self) -> set[str]:
        files = (p for kept in ("uploads", "music") for p in (self.storage / kept).rglob("*") if p.is_file())
        return {str(p.relative_to(self.storage)) for p in files}

    def check_catalog(self) -> None:
        """SQLite's own judgement, asked with the program at rest or running."""
        with sqlite3.connect(f"file:{self.storage / 'metadata' / 'catalog.db'}?mode=ro", uri=True) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()

    def bytes_of(self, video_id: str) -> bytes:
        """The local file of a video."""
        place: str = self.app.request("GET", f"/api/videos/{video_id}").json()["video"]["relative_path"]
        return (self.storage / place).read_bytes()

    def delivery(self, video_id: str) -> dict[str, Any]:
        """The one delivery of a video."""
        video = self.app.request("GET", f"/api/videos/{video_id}").json()["video"]
        (only,) = video["deliveries"]
        return dict(only)

    def end_leases(self) -> None:
        """As if the leases' half minute had passed: what a killed worker held may be taken up."""
        with sqlite3.connect(self.storage / "metadata" / "catalog.db", timeout=30) as connection:
            connection.execute(
                "UPDATE deliveries SET lease_until = '2000-01-01 00:00:00.000000' WHERE state = 'in_progress'"
            )
        connection.close()

    def restart(self, *names: str) -> None:
        """What an init system does after a crash: release, then the processes."""
        done = self.app.release()
        assert done.returncode == 0, done.stdout + done.stderr
        self.app.start(*names)

    def log_lines(self) -> list[str]:
        return self.app.log_file.read_text().splitlines() if self.app.log_file.exists() else []
