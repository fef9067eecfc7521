"""The orders of a list, and cursors: where in one of them a page ended, so that the next goes on behind it.

A cursor holds the last video's own key and id, not a count of videos: pages stay right while videos come and go.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Double, String, literal, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Text, TypeEngine

from backend.catalog.models import Video
from backend.catalog.types import Instant
from backend.errors import BadField

_TEXT = String(36)
# Compared as the column is: by code points, on either database.
_NAME = Text().with_variant(Text(collation="C"), "postgresql")
_LARGEST = 2**63 - 1
_ID = re.compile(r"[0-9A-Za-z-]{1,36}")


@dataclass(frozen=True)
class Key:
    """What a list is sorted by, and how it is written in a cursor.

    `from_json` raises ValueError, TypeError or OverflowError for what no cursor holds.
    """

    column: ColumnElement[Any] | InstrumentedAttribute[Any]
    type: TypeEngine[Any]
    as_json: Callable[[Any], Any]
    from_json: Callable[[Any], Any]
    nullable: bool = False


@dataclass(frozen=True)
class Part:
    """One walk: what is in it, and in which order."""

    where: list[ColumnElement[bool]]
    order: list[ColumnElement[Any]]


@dataclass(frozen=True)
class Sort:
    """One order; videos with the same key go by id, and those without one come last."""

    name: str
    key: Key
    descending: bool = False

    @property
    def by_time(self) -> bool:
        return self.key is _BY_TIME

    def parts(self, cursor: str | None) -> list[Part]:
        """What comes behind a cursor, or all of it: what has a key, then what has none. Each is one walk along the
        index; as one, databases would sort all of it, as not both keep those without a key at the end.

        Raises `BadField` for a cursor of another order, or none at all.
        """
        key, last = self._read(cursor) if cursor else (None, None)
        columns = self.key.column, Video.id
        known = Part([], [self._directed(column) for column in columns])
        if key is not None:
            # Compared as pairs, so that an index leads straight to the place.
            known.where.append(
                self._beyond(tuple_(*columns), tuple_(literal(key, self.key.type), literal(last, _TEXT)))
            )
        if not self.key.nullable:
            return [known]
        known.where.append(self.key.column.is_not(None))
        unknown = Part([self.key.column.is_(None)], [self._directed(Video.id)])
        if cursor and key is None:
            unknown.where.append(self._beyond(Video.id, literal(last, _TEXT)))
            return [unknown]
        return [known, unknown]

    @property
    def order(self) -> list[ColumnElement[Any]]:
        """Of a list whose videos all have a key."""
        return self.parts(None)[0].order

    def behind(self, cursor: str) -> ColumnElement[bool]:
        """The videos of such a list that come after. Raises `BadField` as `parts` does."""
        return self.parts(cursor)[0].where[0]

    def _directed(self, column: Any) -> ColumnElement[Any]:
        directed: ColumnElement[Any] = column.desc() if self.descending else column.asc()
        return directed

    def merged(self, several: Sequence[Sequence[tuple[str, Any]]]) -> list[tuple[str, Any]]:
        """Rows of one walk each, `(id, key)`, as those of one walk. Keys that are none are in no walk with others."""
        every = [row for rows in several for row in rows]
        keyed = [((row[0],) if row[1] is None else (row[1], row[0]), row) for row in every]
        return [row for _, row in sorted(keyed, reverse=self.descending)]

    def cursor(self, key: Any, video_id: str) -> str:
        place = [self.name, None if key is None else self.key.as_json(key), video_id]
        return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()

    def _beyond(self, column: Any, value: ColumnElement[Any]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column < value if self.descending else column > value
        return found

    def _read(self, cursor: str) -> tuple[Any, str]:
        try:
            name, key, last_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
            if name != self.name and name in SORTS:
                raise BadField(
                    f"cursor belongs to a list with sort={name}, not {self.name}; begin again without a cursor.",
                    detail={"field": "cursor"},
                )
            if name != self.name or not _ID.fullmatch(last_id) or (key is None and not self.key.nullable):
                raise ValueError("no list gives this")
            return None if key is None else self.key.from_json(key), last_id
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise BadField("cursor is not one that a list gave.", detail={"field": "cursor"}) from error


def _instant(key: Any) -> datetime:
    at = datetime.fromisoformat(key)
    if at.tzinfo is None:
        raise ValueError("no list gives a time without a zone")
    return at.astimezone(UTC)


def _size(key: Any) -> int:
    if type(key) is not int or not 0 <= key <= _LARGEST:
        raise ValueError("no size")
    return key


def _seconds(key: Any) -> float:
    if type(key) not in (int, float) or not math.isfinite(key):
        raise ValueError("no duration")
    return float(key)


def _text(key: Any) -> str:
    if not isinstance(key, str) or "\x00" in key:
        raise ValueError("no name")
    key.encode()  # a lone surrogate is in no database
    return key


_BY_TIME = Key(Video.created_at, Instant(), datetime.isoformat, _instant)
_BY_NAME = Key(Video.name_key, _NAME, str, _text)
_BY_LENGTH = Key(Video.duration_seconds, Double(), float, _seconds, nullable=True)
_BY_SIZE = Key(Video.size_bytes, BigInteger(), int, _size)
_ALL = (
    Sort("newest", _BY_TIME, descending=True),
    Sort("oldest", _BY_TIME),
    Sort("name", _BY_NAME),
    Sort("longest", _BY_LENGTH, descending=True),
    Sort("shortest", _BY_LENGTH),
    Sort("largest", _BY_SIZE, descending=True),
    Sort("smallest", _BY_SIZE),
)
SORTS = {sort.name: sort for sort in _ALL}


def sort_named(name: str) -> Sort:
    """The order of this name; the first of all without one. Raises `BadField`."""
    if name and name not in SORTS:
        raise BadField(f"sort={name} is unknown; known: {', '.join(SORTS)}.", detail={"field": "sort"})
    return SORTS[name or _ALL[0].name]
