"""The VMS's REST interface (API Gateway): JSON in and out, both shapes of its errors, lists by pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import quote

from backend.targets.milestone.failures import Answer, VmsProblem
from backend.targets.milestone.idp import Kept
from backend.targets.milestone.wire import Reply, Wire

ROOT = "/api/rest/v1"
_PAGE = 100
_MOST_PAGES = 500
_MOST_DETAILS = 5
Object = dict[str, Any]


@dataclass(frozen=True)
class Rest:
    """Each call raises VmsProblem when it was not successful. Used by several threads at once."""

    wire: Wire
    url: str
    tokens: Kept

    def get(self, *path: str, query: str = "") -> Object:
        """One object: what stands in `data`."""
        found = self._call("GET", _address(path, query)).get("data")
        if not isinstance(found, dict):
            _garbled("one object was expected")
        return found

    def find(self, *path: str) -> Object | None:
        """One object, or None when there is none of that id."""
        try:
            return self.get(*path)
        except VmsProblem as problem:
            if problem.status == 404:
                return None
            raise

    def tasks(self, *path: str) -> list[str]:
        """The names of what can be started on an object."""
        found = self._call("GET", _address(path, "tasks")).get("tasks")
        return [text_of(one, "id") for one in found if isinstance(one, dict)] if isinstance(found, list) else []

    def every(self, *path: str, query: str = "") -> Iterator[Object]:
        """All objects of a list, page by page, each once.

        How long a page is tells nothing: a server may give fewer at once than it is asked for, or all of them whatever
        the page. The list is over where a page brings nothing new.
        """
        seen: set[str] = set()
        for number in range(_MOST_PAGES):
            page = self._page(path, query, number)
            if not isinstance(page, list):
                _garbled("a list was expected")
            new = {key: one for one in page if isinstance(one, dict) and (key := _key(one)) not in seen}
            if not new:
                return
            yield from new.values()
            seen.update(new)
        _garbled(f"a list has more than {_MOST_PAGES} pages")

    def _page(self, path: tuple[str, ...], query: str, number: int) -> object:
        try:
            return self._call("GET", _address(path, f"{query}&page={number}&size={_PAGE}".lstrip("&"))).get("array")
        except VmsProblem as problem:
            # Not every server has an empty page behind the last one.
            if number and problem.status in (400, 404):
                return []
            # The list of a kind is always there; only that below one object can be away.
            if problem.status == 404 and len(path) == 1:
                raise VmsProblem(Answer("not-milestone", 404, "it has no REST interface there")) from None
            raise

    def post(self, *path: str, body: Mapping[str, Any] | None = None, task: str = "") -> Object:
        """Make an object, or with `task` start one; the whole answer."""
        return self._call("POST", _address(path, f"task={task}" if task else ""), body or {})

    def patch(self, *path: str, body: Mapping[str, Any]) -> Object:
        return self._call("PATCH", _address(path), body)

    def delete(self, *path: str) -> bool:
        """Whether there was one."""
        try:
            self._call("DELETE", _address(path))
        except VmsProblem as problem:
            if problem.status == 404:
                return False
            raise
        return True

    def _call(self, method: str, address: str, body: Mapping[str, Any] | None = None) -> Object:
        token = self.tokens.current()
        reply = self._send(method, address, token, body)
        if reply.status == 401:
            reply = self._send(method, address, self.tokens.instead_of(token), body)
        if not 200 <= reply.status < 300:
            raise VmsProblem(refused(reply))
        if not reply.body.strip():
            return {}
        found = _parsed(reply.body)
        if not isinstance(found, dict):
            _garbled("no JSON object")
        return found

    def _send(self, method: str, address: str, token: str, body: Mapping[str, Any] | None) -> Reply:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is None:
            return self.wire.request(method, self.url + address, headers)
        headers["Content-Type"] = "application/json"
        return self.wire.request(method, self.url + address, headers, json.dumps(body).encode())


def _address(path: tuple[str, ...], query: str = "") -> str:
    parts = "/".join(quote(part, safe="") for part in path)
    return f"{ROOT}/{parts}?{query}" if query else f"{ROOT}/{parts}"


def refused(reply: Reply) -> Answer:
    """What an error says: `{"httpCode","details":[…]}` as the schema has it, or that within `error`, as it comes."""
    message = _words(_parsed(reply.body))
    by_status = {401: "unauthorized", 403: "forbidden", 429: "busy"}
    reason = by_status.get(reply.status, "error" if reply.status >= 500 else "refused-request")
    return Answer(reason, reply.status, message, reply.retry_after_seconds)


def _words(found: object) -> str:
    """The texts of the details, each with the property that it is about."""
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    if not isinstance(found, dict):
        return ""
    details = found.get("details")
    if not isinstance(details, list):
        told = found.get("error") or found.get("message")
        return told if isinstance(told, str) else ""
    return "; ".join(filter(None, map(_detail, details[:_MOST_DETAILS])))


def _detail(one: object) -> str:
    if not isinstance(one, dict) or not isinstance(one.get("errorText"), str):
        return ""
    about = one.get("property")
    return f"{about}: {one['errorText']}" if isinstance(about, str) and about else str(one["errorText"])


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _garbled(what: str) -> NoReturn:
    raise VmsProblem(Answer("garbled", message=what))


def id_of(found: Mapping[str, Any]) -> str:
    """An object's id, "" when it has none that can be one."""
    return as_id(found.get("id"))


def as_id(value: object) -> str:
    """A GUID or number, else ""."""
    text = value if isinstance(value, str) else ""
    return text if 0 < len(text) <= 64 and text.isascii() and text.replace("-", "").isalnum() else ""


def _key(found: Object) -> str:
    """What tells it from the others of its list."""
    return id_of(found) or json.dumps(found, sort_keys=True)


def path_id(found: object, kind: str) -> str:
    """The id in `{"type": kind, "id": …}`, "" when it is none of that kind."""
    if not isinstance(found, dict) or str(found.get("type", "")).lower() != kind.lower():
        return ""
    return as_id(found.get("id"))


def text_of(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
