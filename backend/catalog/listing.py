"""Lists of videos: which, in what order, page by page, and how many in all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from backend.catalog import counts, totals_kept, ways
from backend.catalog.filters import STATUSES, Wanted, branches, filters, listed
from backend.catalog.models import Video
from backend.catalog.sorting import Part, Sort, sort_named
from backend.catalog.videos import EVERYTHING, Scope

__all__ = ["STATUSES", "Page", "Total", "Wanted", "conditions", "listed", "page", "total"]

# Beyond so many nobody needs the number, and counting them takes seconds.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Page:
    videos: Sequence[Video]
    next_cursor: str | None


def page(session: Session, wanted: Wanted, scope: Scope, cursor: str | None, limit: int) -> Page:
    """One page. `cursor` is what the page before gave; it stays right while videos come and go."""
    sort = sort_named(wanted.sort)
    parts = sort.parts(cursor)
    every = partial(counts.estimate, session, "label")
    ways_there = [
        ways.conditions(session, filters(branch, scope, session, by_time=sort.by_time), every)
        for branch in branches(wanted)
    ]
    found: list[tuple[str, Any]] = []
    for part in parts:
        left = limit + 1 - len(found)
        several = [_rows(session, sort, part, where, left) for where in ways_there]
        found += several[0] if len(several) == 1 else sort.merged(several)[:left]
        if len(found) > limit:
            break
    shown = found[:limit]
    videos = _load(session, [video_id for video_id, _ in shown])
    return Page(videos, sort.cursor(shown[-1][1], shown[-1][0]) if len(found) > limit else None)


def _rows(
    session: Session, sort: Sort, part: Part, where: Sequence[ColumnElement[bool]], limit: int
) -> list[tuple[str, Any]]:
    query = select(Video.id, sort.key.column).where(*where, *part.where).order_by(*part.order).limit(limit)
    return [(video_id, key) for video_id, key in session.execute(query)]


def _load(session: Session, ids: Sequence[str]) -> list[Video]:
    """The rows themselves, fetched last: what is sorted and passed over stays small."""
    if not ids:
        return []
    rows = {video.id: video for video in session.scalars(select(Video).where(Video.id.in_(ids)))}
    return [rows[video_id] for video_id in ids if video_id in rows]


@dataclass(frozen=True)
class Total:
    """`is_exact` false: there are at least so many."""

    count: int
    is_exact: bool

    def at_least(self, shown: int) -> Total:
        """What is seen to be there is there."""
        return self if self.is_exact else Total(max(self.count, min(shown, MOST_COUNTED)), is_exact=False)


def total(
    session: Session, wanted: Wanted, scope: Scope, most: int = MOST_COUNTED, looked_at: int = ways.MOST_LOOKED_AT
) -> Total:
    """How many there are on all pages together: exactly where that is known already. Of others no more than `most` are
    counted, and no more than `looked_at` looked at."""
    known = totals_kept.known(session, wanted, scope)
    if known is not None:
        return Total(known, is_exact=True)
    found, is_exact = 0, True
    for branch in branches(wanted):
        count, is_all = ways.count(session, filters(branch, scope, session), most - found, looked_at)
        found, is_exact = found + count, is_exact and is_all
    return Total(found, is_exact)


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """The WHERE of everything that a list holds, for who goes through all of it. Raises `BadField`."""
    return ways.of_all(filters(wanted, EVERYTHING))
