"""Holds as a sidecar keeps them. What cannot be read counts as a hold without an end: it may have been one."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

_NEVER_MADE = datetime(1970, 1, 1, tzinfo=UTC)
_UNREADABLE = "This hold cannot be read, so it counts until somebody releases it: "
_MOST_WORDS = 1000
_Id = Annotated[str, Field(min_length=1, max_length=36, pattern=r"^[0-9A-Za-z-]+$")]


class HoldFacts(BaseModel):
    """A lock on a video, until `until_at` or until somebody releases it. What a later version adds stays in it."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: _Id
    reason: str
    owner: str = ""
    owner_id: Annotated[str, Field(max_length=64)] = ""
    created_at: AwareDatetime
    until_at: AwareDatetime | None = None

    def counts(self, at: datetime) -> bool:
        """Whether it is in force. A clock that stands before its own beginning proves no end."""
        return self.until_at is None or at < self.until_at or at < self.created_at


def in_force(holds: Iterable[HoldFacts], at: datetime) -> tuple[HoldFacts, ...]:
    """Those that count. `at`: an instant that has certainly come (see `catalog.clock`)."""
    return tuple(hold for hold in holds if hold.counts(at))


def read_holds(value: object, video_id: str) -> tuple[HoldFacts, ...]:
    """The `holds` of a sidecar, whatever stands there; nothing that stood there is left out."""
    found: dict[str, HoldFacts] = {}
    for item in value if isinstance(value, list | tuple) else [value]:
        hold = item if isinstance(item, HoldFacts) else _read(item, video_id)
        if hold.id in found:
            hold = _unreadable(item, f"{video_id}#{len(found)}")
        found[hold.id] = hold
    return tuple(found.values())


def _read(item: object, video_id: str) -> HoldFacts:
    try:
        hold = HoldFacts.model_validate(item)
    except ValidationError:
        return _unreadable(item, video_id)
    ended_before = hold.until_at is not None and hold.until_at <= hold.created_at
    return _unreadable(item, video_id) if ended_before else hold


def _unreadable(item: object, key: str) -> HoldFacts:
    said = item.model_dump(mode="json") if isinstance(item, BaseModel) else item
    words = json.dumps(said, sort_keys=True, default=str)
    known: dict[str, Any] = said if isinstance(said, dict) else {}
    reason = known.get("reason")
    return HoldFacts(
        # The same each time it is read, so that it can be released by it.
        id=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{key} {words}")),
        reason=reason if isinstance(reason, str) and reason else (_UNREADABLE + words)[:_MOST_WORDS],
        created_at=_NEVER_MADE,
        unreadable=words[:_MOST_WORDS],
    )
