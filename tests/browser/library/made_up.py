"""A library of any size, made up in the browser's network: what the page does with 10,000 videos needs no 10,000 files.

It answers what the page asks in the shapes of the API; tests with the real server hold that those are right.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Page, Route

Item = dict[str, Any]
NOW = datetime.now(UTC)
_PROJECTS = ("surf-2026", "harbour", "interviews", "winter")
_TAGS = ("sea", "sand", "night", "drone", "retake", "b-roll")
_NEUTRAL = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 9'><rect width='16' height='9' fill='{}'/></svg>"


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def delivery(target: str = "nas", state: str = "delivered", **facts: Any) -> Item:
    plain = {
        "target": target, "kind": "folder", "state": state, "attempts": 1, "bytes_sent": 0, "bytes_total": 1_000_000,
        "bytes_per_second": None, "seconds_left": None, "next_attempt_at": None, "error": None, "error_code": None,
        "remote_key": None, "link": None, "updated_at": iso(NOW), "verified_at": None,
    }  # fmt: skip
    return plain | facts


def item(number: int, **changes: Any) -> Item:
    """One video as the API describes it. The higher its number, the older it is."""
    video_id = str(uuid.UUID(int=number + 1))
    seconds = 20 + (number * 37) % 4000
    made: Item = {
        "id": video_id, "project_id": _PROJECTS[number % 4], "filename": f"{video_id}.mp4",
        "stored_filename": f"{video_id}.mp4", "original_filename": f"clip_{number:05}.mp4",
        "relative_path": f"uploads/{video_id}.mp4", "checksum": f"sha256:{number:064x}", "sha256": f"{number:064x}",
        "size_bytes": 1_000_000 + number * 5000, "mime_type": "video/mp4", "status": "ready", "local": "present",
        "thumbnail_path": f"thumbnails/{video_id}.jpg", "duration_seconds": seconds, "metadata": {},
        "title": f"Clip {number:05}", "description": "", "tags": [_TAGS[number % 6]], "content_type": "raw",
        "source": "form", "camera_id": f"cam-{number % 3}", "start_time": None, "end_time": None,
        "duplicate_of": None, "uploaded_by": "admin", "node": "n1", "expires_at": None, "trashed_at": None,
        "holds": [], "held": False,
        "created_at": iso(NOW - timedelta(minutes=7 * number)), "updated_at": iso(NOW), "drive_link": None,
        "deliveries": [delivery()], "media": {"reason": None, "facts": None, "thumbnail": {"width": 320, "height": 180},
        "storyboard": storyboard(seconds), "preview": None, "playable": "content", "renditions": [], "jobs": []},
    }  # fmt: skip
    return made | changes


def hold(number: int = 1, **facts: Any) -> Item:
    """A hold as the API tells it."""
    plain = {"id": f"hold-{number}", "reason": "Court case", "owner": "Anna", "created_at": iso(NOW), "until_at": None}
    return plain | facts


def held(number: int, *holds: Item, **changes: Any) -> Item:
    return item(number, holds=list(holds or [hold()]), held=True, **changes)


def storyboard(seconds: float) -> Item:
    return {
        "sheets": ["storyboard-0.jpg"], "columns": 5, "rows": 5, "tile_width": 160, "tile_height": 90,
        "interval_seconds": seconds / 25, "count": 25,
    }  # fmt: skip


class MadeUpLibrary:
    """`videos`, newest first, as the server would tell them; tests change them while the page looks."""

    def __init__(self, videos: list[Item]) -> None:
        self.videos = videos
        self.trash: dict[str, Item] = {}
        self.asked: list[dict[str, str]] = []
        self.changes: list[tuple[str, str, Any]] = []
        self.bulk: list[Item] = []
        # What refuses: (method, or action of many, and id) -> (status or code, words).
        self.refusals: dict[tuple[str, str], tuple[int | str, str]] = {}

    def serve(self, page: Page | BrowserContext) -> None:
        page.route("**/api/videos/**", self._answer)

    def _answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        parts = address.path.removeprefix("/api/videos/").split("/")
        if parts == ["list"]:
            self.asked.append(asked)
            _json(route, self._page(asked))
        elif parts == ["facets"]:
            _json(route, self._facets())
        elif parts == ["bulk"]:
            _json(route, self._bulk(route.request.post_data_json or {}))
        elif parts[1:] in (["thumbnail"], ["storyboard", "0.jpg"]):
            shade = f"hsl({uuid.UUID(parts[0]).int * 47 % 360} 40% 45%)"
            route.fulfill(body=_NEUTRAL.format(shade), content_type="image/svg+xml")
        elif parts[0] == "storage-stats":
            route.continue_()
        else:
            self._act(route, parts)

    def _act(self, route: Route, parts: list[str]) -> None:
        method, video_id = route.request.method, parts[0]
        refusal = self.refusals.get((method, video_id))
        if refusal and method != "GET":
            _json(route, {"success": False, "error": refusal[1], "code": "refused", "detail": {}}, int(refusal[0]))
            return
        if method != "GET":
            body: Any = route.request.post_data_json if route.request.post_data else None
            self.changes.append((method, "/".join(parts), body))
        if method == "DELETE":
            self._trash(video_id)
            _json(route, {"success": True, "video_id": video_id, "purged_after": "2026-12-01T00:00:00Z"})
            return
        if parts[1:] == ["restore-from-trash"]:
            self._restore(video_id)
        found = self.named(video_id)
        if found is None:
            _json(route, {"success": False, "error": "There is no such video.", "code": "not-found", "detail": {}}, 404)
            return
        if method == "PATCH":
            found |= _amended(found, route.request.post_data_json or {})
        _json(route, {"success": True, "saved": True, "video": found})

    def named(self, video_id: str) -> Item | None:
        return next((video for video in [*self.videos, *self.trash.values()] if video["id"] == video_id), None)

    def _bulk(self, asked: Item) -> Item:
        """Each by itself, as the server does it."""
        self.bulk.append(asked)
        results = [self._one_of_many(video_id, asked) for video_id in asked["ids"]]
        return {"success": all(result["ok"] for result in results), "results": results}

    def _one_of_many(self, video_id: str, asked: Item) -> Item:
        refusal, video = self.refusals.get((asked["action"], video_id)), self.named(video_id)
        if asked["action"] == "trash" and video and video["holds"]:
            refusal = ("held", "This video is held.")
        if video is None:
            refusal = ("not-found", "There is no such video.")
        if refusal or video is None:
            code, words = refusal or ("", "")
            return {"id": video_id, "ok": False, "error": words, "code": str(code)}
        match asked["action"]:
            case "trash":
                self._trash(video_id)
            case "restore-from-trash":
                self._restore(video_id)
            case "tag":
                video |= _amended(video, {name: list(tags) for name, tags in asked.items() if name.endswith("tags")})
            case "hold":
                video["holds"] = [*video["holds"], hold(9, reason=asked["reason"], until_at=asked["until"])]
            case "release":
                video["holds"] = []
            case "retry":
                video["deliveries"] = [each | {"state": "pending", "error": None} for each in video["deliveries"]]
        return {"id": video_id, "ok": True, "error": None, "code": None}

    def _trash(self, video_id: str) -> None:
        at = next(at for at, video in enumerate(self.videos) if video["id"] == video_id)
        self.trash[video_id] = self.videos.pop(at) | {"status": "trashed", "trashed_at": iso(NOW)}

    def _restore(self, video_id: str) -> None:
        back = self.trash.pop(video_id) | {"status": "ready", "trashed_at": None}
        self.videos = sorted([*self.videos, back], key=lambda v: v["created_at"], reverse=True)

    def _page(self, asked: dict[str, str]) -> Item:
        found = self.found(asked)
        start = int(asked.get("cursor", 0))
        end = start + int(asked.get("limit", 50))
        page = {
            "success": True, "count": len(found[start:end]), "videos": found[start:end],
            "next_cursor": str(end) if end < len(found) else None,
        }  # fmt: skip
        return page | ({"total": len(found)} if asked.get("total") else {})

    def found(self, asked: dict[str, str]) -> list[Item]:
        if asked.get("state") == "trashed":
            return list(self.trash.values())
        tags, every = asked.get("tags", "").split(","), asked.get("operator") == "AND"
        tests: dict[str, Callable[[Item], Any]] = {
            "ids": lambda v: v["id"] in asked["ids"].split(","),
            "q": lambda v: asked["q"].lower() in f"{v['title']} {v['original_filename']} {v['tags']}".lower(),
            "project_id": lambda v: v["project_id"] == asked["project_id"],
            "tags": lambda v: (all if every else any)(tag in v["tags"] for tag in tags),
            "status": lambda v: v["status"] == asked["status"],
            "held": lambda v: v["holds"],
            "min_duration": lambda v: v["duration_seconds"] >= float(asked["min_duration"]),
            "state": lambda v: any(d["state"] == asked["state"] for d in v["deliveries"]),
        }
        set_ = [test for name, test in tests.items() if name in asked]
        found = [video for video in self.videos if all(test(video) for test in set_)]
        if asked.get("sort") == "name":
            found.sort(key=lambda v: v["title"])
        return found[::-1] if asked.get("sort") == "oldest" else found

    def _facets(self) -> Item:
        def counted(values: Any) -> list[Item]:
            return [{"value": value, "count": count} for value, count in Counter(values).most_common()]

        return {
            "success": True,
            "projects": counted(v["project_id"] for v in self.videos),
            "labels": counted(v["content_type"] for v in self.videos),
            "tags": counted(tag for v in self.videos for tag in v["tags"]),
            "cameras": counted(v["camera_id"] for v in self.videos),
        }


def _amended(video: Item, body: Item) -> Item:
    off = set(body.pop("remove_tags", []))
    tags = [tag for tag in video["tags"] if tag not in off] + body.pop("add_tags", [])
    return {"tags": list(dict.fromkeys(tags))} | body


def _json(route: Route, body: Item, status: int = 200) -> None:
    route.fulfill(status=status, body=json.dumps(body), content_type="application/json")
