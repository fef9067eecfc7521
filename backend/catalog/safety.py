"""How many videos are verified at every required target, how many wait for that, and how many need a person first.

The kept counts know it of one target alone. Of several, only the videos that some but the worst of them lack are
looked at: they are few, unless much is wrong at two targets at once. Where a target is required of recordings alone,
and not every video went there, the recordings that did not are counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Integer, Subquery, and_, case, cast, exists, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from backend.catalog.counts import sums, whole
from backend.catalog.models import Delivery, DeliveryState, Video
from backend.catalog.stats import Amount, copies
from backend.catalog.videos import GONE, RECORDING, Scope
from backend.catalog.ways import unled

_NEEDS_PERSON = (DeliveryState.PARKED, DeliveryState.FAILED)
_UNDER_WAY = (DeliveryState.PENDING, DeliveryState.IN_PROGRESS, DeliveryState.DAMAGED)
_THERE = (DeliveryState.DELIVERED,)
# What a VMS let go when its time there was over, as it is set up to. Of a listed video nothing else is deleted.
OR_ENDED = (*_THERE, DeliveryState.DELETED)


@dataclass(frozen=True)
class Safe:
    """Listed videos: verified at every target required of them, or, where none is, at any; of the others, those that
    need a person first, and those that wait. For what is left nothing is under way. `exempt`: those among that of which
    no target is required, though one is of recordings."""

    videos: int
    verified: int
    waiting: int
    needs_person: int
    exempt: int = 0


@dataclass(frozen=True)
class _At:
    """What the kept counts say of one target. `lacking`: videos without any row for it; `excused`: those of them that
    need none, and count as verified there."""

    target: str
    verified: int
    moving: int
    stuck: int
    lacking: int
    excused: int = 0

    def shortage(self, videos: int) -> int:
        return videos - self.verified


def safety(
    session: Session,
    scope: Scope,
    videos: int,
    required: Collection[str] = (),
    passing: Collection[str] = (),
    of_recordings: Collection[str] = (),
    *,
    there: Collection[str] = _THERE,
) -> Safe:
    """`videos`: how many are listed. `passing`: targets that let go of their copies, so that none of them counts.
    `of_recordings`: one that is required of recordings alone; there is one VMS at most. `there`: what counts as
    verified at a required one."""
    known = {name: states for name, states in copies(session, scope).items() if name not in passing}
    if of_recordings:
        theirs = [_excusing(session, scope, _at(name, known, videos, there)) for name in of_recordings]
        others = [_at(name, known, videos, there) for name in required]
        safe = _at_each(session, scope, videos, [*theirs, *others], there)
        return safe if required else _without_exempt(session, scope, safe, theirs, passing)
    if required:
        return _at_each(session, scope, videos, [_at(name, known, videos, there) for name in required], there)
    every = [_at(name, known, videos) for name in known]
    best = max(every, key=lambda at: at.verified, default=None)
    if best is None or len(every) == 1 or best.verified == videos:
        return _of_one(videos, best)
    return _at_any(session, scope, videos, passing)


def _at(target: str, known: Mapping[str, Mapping[str, Amount]], videos: int, there: Collection[str] = _THERE) -> _At:
    states = known.get(target, {})

    def count(wanted: Iterable[str]) -> int:
        return sum(states[state].count for state in wanted if state in states)

    lacking = videos - count(DeliveryState)
    return _At(target, count(there), count(_UNDER_WAY), count(_NEEDS_PERSON), lacking)


def _excusing(session: Session, scope: Scope, at: _At) -> _At:
    """Only recordings lack their copy there; other videos without one count as if they had it."""
    if not at.lacking:
        return at
    lacking = 0
    if any(named.count for named in sums(session, "camera", scope)):
        # By the index of what names a camera. A count that changed meanwhile must not be told as less than nothing.
        query = select(func.count()).select_from(Video).where(*_listed(scope), *RECORDING)
        without = not_(_has(Video.id, at.target, tuple(DeliveryState)))
        lacking = min(session.scalar(query.where(without)) or 0, at.lacking)
    excused = at.lacking - lacking
    return replace(at, verified=at.verified + excused, lacking=lacking, excused=excused)


def _without_exempt(session: Session, scope: Scope, safe: Safe, theirs: list[_At], passing: Collection[str]) -> Safe:
    """Of the excused those are verified that some target has all the same; of the others nothing is said."""
    row = aliased(Delivery)
    elsewhere = (
        select(func.count(row.video_id.distinct()))
        .join(Video, Video.id == row.video_id)
        .where(row.state == DeliveryState.DELIVERED, row.target.not_in([*passing, *(at.target for at in theirs)]))
        .where(*_listed(scope), not_(and_(*RECORDING)))
        .where(*(not_(_has(Video.id, at.target, tuple(DeliveryState))) for at in theirs))
    )
    exempt = max(0, max(at.excused for at in theirs) - (session.scalar(elsewhere) or 0))
    return replace(safe, verified=safe.verified - exempt, exempt=exempt)


def _of_one(videos: int, at: _At | None) -> Safe:
    return Safe(videos, at.verified, at.moving, at.stuck) if at else Safe(videos, 0, 0, 0)


def _at_each(session: Session, scope: Scope, videos: int, required: list[_At], there: Collection[str]) -> Safe:
    worst = max(required, key=lambda at: at.shortage(videos))
    others = [at for at in required if at is not worst and at.shortage(videos)]
    if not others:
        return _of_one(videos, worst)
    short = _short(scope, [at.target for at in others], there=there)
    is_there = _is_safe_at(worst, short.c.video_id, there)
    stuck_there = _has(short.c.video_id, worst.target, _NEEDS_PERSON)
    moving_there = _has(short.c.video_id, worst.target, _UNDER_WAY)
    stuck, moving = short.c.stuck == 1, short.c.moving == 1
    newly = and_(moving, not_(stuck), not_(stuck_there), not_(moving_there))
    each = [is_there, and_(stuck, not_(stuck_there)), newly, and_(moving_there, stuck)]
    sums = (func.coalesce(func.sum(cast(condition, Integer)), 0) for condition in each)
    found = session.execute(select(*sums).select_from(short)).one()
    not_here, stuck_here, moving_here, not_moving = map(int, found)
    verified = worst.verified - not_here
    excuses = any(at.excused for at in required)
    alone = whole(session, "alone", scope).count if not excuses and any(at.lacking for at in others) else 0
    if verified and any(at.lacking > alone for at in others):
        # Some lack a row here, some there: nobody has counted who lacks either. Who is alone may be excused.
        verified = _count_verified(session, scope, [worst, *others], there)
    return Safe(videos, verified, worst.moving + moving_here - not_moving, worst.stuck + stuck_here)


def _at_any(session: Session, scope: Scope, videos: int, passing: Collection[str]) -> Safe:
    short = _short(scope, None, passing)
    waits = case((and_(short.c.stuck == 0, short.c.moving == 1), 1), else_=0)
    sums = func.coalesce(func.sum(waits), 0), func.coalesce(func.sum(short.c.stuck), 0)
    found = session.execute(select(func.count(), *sums).select_from(short)).one()
    all_of, waiting, person = map(int, found)
    return Safe(videos, videos - whole(session, "alone", scope).count - all_of, waiting, person)


def _short(
    scope: Scope, targets: Collection[str] | None, passing: Collection[str] = (), there: Collection[str] = _THERE
) -> Subquery:
    """Videos with a copy that is not there, at one of the targets; None: at any, and with none that is there. They are
    found by the index of states."""
    counts = [Delivery.target.not_in(passing)] if passing else []
    stuck, moving = (
        func.max(case((and_(Delivery.state.in_(states), *counts), 1), else_=0))
        for states in (_NEEDS_PERSON, _UNDER_WAY)
    )
    # Looked up for each of the few that are not there: as a join, PostgreSQL would read all videos.
    listed = select(Video.id).where(Video.id == Delivery.video_id, *_listed(scope)).scalar_subquery().is_not(None)
    if targets is None:
        which = not_(_has(Delivery.video_id, None, there, passing))
    else:
        which = unled(Delivery.target).in_(targets)
    each = select(Delivery.video_id, stuck.label("stuck"), moving.label("moving"))
    missing: ColumnElement[bool] = Delivery.state.in_([state for state in DeliveryState if state not in there])
    if passing:
        missing = or_(missing, Delivery.target.in_(passing))
    return each.where(missing, which, listed).group_by(Delivery.video_id).subquery()


def _count_verified(session: Session, scope: Scope, required: Iterable[_At], there: Collection[str]) -> int:
    row = aliased(Delivery)
    of_video = exists().where(row.video_id == Video.id)
    # Nearly all are read, so a database may join as it likes.
    everywhere = []
    for at in required:
        sent = of_video.where(row.target == at.target)
        safe = sent.where(row.state.in_(there))
        everywhere.append(or_(safe, and_(not_(sent), not_(and_(*RECORDING)))) if at.excused else safe)
    return session.scalar(select(func.count()).select_from(Video).where(*_listed(scope), *everywhere)) or 0


def _is_safe_at(at: _At, video_id: ColumnElement[str], there: Collection[str]) -> ColumnElement[bool]:
    """Whether it has its copy there, or needs none."""
    safe = _has(video_id, at.target, there)
    if not at.excused:
        return safe
    recorded = select(Video.id).where(Video.id == video_id, *RECORDING).scalar_subquery()
    return or_(safe, and_(not_(_has(video_id, at.target, tuple(DeliveryState))), recorded.is_(None)))


def _has(
    video_id: ColumnElement[str] | object, target: str | None, states: Collection[str], passing: Collection[str] = ()
) -> ColumnElement[bool]:
    """Whether a video has a copy in one of these states, at the target, or at any but those in `passing`."""
    row = aliased(Delivery)
    # By the video's own rows, not by those of a state, which are nearly all.
    same = [unled(row.state).in_(states), *([] if target is None else [row.target == target])]
    same += [row.target.not_in(passing)] if passing else []
    return select(func.min(row.id)).where(row.video_id == video_id, *same).scalar_subquery().is_not(None)


def _listed(scope: Scope) -> list[ColumnElement[bool]]:
    return [Video.trashed_at.is_(None), Video.local_state.not_in(GONE), *scope.condition()]
