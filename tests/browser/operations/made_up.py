"""An installation's own figures, made up in the browser's network, in the shapes of the API.

A test with the real server holds that those are right.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

Item = dict[str, Any]
GB = 1024**3
TODAY = datetime.now(UTC).date()


def ago(**span: float) -> str:
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def place(name: str, label: str, **changes: Any) -> Item:
    plain = {
        "name": name, "kind": "folder", "label": label, "enabled": True, "required": True, "state": "up",
        "reason": None, "next_probe_at": None, "backlog": {"count": 0, "bytes": 0}, "oldest_waiting_at": None,
        "last_success_at": ago(minutes=2), "last_error_at": None, "last_error": None,
        "required_of": "all" if changes.get("required", True) else "none",
    }  # fmt: skip
    return plain | changes


def trouble(number: int, target: str, state: str, error: str, **changes: Any) -> Item:
    plain = {
        "video_id": str(uuid.UUID(int=number)), "filename": f"clip_{number:04}.mp4", "target": target,
        "kind": "folder", "state": state, "attempts": 3, "bytes_sent": 0, "bytes_total": GB, "bytes_per_second": None,
        "seconds_left": None, "next_attempt_at": None, "error": error, "error_code": "refused", "remote_key": None,
        "link": None, "updated_at": ago(hours=1), "verified_at": None,
    }  # fmt: skip
    return plain | changes


def media_job(number: int, state: str, **changes: Any) -> Item:
    plain = {
        "video_id": str(uuid.UUID(int=number)), "filename": f"clip_{number:04}.mp4", "title": "", "id": number,
        "kind": "browser", "parameters": "", "state": state, "progress": 0.0, "attempts": 1, "next_attempt_at": None,
        "error": None, "error_code": None, "created_at": ago(hours=1), "updated_at": ago(), "finished_at": None,
    }  # fmt: skip
    return plain | changes


def token(name: str, role: str, **changes: Any) -> Item:
    plain: Item = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), "name": name, "role": role, "projects": [],
        "created_at": ago(days=40), "last_used_at": None, "revoked_at": None,
    }  # fmt: skip
    return plain | changes


def named(name: str, count: int, gib: float) -> Item:
    return {"name": name, "count": count, "bytes": int(gib * GB)}


def at_target(target: str, state: str, count: int, gib: float) -> Item:
    return {"target": target, "state": state, "count": count, "bytes": int(gib * GB)}


def days(count: int, last: date = TODAY) -> list[Item]:
    """Something saved on most days up to `last`, more and more of it."""
    spread = (last - timedelta(days=number) for number in reversed(range(count)))
    return [
        {"day": day.isoformat(), "count": 1 + number * 7 % 11, "bytes": (1 + number * 5 % 13) * GB // 4}
        for number, day in enumerate(spread)
        if number % 5
    ]


def report(**changes: Any) -> Item:
    plain = {
        "success": True,
        "total": {"videos": 1284, "bytes": 820 * GB, "physical_bytes": 790 * GB, "disk_free_bytes": 900 * GB,
                  "disk_total_bytes": 1900 * GB},
        "by_project": [named(f"project-{number:02}", 10 + number, number) for number in range(11)]
        + [named("surf-2026", 604, 420), named("harbour", 310, 190.5)],
        "by_label": [named("raw", 900, 700), named("cut", 300, 100), named("", 84, 20)],
        "by_state": [named("present", 1284, 820), named("pruned", 0, 0), named("trashed", 12, 6.5)],
        "by_target": [at_target("nas", "delivered", 1279, 815), at_target("nas", "pending", 5, 5),
                      at_target("drive", "delivered", 1270, 810), at_target("drive", "failed", 2, 1)],
        "over_time": days(400),
        "safe": {"videos": 1284, "verified": 1279, "waiting": 5, "needs_person": 0},
    }  # fmt: skip
    return plain | changes


def decision(number: int, action: str, rule: str, reason: str) -> Item:
    return {
        "video_id": str(uuid.UUID(int=number)), "filename": f"clip_{number:04}.mp4", "project_id": "meetings",
        "size_bytes": GB, "action": action, "rule": rule, "reason": reason,
    }  # fmt: skip


def preview(decisions: list[Item], totals: Item, rules: list[Item] | None = None) -> Item:
    nothing = {"count": 0, "bytes": 0}
    empty = {"expire": nothing, "prune": nothing, "move": nothing, "kept": nothing}
    known = rules if rules is not None else [{"name": "meetings", "words": "Videos of meetings go after 365 days."}]
    return {
        "success": True, "at": ago(), "rules": known, "totals": empty | totals, "decisions": decisions,
        "next_cursor": None,
    }  # fmt: skip


class MadeUpServer:
    """What the server says of itself; tests change it while the page looks. Everything else goes to the real one."""

    def __init__(self) -> None:
        self.places = [place("nas", "NAS"), place("drive", "Drive", kind="drive", required=False)]
        self.report = report()
        self.troubles: list[Item] = []
        self.projects: list[Item] = []
        self.previews: dict[str, Item] = {}
        self.scrub: Item = {
            "success": True,
            "local": {"checked": 1284, "due": 0, "damaged": 0, "oldest_check_at": ago(days=20),
                      "last_run_at": ago(hours=3)},
            "remote": {},
        }  # fmt: skip
        self.jobs: list[Item] = []
        self.tokens: list[Item] = []
        self.log: list[str] = []
        # Paths that are refused: path -> status.
        self.refusals: dict[str, int] = {}
        # What was done, as "POST /path".
        self.acts: list[str] = []
        self.asked: list[str] = []

    def serve(self, page: Page) -> None:
        page.route("**/api/**", self._answer)

    def _answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.asked.append(f"{route.request.method} {address.path}")
        if address.path in self.refusals:
            words = {"success": False, "error": "This is not for you.", "code": "refused", "detail": {}}
            _json(route, words, self.refusals[address.path])
        elif route.request.method != "GET" and address.path.startswith(("/api/targets", "/api/videos")):
            self._act(route, address.path)
        elif (told := self._told(address.path, query)) is not None:
            _json(route, told)
        else:
            route.continue_()

    def _told(self, path: str, query: dict[str, str]) -> Item | None:
        match path:
            case "/api/targets":
                return {"success": True, "targets": self.places}
            case "/api/storage/report":
                return self.report
            case "/api/projects":
                return {"success": True, "projects": self.projects}
            case "/api/scrub":
                return self.scrub
            case "/api/deliveries":
                found = [each for each in self.troubles if each["state"] == query["state"]]
                return {"success": True, "count": len(found), "deliveries": found}
            case "/api/media/jobs":
                return {"success": True, "count": len(self.jobs), "jobs": self.jobs}
            case "/api/tokens":
                return {"success": True, "count": len(self.tokens), "tokens": self.tokens}
            case "/api/log":
                lines = [line for line in self.log if query.get("q", "") in line]
                return {"success": True, "lines": lines[:50], "searched_all": len(lines) <= 50}
            case "/api/retention/preview":
                return self.previews.get(query.get("cursor") or query["days_ahead"], preview([], {}, []))
        return None

    def _act(self, route: Route, path: str) -> None:
        self.acts.append(f"{route.request.method} {path}")
        parts = path.split("/")
        if path.endswith("/retry"):
            video_id, target = parts[3], parts[5]
            self.troubles = [d for d in self.troubles if (d["video_id"], d["target"]) != (video_id, target)]
            _json(route, {"success": True})
            return
        found = next(each for each in self.places if each["name"] == parts[3])
        if parts[4] == "check":
            _json(route, {"success": True, "ok": True, "message": "Written, read back and removed.", "details": {}})
            return
        found["state"] = {"pause": "paused", "resume": "up"}[parts[4]]
        _json(route, {"success": True, "targets": self.places})


def _json(route: Route, body: Item, status: int = 200) -> None:
    route.fulfill(status=status, body=json.dumps(body), content_type="application/json")
