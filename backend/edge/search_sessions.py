"""Searches under way: what was found and not yet fetched, kept as long as the client asked for."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from backend.edge.soap_xml import Xml

_MOST = 200
_MOST_HELD = 200_000  # of results, in all of them together: some 300 bytes each
_LONGEST_SECONDS = 3600.0
_SHORTEST_SECONDS = 10.0
_DURATION = re.compile(r"P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})(?:\.\d+)?S)?)?")


@dataclass(frozen=True, slots=True)
class Found:
    """Written when it is fetched: a search finds 100,000 in the time that writing a thousand takes."""

    at: datetime | None
    written: Callable[[], Xml]


@dataclass(frozen=True)
class Taken:
    found: list[Found]
    completed: bool


@dataclass
class _Search:
    kind: str
    rest: list[Found]
    keep_seconds: float
    until: float
    reached: datetime | None = None


@dataclass
class SearchSessions:
    """One per device; thread-safe. When they are too many, or hold too much, the one that was asked longest ago
    goes."""

    clock: Callable[[], float] = time.monotonic
    _open: OrderedDict[str, _Search] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, kind: str, found: Iterable[Found], most: int, keep_alive: str) -> str:
        keep = min(max(seconds(keep_alive), _SHORTEST_SECONDS), _LONGEST_SECONDS)
        token = f"search-{secrets.token_hex(8)}"
        search = _Search(kind, list(islice(found, most)), keep, self.clock() + keep)
        with self._lock:
            self._forget_old()
            while len(self._open) >= _MOST or (self._open and self._held() + len(search.rest) > _MOST_HELD):
                self._open.popitem(last=False)
            self._open[token] = search
        return token

    def take(self, token: str, kind: str, most: int) -> Taken | None:
        """None for an unknown token."""
        with self._lock:
            search = self._known(token)
            if search is None or search.kind != kind:
                return None
            search.until = self.clock() + search.keep_seconds
            self._open.move_to_end(token)
            found, search.rest = search.rest[:most], search.rest[most:]
            if found:
                search.reached = found[-1].at
            return Taken(found, completed=not search.rest)

    def end(self, token: str) -> datetime | None:
        """Where the search had come to; None for an unknown token."""
        with self._lock:
            search = self._known(token)
            if search is None:
                return None
            del self._open[token]
            return search.reached or datetime.now(UTC)

    def _held(self) -> int:
        return sum(len(one.rest) for one in self._open.values())

    def _known(self, token: str) -> _Search | None:
        self._forget_old()
        return self._open.get(token)

    def _forget_old(self) -> None:
        for old in [one for one, search in self._open.items() if search.until < self.clock()]:
            del self._open[old]


def seconds(duration: str) -> float:
    """An xs:duration of days and less; 0 for anything else."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        return 0.0
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + rest)
