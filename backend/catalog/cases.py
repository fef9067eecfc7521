"""What the retention rules are asked about, gathered: videos that no rule can tell apart are one case.

So a million videos are judged by a few decisions of the policy, and no second policy has to be written in SQL. They
are gathered in pieces: no question takes a database long, however many videos there are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, exists, func, literal, select, tuple_
from sqlalchemy.orm import Session, raiseload

from backend.catalog.counts import LISTED, whole
from backend.catalog.database import Database
from backend.catalog.holds import counting
from backend.catalog.models import Delivery, Hold, Video, VideoTag
from backend.catalog.sorting import sort_named
from backend.catalog.sound import has_nothing_else
from backend.catalog.types import Instant
from backend.catalog.videos import EVERYTHING, GONE, RECORDING, Scope
from backend.catalog.ways import any_of, unled

_ORDER = sort_named("oldest")
TOLD_APART = frozenset(("project_id", "content_type", "camera_id"))
_COLUMNS = Video.project_id, Video.content_type, Video.camera_id
_AT_ONCE = 2000


@dataclass(frozen=True)
class Asked:
    """By what videos are told apart at an instant: ages in days, sets of tags, copies on targets, `columns`, those of
    `TOLD_APART` that matter, and `by_sound`, whether they are known to have none (`sound_may_go`: nothing but sound)
    beside their picture. `recordings`: by whether they are recordings, too."""

    at: datetime
    ages: tuple[float, ...] = ()
    tag_sets: tuple[tuple[str, ...], ...] = ()
    targets: tuple[str, ...] = ()
    columns: frozenset[str] = TOLD_APART
    by_sound: bool = False
    sound_may_go: bool = False
    recordings: bool = False
    scope: Scope = EVERYTHING


@dataclass(frozen=True)
class Case:
    """So many videos of one kind. `has`: for each of the tag sets, whether they have one of its tags. What they are
    not told apart by is ""."""

    project_id: str
    label: str
    camera_id: str
    local_state: str
    held: bool
    expired: bool
    silent: bool
    newest_at: datetime
    has: tuple[bool, ...]
    states: dict[str, str]
    count: int
    bytes: int
    is_recording: bool = False


@dataclass(frozen=True)
class Sum:
    count: int
    bytes: int


def all_tags(session: Session) -> list[str]:
    return list(session.scalars(select(VideoTag.tag).distinct().order_by(VideoTag.tag)))


def listed(session: Session, scope: Scope = EVERYTHING) -> Sum:
    """Every video that rules may concern, from the kept counts."""
    found = whole(session, "label", scope, LISTED)
    return Sum(found.count, found.bytes)


def pieces(database: Database, asked: Asked, at_once: int = _AT_ONCE) -> Iterator[list[Case]]:
    """The cases among the videos that are old enough for some rule, or whose own time is over: of so many videos at
    once, the oldest first. Between two pieces nothing is held."""
    for column, which in _walks(asked):
        last: tuple[Any, ...] | None = None
        while True:
            with database.read() as session:
                piece = _behind(column, last)
                end = select(column, Video.id).where(which, *piece).order_by(column, Video.id)
                until = session.execute(end.offset(at_once - 1).limit(1)).first()
                if until is not None:
                    piece.append(tuple_(column, Video.id) <= _place(tuple(until)))
                found = _cases(session, asked, [which, *piece])
            yield found
            if until is None:
                break
            last = tuple(until)


def _walks(asked: Asked) -> Iterator[tuple[Any, ColumnElement[bool]]]:
    """Each along an index: by age, and those that are not old yet by their own end."""
    over = Video.expires_at <= asked.at
    if asked.ages:
        oldest_at = asked.at - timedelta(days=min(asked.ages))
        yield Video.created_at, Video.created_at <= oldest_at
        over = and_(over, unled(Video.created_at) > oldest_at)
    yield Video.expires_at, over


def _behind(column: Any, last: tuple[Any, ...] | None) -> list[ColumnElement[bool]]:
    return [] if last is None else [tuple_(column, Video.id) > _place(last)]


def _place(row: tuple[Any, ...]) -> Any:
    return tuple_(literal(row[0], Instant()), literal(row[1], String(36)))


def _cases(session: Session, asked: Asked, which: list[ColumnElement[bool]]) -> list[Case]:
    has = [exists().where(VideoTag.video_id == Video.id, VideoTag.tag.in_(tags)) for tags in asked.tag_sets]
    states = [_state_on(target) for target in asked.targets]
    own = [column if column.key in asked.columns else literal("") for column in _COLUMNS]
    kinds: list[Any] = [
        *own, Video.local_state, _is_held(asked.at), _is_expired(asked.at), _is_silent(asked),
        _is_recording(asked), _age(asked), *has, *states,
    ]  # fmt: skip
    named = [kind.label(f"kind{number}") for number, kind in enumerate(kinds)]
    query = (
        select(func.max(Video.created_at), func.count(), func.sum(Video.size_bytes), *named)
        .where(*_kept(asked.scope), *which)
        .group_by(*(name.name for name in named))
    )
    return [_case(tuple(row), asked) for row in session.execute(query)]


def old_page(
    session: Session, asked: Asked, cursor: str, limit: int, projects: Collection[str] | None = None
) -> tuple[Sequence[Video], str | None]:
    """A page of those videos, the oldest first, and the cursor of the next one."""
    kept = _kept(asked.scope) + ([] if projects is None else [Video.project_id.in_(projects)])
    behind = [_ORDER.behind(cursor)] if cursor else []
    found: list[tuple[datetime, str]] = []
    # Each walk has its own index; what both find is put in order here.
    for column, which in _walks(asked):
        # Those with an end of their own are few: no walk along all videos, in the order of the page, is to find them.
        led = any_of(select(Video.id).where(which)) if column is Video.expires_at else which
        query = select(Video.created_at, Video.id).where(led, *kept, *behind).order_by(*_ORDER.order)
        found += [(at, video_id) for at, video_id in session.execute(query.limit(limit + 1))]
    shown = sorted(found)[:limit]
    rows = select(Video).where(Video.id.in_([video_id for _, video_id in shown]))
    if not asked.by_sound:
        rows = rows.options(raiseload(Video.media_jobs))
    videos = session.scalars(rows.order_by(*_ORDER.order)).all()
    return videos, _ORDER.cursor(*shown[-1]) if len(found) > limit else None


def _kept(scope: Scope) -> list[ColumnElement[bool]]:
    return [Video.trashed_at.is_(None), Video.local_state.not_in(GONE), *scope.condition()]


def _is_held(at: datetime) -> ColumnElement[bool]:
    return exists().where(Hold.video_id == Video.id, counting(at))


def _is_expired(at: datetime) -> ColumnElement[bool]:
    return case((Video.expires_at <= at, literal(True)), else_=literal(False))


def _is_silent(asked: Asked) -> ColumnElement[bool]:
    if not asked.by_sound:
        return literal(False)
    return case((has_nothing_else(but_sound=asked.sound_may_go), literal(True)), else_=literal(False))


def _is_recording(asked: Asked) -> ColumnElement[bool]:
    return case((and_(*RECORDING), literal(True)), else_=literal(False)) if asked.recordings else literal(False)


def _age(asked: Asked) -> ColumnElement[int]:
    """Between which of the ages it is: 0 below all of them."""
    passed = [(Video.created_at <= asked.at - timedelta(days=age), n) for n, age in enumerate(sorted(asked.ages), 1)]
    return case(*reversed(passed), else_=0) if passed else literal(0)


def _state_on(target: str) -> ColumnElement[str]:
    state = select(Delivery.state).where(Delivery.video_id == Video.id, Delivery.target == target)
    return func.coalesce(state.scalar_subquery(), "")


def _case(row: tuple[Any, ...], asked: Asked) -> Case:
    newest_at, count, size, project_id, label, camera_id, local_state, held, expired, silent, recorded, _, *more = row
    has, states = more[: len(asked.tag_sets)], more[len(asked.tag_sets) :]
    return Case(
        project_id=project_id,
        label=label,
        camera_id=camera_id,
        local_state=local_state,
        held=bool(held),
        expired=bool(expired),
        silent=bool(silent),
        newest_at=newest_at,
        has=tuple(map(bool, has)),
        states={target: state for target, state in zip(asked.targets, states, strict=True) if state},
        count=count,
        bytes=int(size),
        is_recording=bool(recorded),
    )
