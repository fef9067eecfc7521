"""Totals over the catalog, from the counts that are kept: they cost the same for ten videos and for a million."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from backend.catalog.counts import LISTED, Sum, sums, whole
from backend.catalog.models import Video
from backend.catalog.videos import GONE, Scope


@dataclass(frozen=True)
class Amount:
    count: int
    bytes: int


@dataclass(frozen=True)
class Totals:
    videos: Amount
    physical_bytes: int  # what the videos take on disk: shared bytes count once, pruned ones not at all
    oldest_at: datetime | None
    newest_at: datetime | None
    by_project: dict[str, Amount] = field(default_factory=dict)
    by_content_type: dict[str, Amount] = field(default_factory=dict)
    deliveries: dict[str, dict[str, Amount]] = field(default_factory=dict)


def totals(session: Session, scope: Scope) -> Totals:
    """All figures of `/api/videos/storage-stats`; videos in the trash are not counted, their bytes on disk are."""
    labels = sums(session, "label", scope, ("name",), LISTED)
    days = sorted(day.key[0] for day in sums(session, "day", scope, ("name",), LISTED))
    return Totals(
        videos=amount(labels),
        physical_bytes=physical_bytes(session, scope),
        oldest_at=_at_the_end(session, scope, days[0], last=False) if days else None,
        newest_at=_at_the_end(session, scope, days[-1], last=True) if days else None,
        by_project=amounts(sums(session, "label", scope, ("project_id",), LISTED)),
        by_content_type=amounts(labels),
        deliveries=copies(session, scope),
    )


def amount(found: Iterable[Sum]) -> Amount:
    several = list(found)
    return Amount(sum(s.count for s in several), sum(s.bytes for s in several))


def amounts(found: Iterable[Sum], part: int = 0) -> dict[str, Amount]:
    """By one part of their keys, the largest first."""
    several: dict[str, list[Sum]] = {}
    for one in found:
        several.setdefault(one.key[part], []).append(one)
    by_name = {name: amount(ones) for name, ones in several.items()}
    return dict(sorted(by_name.items(), key=lambda named: (-named[1].bytes, named[0])))


def copies(session: Session, scope: Scope) -> dict[str, dict[str, Amount]]:
    """Copies of listed videos: `{target: {state: …}}`."""
    found: dict[str, dict[str, Amount]] = {}
    for s in sorted(sums(session, "copy", scope, ("name", "state")), key=lambda s: s.key):
        target, state = s.key
        found.setdefault(target, {})[state] = Amount(s.count, s.bytes)
    return found


def physical_bytes(session: Session, scope: Scope) -> int:
    """What is on the disk. Bytes count with the video that brought them, also for those that share them; where that
    one's name is gone from the disk, or in a project that is not asked for, with one of the others."""
    owner = aliased(Video)
    # Looked up for each of the few: as a join, PostgreSQL would read all videos.
    owners = select(owner.local_state).where(owner.id == Video.bytes_id, owner.bytes_id == owner.id)
    if scope.projects is not None:
        owners = owners.where(owner.project_id.in_(scope.projects))
    left = (
        select(func.max(Video.size_bytes).label("size"))
        .where(Video.bytes_id != Video.id, Video.local_state == "present", *scope.condition())
        .where(func.coalesce(owners.scalar_subquery(), "") != "present")
        .group_by(Video.bytes_id)
        .subquery()
    )
    others = session.scalar(select(func.coalesce(func.sum(left.c.size), 0)))
    return whole(session, "owned", scope).bytes + int(others or 0)


def _at_the_end(session: Session, scope: Scope, day: str, *, last: bool) -> datetime | None:
    """The first or last moment at which something was saved on a day."""
    begins = datetime.fromisoformat(day).replace(tzinfo=UTC)
    on_it = [Video.created_at >= begins, Video.created_at < begins + timedelta(days=1)]
    listed = [Video.trashed_at.is_(None), Video.local_state.not_in(GONE), *scope.condition()]
    found: datetime | None = session.scalar(
        select((func.max if last else func.min)(Video.created_at)).where(*on_it, *listed)
    )
    return found
