"""The REST interface: which call a request means. Who asks is looked at before anything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.services.drive.replies import Reply, json_reply
from tests.services.drive.wire import Call
from tests.services.vms import objects, tags
from tests.services.vms.faults import Faults
from tests.services.vms.hardware import HardwareTasks
from tests.services.vms.jobs import Jobs
from tests.services.vms.listing import listed
from tests.services.vms.model import Item, World
from tests.services.vms.pulling import Pulls
from tests.services.vms.refusal import Refused, bad, unknown_request
from tests.services.vms.tokens import Idp

_PATH = re.compile(r"/api/rest/v1/([A-Za-z]+)(?:/([^/]+))?(?:/([A-Za-z]+))?/?", re.IGNORECASE)
_TAGS = ("bookmarks", "evidenceLocks")
_RETRIEVE = "RetrieveEdgeStorage"
_TASKS = {"cameras": [_RETRIEVE], "recordingServers": ["AddHardware"]}


@dataclass(frozen=True)
class Asked:
    """One request, taken apart."""

    method: str
    kind: str
    id: str | None
    child: str | None
    query: dict[str, str]

    @property
    def task(self) -> str | None:
        return self.query.get("task")


def asked(method: str, path: str, query: dict[str, str]) -> Asked | None:
    found = _PATH.fullmatch(path)
    return None if found is None else Asked(method, found[1], found[2], found[3], query)


def operation(one: Asked) -> str:
    """How faults and tests name it: "POST cameras/{id}?task=RetrieveEdgeStorage"."""
    item = "/{id}" if one.id else ""
    child = f"/{one.child}" if one.child else ""
    return f"{one.method} {one.kind}{item}{child}" + (f"?task={one.task}" if one.task else "")


@dataclass
class Rest:
    world: World
    idp: Idp
    jobs: Jobs
    hardware: HardwareTasks
    pulls: Pulls
    faults: Faults
    created_key: str = "data"  # what a new object's answer stands under

    def answer(self, call: Call) -> Reply:
        self.idp.check(call.header("Authorization"))
        one = asked(call.request.method, call.request.path_without_query, call.request.query)
        if one is None:
            raise Refused(404, "No such resource.")
        if one.kind in (*_TAGS, "events"):
            return self._tag(one, call)
        if one.kind not in (*objects.KINDS, "tasks"):
            raise Refused(404, "No such resource.")  # of recordings, sequences and playback there are none, as was seen
        if one.id is None:
            return self._collection(one, call)
        item = self.world.get(one.kind, one.id)
        if one.child:
            return self._children(one, item)
        return self._object(one, item, call)

    def _collection(self, one: Asked, call: Call) -> Reply:
        if one.method == "GET" and (one.kind != "tasks" or self.faults.lists_tasks):
            return json_reply(self._plainly(one.kind, self._listed(self.world.every(one.kind), one.query)))
        if one.method == "POST" and one.kind == "userDefinedEvents" and one.task is None:
            return self._created(tags.user_defined_event(self.world, _body(call)))
        raise unknown_request()

    def _listed(self, items: Iterable[Item], query: dict[str, str]) -> dict[str, Any]:
        return listed(items, query, self.faults.most_on_a_page)

    def _plainly(self, kind: str, found: dict[str, Any]) -> dict[str, Any]:
        """Of what a task is about no source tells whether lists show it."""
        if kind == "tasks" and self.faults.tasks_say_little:
            for one in found["array"]:
                one.pop("identifier", None)
                one.pop("cameraPath", None)
        return found

    def _children(self, one: Asked, item: Item) -> Reply:
        if one.method != "GET" or one.child not in objects.KINDS:
            raise unknown_request()
        return json_reply(self._listed(self.world.below(item, one.child), one.query))

    def _object(self, one: Asked, item: Item, call: Call) -> Reply:
        if item.kind == "tasks":
            return self.jobs.answer(one.method, item, one.task)
        match one.method:
            case "GET":
                known = [{"id": name, "displayName": name} for name in self._tasks_of(item)]
                return json_reply({"data": item.shown()} | ({"tasks": known} if "tasks" in one.query else {}))
            case "PATCH":
                return json_reply(objects.changed(self.world, self.faults, item, _body(call)))
            case "DELETE" if item.kind in objects.REMOVABLE:
                self.world.remove(item)
                return json_reply({"state": "Success"})
            case "POST" if one.task == _RETRIEVE and one.task in self._tasks_of(item):
                return self.pulls.begin(item, _body(call))
            case "POST":
                return self.hardware.answer(item, one.task, _body(call))
        raise unknown_request()

    def _tasks_of(self, item: Item) -> list[str]:
        if item.kind == "cameras" and self.faults.no_edge_task:
            return ["Other"]
        return self.faults.hardware_tasks if item.kind == "hardware" else _TASKS.get(item.kind, [])

    def _tag(self, one: Asked, call: Call) -> Reply:
        if one.kind == "events" and one.method == "GET" and not self.faults.keeps_events:
            return self._forgotten(one)
        if one.id is not None and not one.child:
            return self._one_tag(one, self.world.get(one.kind, one.id), call)
        if one.method == "GET" and (one.kind == "events" or (one.kind == "evidenceLocks" and self.faults.lists_locks)):
            return json_reply(self._listed(self.world.every(one.kind), one.query))
        if one.method != "POST" or one.child:
            raise unknown_request()  # there is no list of bookmarks or locks
        body = _body(call)
        if one.task is not None:
            if one.kind != "bookmarks":
                raise unknown_request()
            return json_reply(tags.searched(self.world, self.faults, one.task, body))
        match one.kind:
            case "bookmarks":
                return self._created(tags.bookmark(self.world, self.idp.username, body))
            case "events":
                return json_reply({"data": tags.event(self.world, self.faults, body).shown()}, 202)
        return self._created(tags.evidence_lock(self.world, self.faults, self.idp.username, body))

    def _forgotten(self, one: Asked) -> Reply:
        """An event that was raised is not kept: it can be neither listed nor asked for."""
        if one.id is not None:
            raise Refused(404, "No object of the kind events has this id.", text_id="VMO61008")
        return json_reply(self._listed((), one.query))

    def _one_tag(self, one: Asked, item: Item, call: Call) -> Reply:
        match one.method:
            case "GET":
                return json_reply({"data": item.shown()})
            case "PATCH" | "PUT" if one.kind in _TAGS:
                return json_reply(tags.retagged(self.world, item, _body(call)))
            case "DELETE" if one.kind in _TAGS:
                self.world.remove(item)
                return json_reply({"state": "Success"})
        raise unknown_request()

    def _created(self, item: Item) -> Reply:
        return json_reply({self.created_key: item.shown()}, 201)


def _body(call: Call) -> dict[str, Any]:
    if (call.header("Content-Type") or "").partition(";")[0].strip() != "application/json":
        raise Refused(415, "The body must be JSON.")
    try:
        found = json.loads(call.body.read())
    except ValueError:
        raise bad("", "The body is no JSON") from None
    if not isinstance(found, dict):
        raise bad("", "An object is needed")
    return found
