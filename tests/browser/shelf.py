"""Videos as the server would describe them, with real small files behind their addresses, put under a real page.

For what takes long, seldom happens or cannot be waited for with the real server; all else goes to that one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Route

from tests.services.media import ffmpeg, make_audio, make_video

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
AT = "2026-11-20T09:30:00.000Z"
BOARD = {"columns": 4, "rows": 3, "tile_width": 160, "tile_height": 90, "interval_seconds": 1, "count": 12}
FACTS: dict[str, Any] = {
    "container": "mov", "duration_seconds": 12.0, "bit_rate": 900_000, "video_codec": "h264", "audio_codec": "aac",
    "width": 320, "height": 180, "coded_width": 320, "coded_height": 180, "pixel_aspect": 1.0, "rotation": 0,
    "fps": 25.0, "variable_rate": False, "pixel_format": "yuv420p", "bits_per_sample": 8, "profile": "High",
    "interlaced": False, "hdr": False, "channels": 2, "sample_rate": 48_000, "recorded_at": AT, "camera": "Sony A7",
    "faststart": True, "browser_plays": True, "why_not": "",
}  # fmt: skip


@dataclass(frozen=True)
class Film:
    """Twelve seconds with sound, its storyboard, its still, and a sound with its waveform."""

    video: Path
    sheet: Path
    still: Path
    sound: Path
    waveform: Path

    @classmethod
    def make(cls, folder: Path) -> Film:
        video = make_video(folder / "film.mp4", seconds=12, extra=("-movflags", "+faststart"))
        sheet, still = folder / "sheet.jpg", folder / "still.jpg"
        ffmpeg("-i", video, "-vf", "fps=1,scale=160:90,tile=4x3", "-frames:v", "1", sheet)
        ffmpeg("-ss", "3", "-i", video, "-frames:v", "1", still)
        sound, waveform = make_audio(folder / "sound.mp3", seconds=6), folder / "waveform.jpg"
        ffmpeg("-i", sound, "-filter_complex", "showwavespic=s=640x160", "-frames:v", "1", waveform)
        return cls(video, sheet, still, sound, waveform)


def delivery(target: str = "nas", state: str = "delivered", **more: Any) -> dict[str, Any]:
    told = {
        "target": target, "kind": "folder", "state": state, "attempts": 1, "bytes_sent": 0, "bytes_total": 1000,
        "bytes_per_second": None, "seconds_left": None, "next_attempt_at": None, "error": None, "error_code": None,
        "updated_at": AT, "verified_at": AT if state == "delivered" else None, "remote_key": "film.mp4", "link": None,
    }  # fmt: skip
    return told | more


def hold(number: int = 1, **more: Any) -> dict[str, Any]:
    told = {"id": f"hold-{number}", "reason": "Court case", "owner": "Anna", "created_at": AT, "until_at": None}
    return told | more


def share(name: str, *, days: float = 7, **more: Any) -> dict[str, Any]:
    """A link that expires in so many days."""
    told = {
        "id": name, "url": f"https://films.example/s/{name}.c2lnbmF0dXJl", "label": "", "may_download": False,
        "created_by": "admin", "created_at": AT, "revoked_at": None, "opened": 0, "last_opened_at": None,
        "expires_at": (datetime.now(UTC) + timedelta(days=days)).isoformat(),
    }  # fmt: skip
    return told | more


def job(kind: str = "browser", state: str = "running", **more: Any) -> dict[str, Any]:
    told = {"id": 7, "kind": kind, "parameters": "", "state": state, "progress": 0.42, "attempts": 1, "error": None}
    return told | {"error_code": None, "created_at": AT, "updated_at": AT, "next_attempt_at": None} | more


@dataclass
class Shelf:
    """`put` a video on it, `open` its details; `page` asks the shelf for it as it would the server."""

    page: Page
    film: Film
    videos: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    shares: list[dict[str, Any]] = field(default_factory=list)
    alike: list[dict[str, Any]] = field(default_factory=list)
    # What was sent to put on holds and to make links.
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    patched: list[dict[str, Any]] = field(default_factory=list)
    # What answers instead, by the end of the path: `answers["/content"] = lambda route: route.abort()`.
    answers: dict[str, Callable[[Route], object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.page.route(re.compile(r"/api/videos/(shelf-|list\?ids=shelf)"), self._answer)

    def put(self, name: str = "film", *, facts: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        video: dict[str, Any] = {
            "id": f"shelf-{name}", "project_id": "surf-2026", "filename": f"{name}.mp4",
            "stored_filename": f"{name}.mp4", "original_filename": f"{name}.mp4",
            "checksum": f"sha256:{'9f3a21c7' * 8}", "sha256": "9f3a21c7" * 8,
            "size_bytes": 1_288_490, "mime_type": "video/mp4", "status": "ready", "local": "present", "title": "",
            "description": "", "tags": [], "content_type": "", "source": "", "camera_id": "", "start_time": None,
            "end_time": None, "duplicate_of": None, "uploaded_by": "admin", "expires_at": None, "trashed_at": None,
            "created_at": AT, "updated_at": AT, "deliveries": [], "duration_seconds": 12.0,
            "holds": [], "held": False, "media": {
                "reason": None, "facts": FACTS | (facts or {}), "thumbnail": {"width": 320, "height": 180},
                "storyboard": BOARD, "preview": None, "playable": "content", "renditions": [], "jobs": [],
            },
        }  # fmt: skip
        video["media"] |= more.pop("media", {})
        self.videos[video["id"]] = video | more
        return self.videos[video["id"]]

    def put_sound(self, **more: Any) -> dict[str, Any]:
        """A video of which there is only something to hear."""
        facts = {
            "video_codec": "",
            "width": None,
            "height": None,
            "fps": None,
            "duration_seconds": 6.0,
            "container": "mp3",
        }
        media = {"storyboard": None, "thumbnail": {"width": 640, "height": 160, "waveform": True}}
        return self.put("sound", facts=facts, mime_type="audio/mpeg", media=media, duration_seconds=6.0, **more)

    def open(self, video: dict[str, Any], **properties: Any) -> Locator:
        """Draw the details of this video in the page's main part; returns them."""
        self.page.evaluate(
            """async ([id, properties]) => {
                const { html, render } = await partOfPage("html.js");
                const { Details } = await partOfPage("details/view.js");
                const main = document.querySelector("main");
                window.stage ??= main.appendChild(Object.assign(document.createElement("div"), { id: "stage" }));
                for (const other of main.children) other.hidden = other !== window.stage;
                window.closed = 0;
                const close = () => { window.closed += 1; render(null, window.stage); };
                render(html`<${Details} id=${id} onClose=${close} ...${properties} />`, window.stage);
            }""",
            [video["id"], properties],
        )
        return self.page.locator(".details")

    def change(self, video: dict[str, Any], **media: Any) -> None:
        """What the server tells of this video from now on."""
        video["media"] = video["media"] | media

    def _answer(self, route: Route) -> None:
        path, _, query = route.request.url.partition("/api/videos/")[2].partition("?")
        self.asked.append(f"{route.request.method} {path}")
        for end, answer in self.answers.items():
            if f"/{path}".endswith(end) or f"{route.request.method} /{path}".endswith(end):
                answer(route)
                return
        if path == "list":
            ids = re.findall(r"shelf-[^,%&]+", query)
            _json(route, {"videos": [self.videos[i] for i in ids if i in self.videos], "next_cursor": None})
            return
        name, _, part = path.partition("/")
        if name not in self.videos:
            _json(route, {"error": "There is no such video.", "code": "not-found"}, status=404)
        elif part:
            self._part(route, self.videos[name], part)
        else:
            self._video(route, self.videos[name])

    def _video(self, route: Route, video: dict[str, Any]) -> None:
        if route.request.method == "PATCH":
            changes: dict[str, Any] = json.loads(route.request.post_data or "{}")
            self.patched.append(dict(changes))
            added, removed = changes.pop("add_tags", []), changes.pop("remove_tags", [])
            kept = [tag for tag in video["tags"] if tag not in removed]
            video |= changes | {"tags": kept + [tag for tag in added if tag not in kept]}
        if route.request.method == "DELETE":
            video |= {"status": "trashed", "trashed_at": datetime.now(UTC).isoformat()}
            _json(route, {"success": True, "purged_after": "2026-11-28T09:30:00Z"})
            return
        _json(route, {"success": True, "saved": True, "video": video})

    def _part(self, route: Route, video: dict[str, Any], part: str) -> None:
        is_sound = video["id"] == "shelf-sound"
        files = {"thumbnail": self.film.waveform if is_sound else self.film.still, "storyboard/0.jpg": self.film.sheet}
        if part in files:
            route.fulfill(path=files[part], content_type="image/jpeg")
        elif part.startswith(("hold", "share")):
            self._keep(route, video, *part.split("/"))
        elif part == "audit":
            _json(route, {"success": True, "audit": self.audit, "next_cursor": None})
        elif part == "similar":
            _json(route, {"success": True, "state": "ready", "reason": None, "similar": self.alike})
        elif part == "history":
            _json(route, {"success": True, "history": self.history})
        elif part == "restore-from-trash":
            video["status"] = "ready"
            _json(route, {"success": True, "video": video})
        elif part == "content" or part.startswith("renditions/"):
            serve(route, self.film.sound if is_sound else self.film.video)
        else:
            _json(route, {"success": True, "jobs": video["media"]["jobs"]}, status=202)

    def _keep(self, route: Route, video: dict[str, Any], kind: str, one: str = "") -> None:
        """Holds and links."""
        method = route.request.method
        body: dict[str, Any] = json.loads(route.request.post_data or "{}")
        if method == "POST":
            self.sent.append(body)
        if kind == "hold" and method == "POST":
            video["holds"] = [*video["holds"], hold(reason=body["reason"], until_at=body["until"], owner="admin")]
        elif kind == "hold":
            video["holds"] = [each for each in video["holds"] if each["id"] != one]
        elif method == "POST":
            self.shares.insert(0, share("new", label=body["label"], may_download=body["may_download"]))
        elif method == "DELETE":
            found = next(each for each in self.shares if each["id"] == one)
            found["revoked_at"] = datetime.now(UTC).isoformat()
        _json(route, {"success": True, "shares": self.shares, "share": next(iter(self.shares), None)})


def serve(route: Route, path: Path) -> None:
    """A file with ranges, as the server gives it."""
    data, asked = path.read_bytes(), _RANGE.match(route.request.headers.get("range", ""))
    first = int(asked[1]) if asked else 0
    last = min(int(asked[2]) if asked and asked[2] else len(data) - 1, len(data) - 1)
    headers = {"Accept-Ranges": "bytes", "Content-Type": "audio/mpeg" if path.suffix == ".mp3" else "video/mp4"}
    if asked:
        headers["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    route.fulfill(status=206 if asked else 200, headers=headers, body=data[first : last + 1])


def refuse(words: str, status: int = 409, code: str = "refused") -> Callable[[Route], None]:
    """An answer of the server that says no."""
    return lambda route: _json(route, {"success": False, "error": words, "code": code}, status=status)


def _json(route: Route, answer: object, *, status: int = 200) -> None:
    route.fulfill(status=status, content_type="application/json", body=json.dumps(answer))
