"""Which way a list goes to its page, so that a million videos take no longer than a thousand.

Either it goes along the index of its order and looks at each video until the page is full: right where many match.
Or one filter leads, by an index of its own, to the few that pass it, and those are looked at and sorted. How many pass
a filter is known from the counts, or found out by counting no further than to the most that may lead. Databases guess
here, on SQLite without any figures at all; so each filter is written so that no index but the chosen one is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, CompoundSelect, FunctionElement, Select, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

from backend.catalog.models import Video

# To look at so many one by one takes some ten milliseconds; where more than that match, a walk soon fills a page.
MOST_LED = 5000


# So many take some tenths of a second, which is as long as a person waits for a number.
MOST_LOOKED_AT = 50_000
_FIRST_LOOKED_AT = 12_000

# As most lists are shown.
_PAGE = 50

Ids = Select[Any] | CompoundSelect[Any]


class Size(Protocol):
    def __call__(self, session: Session, most: int = MOST_LED) -> int:
        """About how many videos pass; at `most` + 1 it may stop counting."""


@dataclass(frozen=True)
class Filter:
    """One condition of a list, in the forms that the ways need.

    `each` is looked up video by video, by no index of its own. `led` finds its videos by index; none: it never leads.
    `ids` are those videos, and no others. `along`: what a walk takes instead of `each`, where an index may have this
    filter and the order together; of those with an `about`, only the one with the fewest, as no walk goes along two.
    """

    each: ColumnElement[bool]
    led: ColumnElement[bool] | None = None
    along: ColumnElement[bool] | None = None
    size: Size | None = None
    ids: Ids | None = None
    about: Callable[[Session], int] | None = None  # about how many videos pass, as it is known without counting them


def by_ids(each: ColumnElement[bool], ids: Ids, about: Callable[[Session], int] | None = None) -> Filter:
    """A filter that is led by the ids of its videos, gathered by an index."""
    return Filter(each, any_of(ids), size=counted(ids), ids=ids, about=about)


def conditions(session: Session, filters: Sequence[Filter], every: Callable[[], int]) -> list[ColumnElement[bool]]:
    """The WHERE of a page, by the way that is short here. `every`: how many videos there are in all."""
    leader = _leader(session, filters)
    walked = None if leader else _walked(session, filters)
    leader = leader or _shorter(session, filters, walked, every)
    if leader is not None:
        return led_by(leader, filters)
    return [f.along if f.along is not None and (f.about is None or f is walked) else f.each for f in filters]


def led_by(leader: Filter, filters: Sequence[Filter]) -> list[ColumnElement[bool]]:
    return [leader.led if f is leader and leader.led is not None else f.each for f in filters]


def of_all(filters: Sequence[Filter]) -> list[ColumnElement[bool]]:
    """The WHERE for going through everything."""
    found = [f.each if f.led is None else f.led for f in filters]
    # Nothing leads here, so a database may join as it likes; an array of all of them would be searched for each.
    return [f.as_set if isinstance(f, _AnyOf) else f for f in found]


def count(session: Session, filters: Sequence[Filter], most: int, looked_at: int = MOST_LOOKED_AT) -> tuple[int, bool]:
    """How many videos pass, at most `most`, and whether there are no more than that.

    It looks at those of the filter with the fewest. Where even those are more than `looked_at`, it looks at so many:
    then there are at least as many as it says.
    """
    leader = _leader(session, filters, min(MOST_LED, looked_at))
    if leader is not None:
        return _capped(session, led_by(leader, filters), most)
    leader = _leader(session, filters, looked_at) or next((f for f in filters if f.ids is not None), None)
    ids: Ids = select(Video.id).order_by(Video.created_at.desc(), Video.id.desc())
    if leader is not None and leader.ids is not None:
        ids = leader.ids
    others = [f.each for f in filters if f is not leader]
    found = 0
    # First a few: where nearly all of them pass, that is enough.
    for some in (min(_FIRST_LOOKED_AT, looked_at), looked_at):
        found, is_all = _capped(session, [any_of(ids.limit(some)), *others], most)
        if not is_all or counted(ids)(session, some) <= some:
            return found, is_all
    return found, False


def _capped(session: Session, where: Sequence[ColumnElement[bool]], most: int) -> tuple[int, bool]:
    some = select(Video.id).where(*where).limit(most + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return min(found, most), found <= most


def _leader(session: Session, filters: Sequence[Filter], most: int = MOST_LED) -> Filter | None:
    best, fewest = None, most
    for candidate in filters:
        if candidate.led is None or candidate.size is None:
            continue
        size = candidate.size(session, fewest)
        if size <= fewest:
            best, fewest = candidate, size
        if not size:
            break
    return best


def _walked(session: Session, filters: Sequence[Filter]) -> Filter | None:
    known = [(f, f.about) for f in filters if f.along is not None and f.about is not None]
    if len(known) < 2:
        return known[0][0] if known else None
    return min(((about(session), n, f) for n, (f, about) in enumerate(known)), key=lambda found: found[:2])[2]


def _shorter(
    session: Session, filters: Sequence[Filter], walked: Filter | None, every: Callable[[], int]
) -> Filter | None:
    """Who leads where a walk would pass more videos before its page is full, if filters have nothing to do with each
    other: each lets many through, and all together few."""
    known = [(f.about(session), n, f) for n, f in enumerate(filters) if f.about is not None]
    leading = [found for found in known if found[2].led is not None]
    if len(known) < 2 or not leading:
        return None
    most = max(every(), 1)
    share = math.prod(min(about / most, 1) for about, _, f in known if f is not walked)
    walk = min(_PAGE / share if share else most, *(about for about, _, f in known if f is walked), most)
    fewest, _, leader = min(leading, key=lambda found: found[:2])
    return leader if fewest < walk and fewest <= MOST_LOOKED_AT else None


def counted(query: Ids) -> Size:
    """A size that is found by counting, no further than needed."""

    def size(session: Session, most: int = MOST_LED) -> int:
        some = query.limit(most + 1).subquery()
        return session.scalar(select(func.count()).select_from(some)) or 0

    return size


def any_of(ids: Ids) -> ColumnElement[bool]:
    """The videos with these ids, which are gathered first: the way for what leads."""
    found = _AnyOf(Video.id, ids.scalar_subquery())
    found.as_set = Video.id.in_(ids)
    return found


def looked_up(own: Select[Any]) -> ColumnElement[bool]:
    """Whether a video has such a row, asked for each video that a walk comes by. Of EXISTS, PostgreSQL might make a
    join that reads them all."""
    return own.correlate(Video).limit(1).scalar_subquery().is_not(None)


def unled(column: Any) -> ColumnElement[Any]:
    """The column, hidden from SQLite's choice of indexes. PostgreSQL knows how many rows it would find."""
    hidden: ColumnElement[Any] = _Unled(column)
    hidden.type = column.type
    return hidden


class _AnyOf(FunctionElement[bool]):
    inherit_cache = True
    as_set: ColumnElement[bool]


class _Unled(FunctionElement[Any]):
    inherit_cache = True


@compiles(_AnyOf)
def _in(element: _AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **options)} IN {compiler.process(ids, **options)}"


@compiles(_AnyOf, "postgresql")
def _in_array(element: _AnyOf, compiler: SQLCompiler, **options: Any) -> str:
    # An array is made once, before all else; of IN, the planner might make anything.
    column, ids = element.clauses
    return f"{compiler.process(column, **options)} = ANY (ARRAY{compiler.process(ids, **options)})"


@compiles(_Unled)
def _as_it_is(element: _Unled, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses.clauses[0], **options)


@compiles(_Unled, "sqlite")
def _hidden(element: _Unled, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses.clauses[0], **options)}"
