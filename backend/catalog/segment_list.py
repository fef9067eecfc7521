"""The segments of a camera page by page, each page with the gaps of the stretch it covers; and how one is told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, Select, bindparam, literal, select, tuple_
from sqlalchemy.orm import Session

from backend.catalog import segments
from backend.catalog.describe import TOLD_OF_A_COPY, describe_copy
from backend.catalog.gaps import Stretch, gaps
from backend.catalog.models import Base, Camera, Delivery, Segment, Video
from backend.catalog.types import Instant, iso
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BadField, NotFound

_CURSOR = re.compile(r"(-?[0-9]{1,18})\.(-?[0-9]{1,18})\.(-?[0-9]{1,18})\.([0-9a-f-]{36})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_S = Base.metadata.tables[Segment.__tablename__].c
_V = Base.metadata.tables[Video.__tablename__].c
_SHOWN: Select[Any] = select(
    *(column for column in _S if column.name not in ("is_listed", "thumbnail_next_at")),
    _V.original_filename, _V.duration_seconds.label("duration_recorded"),
)  # fmt: skip
# What is told of a copy, without making it an object: of a thousand segments that takes longer than all else.
_D = Base.metadata.tables[Delivery.__tablename__].c
_COPIES = (
    select(*(_D[name] for name in ("video_id", *TOLD_OF_A_COPY)))
    .where(_D.video_id.in_(bindparam("ids", expanding=True)))
    .order_by(_D.target)
)


@dataclass(frozen=True)
class Place:
    """Where a page ended: its last segment, and up to where its segments and gaps tell everything."""

    start: datetime
    end: datetime
    reached: datetime
    id: str

    def text(self) -> str:
        return ".".join([*(str((at - _EPOCH) // _MICROSECOND) for at in (self.start, self.end, self.reached)), self.id])


@dataclass(frozen=True)
class Page:
    """`gaps`: of the stretch from where the page before reached to the next one's first segment, so that the gaps of
    all pages together are those of the whole."""

    segments: Sequence[Row[Any]]
    deliveries: Mapping[str, Sequence[Row[Any]]]
    gaps: Sequence[Stretch]
    next_cursor: str | None


def page(session: Session, camera_id: str, bounds: Stretch, scope: Scope, cursor: str, limit: int) -> Page:
    """One page of every listed segment that overlaps `bounds`, by start, end and id."""
    after = _place(cursor) if cursor else None
    longest = session.scalar(select(Camera.longest_seconds).where(Camera.id == camera_id))
    rows: Sequence[Row[Any]] = []
    if longest is not None:
        rows = session.execute(_query(camera_id, bounds, longest, scope, after, limit + 1)).all()
    shown = rows[:limit]
    following = rows[limit].start_time if len(rows) > limit else bounds.end
    reached = min(bounds.end, max(bounds.start, after.reached if after else bounds.start))
    covered = [Stretch(row.start_time, row.end_time) for row in shown]
    here = Stretch(reached, max(reached, min(following, bounds.end)))
    last = None
    if len(rows) > limit:
        furthest = max(here.end, *(one.end for one in covered))
        last = Place(shown[-1].start_time, shown[-1].end_time, furthest, shown[-1].id).text()
    return Page(shown, _deliveries(session, [row.video_id for row in shown]), gaps(covered, here), last)


def one(session: Session, segment_id: str, scope: Scope = EVERYTHING) -> Row[Any]:
    """A listed segment by its id, or `NotFound`."""
    known = segments.camera_of(segment_id)
    query = _SHOWN.join(Video, _V.id == _S.video_id).where(_S.video_id == known, _S.is_listed)
    row: Any = session.execute(query).one_or_none()
    if row is None or not scope.allows(row.project_id):
        raise NotFound(f"There is no segment {segment_id}.")
    return cast("Row[Any]", row)


def deliveries_of(session: Session, segment_id: str) -> Sequence[Row[Any]]:
    return _deliveries(session, [segment_id])[segment_id]


def describe(
    row: Row[Any], deliveries: Iterable[Row[Any]], mode: str, kinds: Mapping[str, str], bucket_target: str | None
) -> dict[str, Any]:
    """A segment as JSON, in the words of seed 001. `bucket_target`: whose bucket of thumbnails pictures go to."""
    in_bucket = {"target": bucket_target, "key": row.thumbnail_key} if row.thumbnail_key else None
    return {
        "id": row.id,
        "video_id": row.video_id,
        "camera_id": row.camera_id,
        "start_time": iso_exact(row.start_time),
        "end_time": iso_exact(row.end_time),
        "duration_seconds": row.duration_seconds,
        "duration_recorded": row.duration_recorded,
        "size_bytes": row.size_bytes,
        "filename": row.original_filename,
        "storage_backend": row.storage_backend,
        "storage_path": row.storage_path,
        "checksum": row.checksum,
        "created_at": iso(row.created_at),
        "mode": mode,
        "project_id": row.project_id,
        "thumbnail_url": f"/api/videos/{row.video_id}/thumbnail",
        "thumbnail_in_bucket": in_bucket,
        "deliveries": [describe_copy(one, row.size_bytes, kinds) for one in deliveries],
    }


def iso_exact(at: datetime) -> str:
    """As `iso`, but to the microsecond where there are any: what touches must be seen to touch."""
    if at.microsecond % 1000:
        return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    told = iso(at)
    assert told is not None
    return told


def stretch_as_json(stretch: Stretch) -> dict[str, str]:
    return {"start": iso_exact(stretch.start), "end": iso_exact(stretch.end)}


def _query(
    camera_id: str, bounds: Stretch, longest: float, scope: Scope, after: Place | None, limit: int
) -> Select[Any]:
    earliest = segments.earlier(bounds.start, timedelta(seconds=longest))
    if after is not None:
        earliest = max(earliest, after.start)
    query = _SHOWN.join(Video, _V.id == _S.video_id).where(
        _S.camera_id == camera_id,
        _S.start_time >= earliest,
        _S.start_time < bounds.end,
        _S.end_time > bounds.start,
        _S.is_listed,
    )
    if after is not None:
        place = (literal(after.start, Instant()), literal(after.end, Instant()), literal(after.id, _S.id.type))
        query = query.where(tuple_(_S.start_time, _S.end_time, _S.id) > tuple_(*place))
    if scope.projects is not None:
        query = query.where(_S.project_id.in_(scope.projects))
    return query.order_by(_S.start_time, _S.end_time, _S.id).limit(limit)


def _deliveries(session: Session, ids: Sequence[str]) -> Mapping[str, Sequence[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    if ids:
        for row in session.execute(_COPIES, {"ids": ids}):
            found[row.video_id].append(row)
    return found


def _place(cursor: str) -> Place:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise BadField("cursor is not one that a page gave.", detail={"field": "cursor"})
    try:
        start, end, reached = (_EPOCH + int(number) * _MICROSECOND for number in found.groups()[:3])
    except OverflowError:
        raise BadField("cursor is not one that a page gave.", detail={"field": "cursor"}) from None
    return Place(start, end, reached, found[4])
