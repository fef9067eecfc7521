"""What stands in the VMS: objects of a kind with an id, the fields that the wire shows, and those it never does."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.services.vms.refusal import Refused

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)")


@dataclass
class Item:
    """One object. `fields` are in the wire's own names; `hidden` holds passwords and what the driver knows."""

    kind: str  # plural, as in addresses: "cameras"
    id: str
    fields: dict[str, Any]
    parent: Item | None = None
    hidden: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return str(self.fields.get("name", ""))

    @property
    def enabled(self) -> bool:
        return bool(self.fields.get("enabled", True))

    def path(self) -> dict[str, str]:
        return {"type": self.kind, "id": self.id}

    def shown(self) -> dict[str, Any]:
        relations: dict[str, Any] = {"self": self.path()}
        if self.parent:
            relations["parent"] = self.parent.path()
        return {"id": self.id, "displayName": self.name, **self.fields, "relations": relations}


class World:
    """All objects, and the clock. `lock` is held while more than one thing is looked at or changed."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.ahead_seconds = 0.0
        self._items: dict[str, dict[str, Item]] = {}
        self._number = 30

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def clock(self) -> float:
        """Seconds since 1970, with what the test has put it forward by."""
        return time.time() + self.ahead_seconds

    def add(self, item: Item) -> Item:
        with self.lock:
            self._items.setdefault(item.kind, {})[item.id] = item
        return item

    def every(self, kind: str) -> list[Item]:
        with self.lock:
            return list(self._items.get(kind, {}).values())

    def find(self, kind: str, item_id: str) -> Item | None:
        return self._items.get(kind, {}).get(item_id.lower())

    def get(self, kind: str, item_id: str) -> Item:
        found = self.find(kind, item_id)
        if found is None:
            raise Refused(404, f"No object of the kind {kind} has this id.", text_id="VMO61008")
        return found

    def below(self, parent: Item, kind: str) -> Iterator[Item]:
        return (one for one in self.every(kind) if one.parent is parent)

    def remove(self, item: Item) -> None:
        """With all that is below it."""
        with self.lock:
            for others in list(self._items.values()):
                for other in [one for one in others.values() if one.parent is item]:
                    self.remove(other)
            self._items[item.kind].pop(item.id, None)

    def next_number(self) -> str:
        """Tasks are numbered; everything else has a GUID."""
        with self.lock:
            self._number += 1
            return str(self._number)


def new_id() -> str:
    return str(uuid.uuid4())


def written(at: datetime) -> str:
    """As .NET writes it: seven digits of a second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def instant(text: object) -> datetime | None:
    """A time with its zone; None for anything else. Times without a zone are a trap: nobody knows whose they are."""
    found = _INSTANT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    try:
        return datetime.fromisoformat(f"{found[1]}.{(found[2] or '0')[:6].ljust(6, '0')}{found[3]}").astimezone(UTC)
    except ValueError:
        return None
