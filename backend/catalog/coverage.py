"""What a camera recorded in a stretch of time: exact stretches, or the recorded share of each of many bins.

Segments that touch or overlap are joined by the database: a camera that records day and night has a million of them
and few stretches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from backend.catalog import segments
from backend.catalog.gaps import Stretch
from backend.catalog.models import Base, Camera, Segment
from backend.catalog.types import Instant
from backend.catalog.videos import EVERYTHING, Scope

MOST_STRETCHES = 2000
# A bin that is almost full, or almost empty, is neither.
_LEAST, _MOST = 0.000001, 0.999999
_S = Base.metadata.tables[Segment.__tablename__].c


@dataclass(frozen=True)
class Lane:
    """`segments`: how many there are. `stretches`: joined, in order, cut to the bounds."""

    camera_id: str
    segments: int
    stretches: Sequence[Stretch]


def lane(session: Session, camera_id: str, bounds: Stretch, scope: Scope = EVERYTHING) -> Lane:
    longest = session.scalar(select(Camera.longest_seconds).where(Camera.id == camera_id))
    if longest is None:
        return Lane(camera_id, 0, ())
    rows = [
        _S.camera_id == camera_id,
        _S.start_time >= segments.earlier(bounds.start, timedelta(seconds=longest)),
        _S.start_time < bounds.end,
        _S.end_time > bounds.start,
        _S.is_listed,
    ]
    if scope.projects is not None:
        rows.append(_S.project_id.in_(scope.projects))
    order = (_S.start_time, _S.end_time)
    before = func.max(_S.end_time).over(order_by=order, rows=(None, -1))
    # 1 where a stretch begins: nothing before reaches so far.
    marked = select(*order, case((_S.start_time <= before, 0), else_=1).label("begins")).where(*rows).subquery()
    number = func.sum(marked.c.begins).over(order_by=(marked.c.start_time, marked.c.end_time), rows=(None, 0))
    numbered = select(marked.c.start_time, marked.c.end_time, number.label("number")).subquery()
    start = func.min(numbered.c.start_time, type_=Instant())
    query = select(start, func.max(numbered.c.end_time, type_=Instant()), func.count())
    found = session.execute(query.group_by(numbered.c.number).order_by(start)).all()
    inside = (Stretch(begin, end).within(bounds) for begin, end, _ in found)
    return Lane(camera_id, sum(count for _, _, count in found), [one for one in inside if one is not None])


def shares(stretches: Sequence[Stretch], bounds: Stretch, bins: int) -> list[float]:
    """The recorded share of each of so many equal parts of `bounds`; 0 and 1 only where that is exactly so.

    `stretches`: joined, in order, within the bounds.
    """
    edges = [bounds.start + (bounds.end - bounds.start) * number / bins for number in range(bins + 1)]
    found, first = [], 0
    for start, end in pairwise(edges):
        while first < len(stretches) and stretches[first].end <= start:
            first += 1
        found.append(_share(stretches, first, start, end))
    return found


def _share(stretches: Sequence[Stretch], first: int, start: datetime, end: datetime) -> float:
    covered = timedelta()
    for number in range(first, len(stretches)):
        one = stretches[number]
        if one.start >= end:
            break
        covered += min(one.end, end) - max(one.start, start)
    if covered <= timedelta():
        return 0.0
    if covered >= end - start:
        return 1.0
    return min(_MOST, max(_LEAST, round(covered / (end - start), 6)))
