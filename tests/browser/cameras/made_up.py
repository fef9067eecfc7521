"""Cameras, what they recorded and what was exported, made up in the browser's network, in the shapes of the API.

A test with the real server holds that those are right.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

Item = dict[str, Any]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MOST_STRETCHES = 2000
_EXPORTS = "/api/v1/storage/exports"


def iso(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def camera_id(number: int) -> str:
    return str(uuid.UUID(int=number + 0x6F1C0000 * 2**96))


def nameless(number: int) -> str:
    """What the page calls a camera without a name: these ids begin alike, so their ends are told."""
    return f"Camera …{camera_id(number)[-8:]}"


@dataclass
class Camera:
    """Recorded from each start for as long as is said, in seconds after noon."""

    number: int
    name: str
    recorded: list[tuple[float, float]]

    @property
    def id(self) -> str:
        return camera_id(self.number)

    @property
    def stretches(self) -> list[tuple[datetime, datetime]]:
        return [(NOON + timedelta(seconds=start), NOON + timedelta(seconds=end)) for start, end in self.recorded]

    def described(self) -> Item:
        return {
            "camera_id": self.id, "name": self.name, "segments": len(self.recorded), "bytes": 10**6,
            "first_at": iso(self.stretches[0][0]), "last_at": iso(self.stretches[-1][1]),
        }  # fmt: skip

    def lane(self, start: datetime, end: datetime, bins: int) -> Item:
        inside = [(max(start, one), min(end, other)) for one, other in self.stretches if other > start and one < end]
        if len(inside) <= MOST_STRETCHES:
            stretches = [{"start": iso(one), "end": iso(other)} for one, other in inside]
            return {"camera_id": self.id, "segments": len(inside), "stretches": stretches, "bins": None}
        width = (end - start).total_seconds() / bins
        shares = [0.0] * bins
        for one, other in inside:
            left, right = ((at - start).total_seconds() / width for at in (one, other))
            for at in range(int(left), min(bins, int(right) + 1)):
                shares[at] += min(right, at + 1) - max(left, at)
        return {"camera_id": self.id, "segments": len(inside), "stretches": None, "bins": [min(1, s) for s in shares]}


def export(number: int, status: str = "COMPLETED", **changes: Any) -> Item:
    """An export of two cameras from 12:00 to 12:10."""
    start, end = iso(NOON), iso(NOON + timedelta(minutes=10))
    ready = status == "COMPLETED"
    plain: Item = {
        "success": True, "id": str(uuid.UUID(int=number)), "status": status, "progress": 100 if ready else 0,
        "phase": "", "camera_ids": [camera_id(0), camera_id(1)], "start_time": start, "end_time": end, "format": "mp4",
        "cut": "fast", "layout": "files", "slate": False, "incomplete": "fail", "reason": f"Case {number:04}",
        "created_by": "admin", "created_at": iso(datetime.now(UTC) - timedelta(minutes=number)), "started_at": None,
        "completed_at": iso(datetime.now(UTC)) if ready else None,
        "expires_at": iso(datetime.now(UTC) + timedelta(days=7)) if ready else None, "download_url": None,
        "file_size": 52_400_000 if ready else None, "file_path": None, "filename": f"case-{number:04}.zip",
        "checksum": f"sha256:{'9f3a21c7' * 8}" if ready else None, "partial": False,
        "bounds": [bounds(0), bounds(1, start=-2, end=1.5)] if ready else [], "gaps": [], "problems": [],
        "error": None, "error_code": None, "removed_by": None, "removed_at": None, "manifest_url": None,
        "delivery": None,
    }  # fmt: skip
    return plain | changes


def bounds(number: int, *, start: float = 0, end: float = 0, **changes: Any) -> Item:
    """What was given of a camera, `start` and `end` seconds beside what was asked."""
    asked = (NOON, NOON + timedelta(minutes=10))
    given = {"start": iso(asked[0] + timedelta(seconds=start)), "end": iso(asked[1] + timedelta(seconds=end))}
    plain = {
        "camera_id": camera_id(number), "asked": {"start": iso(asked[0]), "end": iso(asked[1])}, "given": given,
        "encoded": False, "why_encoded": "",
    }  # fmt: skip
    return plain | changes


def problem(number: int, kind: str, words: str) -> Item:
    return {
        "kind": kind, "camera_id": camera_id(number), "segment_id": str(uuid.UUID(int=77)), "filename": "0800.mp4",
        "start": iso(NOON), "end": iso(NOON + timedelta(minutes=5)), "words": words,
    }  # fmt: skip


@dataclass
class MadeUpCameras:
    """What the server says of cameras and exports; tests change it while the page looks. The real one says the rest."""

    cameras: list[Camera]
    exports: list[Item] = field(default_factory=list)
    # Ids of videos by camera: those that segments say they are.
    video_id: str = str(uuid.UUID(int=4711))
    # Path → (status, body) that is answered instead.
    refusals: dict[str, tuple[int, Item]] = field(default_factory=dict)
    # What was asked for and done: "POST /path", with its body.
    acts: list[tuple[str, Any]] = field(default_factory=list)

    def serve(self, page: Page) -> None:
        page.route("**/api/cameras**", self._answer)
        page.route("**/api/cameras/**", self._answer)
        page.route("**/api/v1/storage/**", self._answer)

    def ordered(self) -> list[Any]:
        """The bodies of the exports that were ordered."""
        return [body for act, body in self.acts if act == f"POST {_EXPORTS}"]

    def _answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        method = route.request.method
        if method != "GET":
            self.acts.append((f"{method} {address.path}", route.request.post_data_json))
        if (refused := self.refusals.get(f"{method} {address.path}")) is not None:
            _json(route, refused[1], refused[0])
        elif address.path.startswith(_EXPORTS):
            self._exports(route, method, address.path)
        elif address.path == "/api/cameras":
            _json(
                route, {"success": True, "count": len(self.cameras), "cameras": [c.described() for c in self.cameras]}
            )
        elif address.path == "/api/cameras/coverage":
            _json(route, self._coverage(query))
        elif address.path.startswith("/api/v1/storage/segments/"):
            _json(route, self._segments(address.path.rpartition("/")[2], query))
        else:
            self._rename(route, address.path)

    def _coverage(self, query: dict[str, str]) -> Item:
        start, end, bins = instant(query["start"]), instant(query["end"]), int(query["bins"])
        asked = query["camera_id"].split(",")
        lanes = [each.lane(start, end, bins) for each in self.cameras if each.id in asked]
        width = (end - start).total_seconds() / bins
        return {"success": True, "start": iso(start), "end": iso(end), "bin_seconds": width, "lanes": lanes}

    def _segments(self, wanted: str, query: dict[str, str]) -> Item:
        start, end = instant(query["start"]), instant(query["end"])
        found = next(each for each in self.cameras if each.id == wanted)
        segments = [
            {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{wanted} {one}")), "video_id": self.video_id,
             "camera_id": wanted, "start_time": iso(one), "end_time": iso(other)}
            for one, other in found.stretches if other > start and one < end
        ]  # fmt: skip
        return {"success": True, "camera_id": wanted, "segments": segments, "gaps": [], "next_cursor": None}

    def _rename(self, route: Route, path: str) -> None:
        found = next(each for each in self.cameras if each.id == path.rpartition("/")[2])
        found.name = _body(route)["name"]
        _json(route, {"success": True, "camera": found.described()})

    def _exports(self, route: Route, method: str, path: str) -> None:
        if method == "GET" and path == _EXPORTS:
            told = {"success": True, "count": len(self.exports), "exports": self.exports, "next_cursor": None}
            return _json(route, told)
        if path == f"{_EXPORTS}/estimate":
            return _json(route, self._estimate(_body(route)))
        if path == _EXPORTS:
            return _json(route, self._order(_body(route)), 202)
        found = next(each for each in self.exports if each["id"] == path.split("/")[5])
        if path.endswith("/manifest"):
            return _json(route, {"success": True, "manifest": "head.body.sign", "payload": _payload(found)})
        if method == "DELETE":
            self.exports.remove(found)
        else:
            found["status"] = {"cancel": "CANCELLED", "retry": "PENDING"}[path.rpartition("/")[2]]
        return _json(route, found)

    def _estimate(self, body: Item) -> Item:
        start, end = instant(body["start_time"]), instant(body["end_time"])
        told = []
        for each in self.cameras:
            if each.id not in body["camera_ids"]:
                continue
            inside = [(max(start, one), min(end, two)) for one, two in each.stretches if two > start and one < end]
            seconds = sum((two - one).total_seconds() for one, two in inside)
            told.append({"camera_id": each.id, "segments": len(inside), "recorded_seconds": seconds, "gaps": 1})
        return {"success": True, "cameras": told, "estimate_bytes": 52_400_000, "estimate_seconds": 42}

    def _order(self, body: Item) -> Item:
        new = export(len(self.exports) + 1, "PENDING", **{k: v for k, v in body.items() if k != "keep_hours"})
        new["created_at"] = iso(datetime.now(UTC))
        self.exports.insert(0, new)
        return new


def _payload(told: Item) -> Item:
    source = {"segment_id": str(uuid.UUID(int=5)), "filename": "0800.mp4", "sha256": "ab" * 32, "size_bytes": 10}
    return {
        "type": "holdfast-export", "version": 1, "id": told["id"], "requester": told["created_by"],
        "reason": told["reason"], "cameras": [{"camera_id": camera_id(0), "sources": [source]}], "files": [],
        "made": {"holdfast": "0.8.0", "ffmpeg": "5.1.6", "completed_at": told["completed_at"], "node": "one"},
    }  # fmt: skip


def _body(route: Route) -> Item:
    body: Item = route.request.post_data_json or {}
    return body


def _json(route: Route, body: Item, status: int = 200) -> None:
    route.fulfill(status=status, body=json.dumps(body), content_type="application/json")
