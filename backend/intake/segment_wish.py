"""What a recorder says when it registers a file: seed 001's fields, checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.catalog.gaps import Stretch
from backend.catalog.lines import place_of
from backend.errors import BadField
from backend.intake.checks import Facts, read_facts

_TEXTS = ("camera_id", "start_time", "end_time", "project_id", "title")
FIELDS = (*_TEXTS, "file_path", "size_bytes", "duration_seconds", "tags")
_NEEDED = ("camera_id", "start_time", "end_time", "file_path")
# Recorders round, and the last frame lasts a little.
_TOLERANCE_SECONDS = 1.5
# A century; a number of a hundred digits is none that anybody can count with.
_LONGEST_SECONDS = 100 * 366 * 86400


@dataclass(frozen=True)
class Wish:
    """`facts` as at any other door; `size_bytes`: what the recorder says, if it does."""

    camera_id: str
    bounds: Stretch
    path: str
    facts: Facts
    size_bytes: int | None = None


def read_wish(body: object, now: datetime) -> Wish:
    """Raises `BadField` naming the field and the remedy."""
    if not isinstance(body, dict):
        raise BadField('Send JSON such as {"camera_id": "…", "start_time": "…", "end_time": "…", "file_path": "/…"}.')
    for name in body:
        if name not in FIELDS:
            raise BadField(f"'{name}' is unknown; known: {', '.join(FIELDS)}.", detail={"field": str(name)})
    given = {name: value for name, value in body.items() if value is not None}
    for name in _NEEDED:
        if not given.get(name):
            raise BadField(f"{name} is missing.", detail={"field": name})
    facts = read_facts(_fields(given), now)
    if facts.start_at is None or facts.end_at is None:
        missing = "start_time" if facts.start_at is None else "end_time"
        raise BadField(f"{missing} is missing.", detail={"field": missing})
    place = place_of(facts.camera_id, facts.start_at, facts.end_at)
    if place is None:
        raise BadField(
            "camera_id must be a UUID such as 123e4567-e89b-12d3-a456-426614174000.", detail={"field": "camera_id"}
        )
    camera_id, bounds = place
    _check_duration(given.get("duration_seconds"), bounds)
    return Wish(camera_id, bounds, str(given["file_path"]), facts, _size(given.get("size_bytes")))


def _fields(given: dict[str, Any]) -> dict[str, list[str]]:
    for name in (*_TEXTS, "file_path"):
        if not isinstance(given.get(name, ""), str):
            raise BadField(f"{name} must be a text.", detail={"field": name})
    tags = given.get("tags", [])
    if isinstance(tags, str):
        tags = [tags]
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise BadField("tags must be a list of texts.", detail={"field": "tags"})
    return {name: [given[name]] for name in _TEXTS if name in given} | {"tags": tags}


def _size(given: object) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise BadField("size_bytes must be a whole number.", detail={"field": "size_bytes"})
    return given


def _check_duration(given: object, bounds: Stretch) -> None:
    if given is None:
        return
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise BadField("duration_seconds must be a number.", detail={"field": "duration_seconds"})
    seconds = (bounds.end - bounds.start).total_seconds()
    # Not the other way round: no number is near to one that is none.
    if not -_LONGEST_SECONDS <= given <= _LONGEST_SECONDS or not abs(given - seconds) <= _TOLERANCE_SECONDS:
        raise BadField(
            f"duration_seconds says {str(given)[:40]}, but from start_time to end_time it is {seconds:g} seconds. "
            "One of them is wrong.",
            detail={"field": "duration_seconds"},
        )
