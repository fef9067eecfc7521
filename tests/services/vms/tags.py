"""Bookmarks, evidence locks and events: what is said about footage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.services.vms.faults import Faults
from tests.services.vms.model import Item, World, instant, new_id, written
from tests.services.vms.refusal import Refused, bad, unknown_request

_BOOKMARK = {"header", "description", "timeBegin", "timeEnd", "timeTriggered", "reference", "devicePath"}
_LOCK = {"header", "description", "startTime", "tagTime", "endTime", "reference", "retentionExpire"}
_LOCK |= {"retentionOption", "devicePaths"}
_EVENT = {"type", "source", "message", "data", "timestamp", "time", "name", "description", "priority", "tag"}
_SEARCH = {"time", "timeSpanBefore", "timeSpanAfter", "timeLimit", "maxCount", "deviceIds", "devicePaths"}
_SEARCH |= {"mediaDeviceTypes", "users", "userNames", "searchText", "reference"}


def bookmark(world: World, user: str, body: dict[str, Any]) -> Item:
    _known(body, _BOOKMARK)
    _texts(body, "header", "description", "reference")
    begin, triggered, end = (_time(body, name) for name in ("timeBegin", "timeTriggered", "timeEnd"))
    if not begin <= triggered <= end:
        raise bad("timeTriggered", "The times are not in order")
    camera = _camera(world, "devicePath", body.get("devicePath"))
    fields = {"description": "", "reference": "", **body, "user": user, "created": written(world.now())}
    fields |= {"timeBegin": written(begin), "timeEnd": written(end), "timeTriggered": written(triggered)}
    fields["devicePath"] = camera.path()
    return world.add(Item("bookmarks", new_id(), fields))


def searched(world: World, faults: Faults, task: str, body: dict[str, Any]) -> dict[str, Any]:
    """The body of this task is not in any source that could be read (notes/milestone.md); both guesses are taken: a
    span in seconds before and after `time`, or one `timeLimit` from it on, in microseconds, backwards when negative."""
    if task not in ("searchTime", "searchFromBookmark"):
        raise unknown_request()
    if task == "searchFromBookmark":
        raise Refused(501, "The emulator does not know this task.")
    _known(body, _SEARCH)
    at = _time(body, "time")
    before, after = (timedelta(seconds=_number(body, f"timeSpan{name}")) for name in ("Before", "After"))
    limit = timedelta(microseconds=_number(body, "timeLimit"))
    first, last = min(at - before, at + limit), max(at + after, at + limit)
    paths = body.get("devicePaths") or []
    devices = {str(one).lower() for one in body.get("deviceIds") or []} | {str(one.get("id")) for one in paths}
    text = str(body.get("searchText") or "").lower()
    found = [
        one.shown()
        for one in sorted(world.every("bookmarks"), key=lambda one: str(one.fields["timeBegin"]))
        if not faults.finds_no_bookmarks
        and _touches(one, written(first), written(last))
        and (not devices or one.fields["devicePath"]["id"] in devices)
        and any(text in str(one.fields[name]).lower() for name in ("header", "description", "reference"))
    ]
    return {"array": found[: _number(body, "maxCount") or None]}


def _touches(one: Item, first: str, last: str) -> bool:
    # Written times of one form sort as the times do.
    return str(one.fields["timeBegin"]) <= last and str(one.fields["timeEnd"]) >= first


def evidence_lock(world: World, faults: Faults, user: str, body: dict[str, Any]) -> Item:
    if faults.not_corporate:
        raise Refused(400, "Evidence locks are not supported by the installed product.", text_id="VMO61999")
    _known(body, _LOCK)
    _texts(body, "header", "description", "reference")
    start, tag, end = (_time(body, name) for name in ("startTime", "tagTime", "endTime"))
    if not start <= tag <= end:
        raise bad("tagTime", "The times are not in order")
    paths = body.get("devicePaths")
    if not isinstance(paths, list) or not paths:
        raise bad("devicePaths", "At least one device is needed")
    cameras = [_camera(world, "devicePaths", one) for one in paths]
    now = written(world.now())
    fields = {"description": "", "reference": "", **body, "user": user, "created": now, "lastModified": now}
    fields |= {"startTime": written(start), "tagTime": written(tag), "endTime": written(end)}
    fields |= {"devicePaths": [one.path() for one in cameras], "retentionSize": 0}
    if "retentionOption" in body or "retentionExpire" not in body:
        fields["retentionOption"] = _retention(body.get("retentionOption"))
    return world.add(Item("evidenceLocks", new_id(), fields))


def retagged(world: World, item: Item, body: dict[str, Any]) -> dict[str, Any]:
    """PATCH of a bookmark or a lock: words and retention. Times and devices stay."""
    allowed = {"header", "description", "reference", "retentionOption"}
    _known(body, allowed if item.kind == "evidenceLocks" else allowed - {"retentionOption"})
    _texts({"header": item.fields["header"], **body}, "header", "description", "reference")
    if "retentionOption" in body:
        body = {**body, "retentionOption": _retention(body["retentionOption"])}
    with world.lock:
        item.fields |= body
        return {"data": item.shown()}


def event(world: World, faults: Faults, body: dict[str, Any]) -> Item:
    """Of a user-defined event only: a user's token may not raise the system's own."""
    _known(body, _EVENT if faults.rich_events else {"type"})
    kind = body.get("type")
    if not isinstance(kind, str) or world.find("userDefinedEvents", kind) is None:
        raise bad("type", "There is no such event type, or it may not be triggered")
    now = written(world.now())
    return world.add(Item("events", new_id(), {**body, "time": now, "timestamp": now}))


def user_defined_event(world: World, body: dict[str, Any]) -> Item:
    _known(body, {"name"})
    name = body.get("name")
    if not isinstance(name, str) or not name or any(one.name == name for one in world.every("userDefinedEvents")):
        raise bad("name", "A name that no other event has is needed")
    return world.add(Item("userDefinedEvents", new_id(), {"name": name, "subtype": "UserDefined"}))


def _known(body: dict[str, Any], names: set[str]) -> None:
    for name in body:
        if name not in names:
            raise bad(name, "Unknown property")


def _texts(body: dict[str, Any], *names: str) -> None:
    """The first one must be there and say something."""
    for name in names:
        if not isinstance(body.get(name, ""), str) or (name == names[0] and not body.get(name)):
            raise bad(name, "The value is missing or no text")


def _time(body: dict[str, Any], name: str) -> Any:
    found = instant(body.get(name))
    if found is None:
        raise bad(name, "A time with its zone is needed")
    return found


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise bad(name, "A number is needed")
    return int(value)


def _camera(world: World, name: str, path: Any) -> Item:
    found = None
    if isinstance(path, dict) and path.get("type") == "cameras":
        found = world.find("cameras", str(path.get("id", "")))
    if found is None:
        raise bad(name, "A path to a camera is needed")
    return found


def _retention(option: Any) -> dict[str, Any]:
    """The types' names are in no source that could be read: any will do."""
    if not isinstance(option, dict) or not isinstance(option.get("retentionType"), str):
        raise bad("retentionOption", "Unknown retention")
    units = option.get("retentionUnits")
    if isinstance(units, bool) or not isinstance(units, int) or (units < 1 and units != -1):
        raise bad("retentionOption", "The units are a number above zero, or -1 for ever")
    return option
