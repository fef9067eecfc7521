"""`GET /api/events`: what happens, as it happens, as server-sent events (HTML standard, section 9.2).

Each event has its place in the stream as its `id`, so who comes back with `Last-Event-ID` misses nothing and hears
nothing twice, whichever process answers. A quiet stream says every 15 seconds that it is alive, and where it is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from apiflask import APIBlueprint
from flask import Response, request

from backend.catalog import events as stream
from backend.errors import BadField, StorageError
from backend.events import BEGINNING, NAMES, Happened, Place, as_json
from backend.services import Services
from backend.web import queries
from backend.web.access import Person, Right, needs, person, services, still_is
from backend.web.connections import has_gone, is_stopping
from backend.web.openapi import shaped

blueprint = APIBlueprint("stream", __name__, tag="Events")

_LOOK_SECONDS = 1.0
_QUIET_SECONDS = 15.0
_ASK_AGAIN_SECONDS = 5.0
_RETRY_MS = 2000
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, without end", "content": {"text/event-stream": {}}},
    503: {"description": "Too many listen already: ask again after Retry-After"},
}


@blueprint.get("/api/events")
@blueprint.doc(
    summary="What happens, as it happens: server-sent events",
    description=(
        "`id:` is the event's place in the stream, `event:` its type, `data:` the same JSON that webhooks get. "
        "`event: reset`: what followed the place that was asked for is not kept any more (EVENTS_DAYS), so look at "
        "everything anew; news follow. A token that is limited to projects hears of those only, and of no target."
    ),
    responses=_ANSWERS,
    extensions=shaped(
        {},
        query=("types", "project_id", "after"),
        headers={"Last-Event-ID": "the last `id:` that was heard: what follows it comes first. Goes before `after`"},
    ),
)
@needs(Right.READ)
def listen() -> Response:
    who, parts, names = person(), services(), _names()
    wanted = queries.one("project_id")
    if wanted:
        who.check_project(wanted)
    projects = frozenset({wanted}) if wanted else who.scope.projects
    place, is_reset = _begin(parts)
    parts.tail.join()
    listener = _Listener(parts, who, place, is_reset, names, projects, request.environ.get("gunicorn.socket"))
    answer = Response(listener.lines(), mimetype="text/event-stream")
    # Not in the generator: one that is never begun is never ended either.
    answer.call_on_close(parts.tail.leave)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # nginx would keep events back until it has a full buffer
    return answer


def _names() -> tuple[str, ...]:
    found = queries.several("types", len(NAMES))
    for name in found:
        if name not in NAMES:
            raise BadField(f"types={name} is unknown; known: {', '.join(NAMES)}.", detail={"field": "types"})
    return found


def _begin(parts: Services) -> tuple[Place, bool]:
    """The place to go on from, and whether something between that and what was asked for is missing."""
    heard, asked = request.headers.get("Last-Event-ID"), queries.one("after")
    place = Place.parse(heard if heard is not None else asked)
    if heard is None and asked and place is None:
        raise BadField("after must be an `id:` of this stream, or 0-0 for all that is kept.", detail={"field": "after"})
    with parts.database.look() as connection:
        if heard is None and (not asked or place == BEGINNING):
            return place or stream.newest(connection), False
        # A browser sends what it heard last by itself; refused for that, it would never come back.
        if place is not None and stream.follows(connection, place):
            return place, False
        return stream.newest(connection), True


@dataclass
class _Listener:
    services: Services
    who: Person
    place: Place
    is_reset: bool
    names: tuple[str, ...]
    projects: frozenset[str] | None
    connection: object

    def lines(self) -> Iterator[str]:
        """Until the listener is gone, may not listen any more, or the server stops. It comes back by itself."""
        yield f"retry: {_RETRY_MS}\nid: {self.place}\n\n"
        if self.is_reset:
            yield f"event: reset\nid: {self.place}\ndata: {{}}\n\n"
        said_at = asked_at = time.monotonic()
        while not is_stopping() and not has_gone(self.connection):
            try:
                found, self.place = self.services.tail.after(self.place, _LOOK_SECONDS, self.names, self.projects)
                now = time.monotonic()
                if now - asked_at >= (_LOOK_SECONDS if found else _ASK_AGAIN_SECONDS):
                    asked_at = now
                    if not still_is(self.services, self.who):
                        return
            except StorageError:
                return
            if found:
                said_at = now
                yield "".join(map(_told, found))
            elif now - said_at >= _QUIET_SECONDS:
                said_at = now
                yield f": still here\nid: {self.place}\n\n"


def _told(happened: Happened) -> str:
    return f"id: {happened.place}\nevent: {happened.name}\ndata: {json.dumps(as_json(happened))}\n\n"
