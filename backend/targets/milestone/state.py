"""What an attempt leaves to the next one: how far it came, and what it asked of the VMS already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.targets.milestone.rest import as_id
from backend.targets.milestone.soap import instant, moment
from backend.targets.milestone.spans import Span

OFFERED, RETRIEVING = "offered", "retrieving"
ASKED = "asked"


@dataclass(frozen=True)
class State:
    """`camera_id`: the VMS's. `task_id` with `span` and `began_at` (seconds since 1970): the retrieval that runs, as
    far as we know; `asked`: whether one was asked for and its number never came. `bookmark_id`, `event`: ASKED
    when one was asked for and perhaps made, so that no second one follows."""

    phase: str = ""
    camera_id: str = ""
    span: Span | None = None
    task_id: str = ""
    asked: bool = False
    began_at: float = 0.0
    bookmark_id: str = ""
    event: str = ""

    def stored(self) -> dict[str, Any]:
        told: dict[str, Any] = {"phase": self.phase, "camera_id": self.camera_id, "task_id": self.task_id}
        if self.span:
            told |= {"start": moment(self.span.start_at), "end": moment(self.span.end_at)}
        told |= {"asked": self.asked, "began_at": self.began_at, "bookmark_id": self.bookmark_id, "event": self.event}
        return told


def read_state(stored: Mapping[str, Any]) -> State:
    """Whatever stands there: what makes no sense counts as not stored."""
    phase, began_at = stored.get("phase"), stored.get("began_at")
    is_number = isinstance(began_at, int | float) and not isinstance(began_at, bool) and 0 <= began_at < 1e11
    return State(
        phase=phase if phase in (OFFERED, RETRIEVING) else "",
        camera_id=as_id(stored.get("camera_id")),
        span=read_span(stored),
        task_id=as_id(stored.get("task_id")),
        asked=stored.get("asked") is True,
        began_at=float(began_at) if is_number and began_at is not None else 0.0,
        bookmark_id=as_id(stored.get("bookmark_id")),
        event=ASKED if stored.get("event") == ASKED else "",
    )


def read_span(stored: Mapping[str, Any]) -> Span | None:
    """`start` and `end`, of a state or of a proof."""
    start, end = stored.get("start"), stored.get("end")
    start_at = instant(start) if isinstance(start, str) else None
    end_at = instant(end) if isinstance(end, str) else None
    return Span(start_at, end_at) if start_at and end_at and start_at < end_at else None
