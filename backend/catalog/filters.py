"""What a list can be asked for, and each condition in the forms that the ways to a page need (see `ways`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, literal_column, not_, or_, select, true, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from backend.catalog import counts, holds, rarity, search
from backend.catalog.damages import has_bad_file
from backend.catalog.models import (
    FILE,
    LOCAL_FAILURES,
    NO_COPY_LEFT,
    Damage,
    Delivery,
    DeliveryState,
    Hold,
    MediaState,
    Video,
    VideoTag,
)
from backend.catalog.videos import GONE, Scope
from backend.catalog.ways import Filter, any_of, by_ids, counted, looked_up, unled
from backend.errors import BadField

_TRASHED = "trashed"
STATUSES = ("processing", "ready", "unplayable", "no-media-tools", "remote-only", _TRASHED)
# What a status says of a video whose file is here and good.
_MADE = {
    "processing": (MediaState.NEW, MediaState.WORKING),
    "ready": (MediaState.READY,),
    "unplayable": (MediaState.UNPLAYABLE,),
    "no-media-tools": (MediaState.NO_TOOLS,),
}


@dataclass(frozen=True)
class Wanted:
    """What a list shows. Empty fields do not filter."""

    project_id: str = ""
    content_type: str = ""
    text: str = ""
    ids: tuple[str, ...] | None = None  # no other videos: an empty one asks for none
    state: str = ""  # of a delivery, one of several with commas between them, or "trashed"
    targets: tuple[str, ...] = ()  # with a delivery to one of these; in that state, where one is asked for
    tags: tuple[str, ...] = ()  # as they are written, case and all: as many as `facets` counts
    operator: Literal["OR", "AND"] = "OR"  # one of the tags, or all of them
    stored_after: datetime | None = None  # included
    stored_before: datetime | None = None  # not included: neighbouring spans share no video
    camera_id: str = ""
    min_duration: float | None = None  # seconds, included; a video whose length is not known is in no span
    max_duration: float | None = None
    held: bool = False  # only those that a hold in force keeps
    held_at: datetime | None = None  # at this instant, which has certainly come; by default now
    status: str = ""  # as `describe.status_of` says it
    sort: str = ""
    local: Literal["", "pruned", "present"] = ""  # for `branches`


_OF_PRUNED = "pruning", "pruned"
# As the index has it, without parameters.
_PRUNED = Video.local_state.in_([literal_column(f"'{state}'") for state in _OF_PRUNED])
# Of two tags that many videos have, those with both are found by going through those with the rarer one; beyond so
# many, a walk along the list soon meets some.
_MOST_COMPARED = 50_000


def listed() -> list[ColumnElement[bool]]:
    """What every list without a word about the trash shows."""
    return [Video.trashed_at.is_(None), Video.local_state.not_in(GONE)]


def branches(wanted: Wanted) -> list[Wanted]:
    """Lists that have no video in common and hold together what is asked for, each found by an index of its own."""
    if wanted.status != "remote-only" or wanted.local:
        return [wanted]
    return [replace(wanted, local="pruned"), replace(wanted, local="present")]


def filters(wanted: Wanted, scope: Scope, session: Session | None = None, *, by_time: bool = False) -> list[Filter]:
    """All conditions of a list. `by_time`: its order is that of saving, which some indexes have within them. With a
    session, the ways to choose from are more.

    Raises `BadField` for a state or status that there is not.
    """
    # As the wire's words are checked first, a list that must be empty does not hide a wrong one.
    found = [*_statuses(wanted), *_states(wanted)]
    in_trash = _TRASHED in (wanted.state, wanted.status)
    found.append(_plain(Video.trashed_at, "is_not", None) if in_trash else Filter(Video.trashed_at.is_(None)))
    found.append(Filter(Video.local_state.not_in(GONE)))
    equal = list(_equal(wanted, scope))
    # What a walk can go along leads nowhere faster.
    found += [replace(f, led=None, size=None) for f in equal] if by_time else [replace(f, along=None) for f in equal]
    found += _spans(wanted, by_time)
    found += _tags(wanted, session)
    if wanted.ids is not None:
        found.append(_plain(Video.id, "in_", wanted.ids))
    if wanted.held:
        in_force = holds.counting(wanted.held_at or datetime.now(UTC))
        found.append(_of(select(Hold.video_id).where(in_force), Hold))
    if wanted.text:
        found += _search(wanted, session)
    return found


def _search(wanted: Wanted, session: Session | None) -> Iterator[Filter]:
    each = search.mentions_each(wanted.text)
    if session is None:
        yield Filter(each, search.mentions(wanted.text))
        return
    lead = rarity.lead(session, wanted.text)
    if lead.wider:
        yield Filter(each)
        each = true()
    yield Filter(each, any_of(lead.ids), size=lead.size, ids=lead.ids, about=lead.about)


def _plain(column: InstrumentedAttribute[Any], operator: str, value: Any) -> Filter:
    """A comparison of a video's own column, which has an index."""
    condition: ColumnElement[bool] = getattr(column, operator)(value)
    each: ColumnElement[bool] = getattr(unled(column), operator)(value)
    return _indexed(each, condition)


def _indexed(each: ColumnElement[bool], condition: ColumnElement[bool], **more: Any) -> Filter:
    ids = select(Video.id).where(condition)
    return Filter(each, condition, size=counted(ids), ids=ids, **more)


def _equal(wanted: Wanted, scope: Scope) -> Iterator[Filter]:
    """Project, label, camera, and what is not here. Each has an index with the order of time within it."""
    mine, project_id = scope.projects, wanted.project_id
    if mine is not None and len(mine) == 1 and not project_id:
        project_id = next(iter(mine))
    elif mine is not None:
        yield Filter(unled(Video.project_id).in_(mine))
    if project_id:
        yield _along(Video.project_id == project_id, unled(Video.project_id) == project_id, project_id=[project_id])
    if wanted.content_type:
        label = wanted.content_type
        yield _along(Video.content_type == label, unled(Video.content_type) == label, name=[label])
    if wanted.camera_id:
        # What the index of cameras holds is said once more: SQLite does not see that it follows.
        named = and_(Video.camera_id == wanted.camera_id, Video.camera_id != "")
        yield _along(named, unled(Video.camera_id) == wanted.camera_id, "camera", name=[wanted.camera_id])
    if wanted.local == "present":
        yield Filter(unled(Video.local_state) == "present")
    if wanted.local == "pruned":
        yield _along(_PRUNED, unled(Video.local_state).in_(_OF_PRUNED), state=["pruned"])


def _along(
    condition: ColumnElement[bool], each: ColumnElement[bool], kind: str = "label", **values: Sequence[str]
) -> Filter:
    return _indexed(each, condition, along=condition, about=_about(kind, **values))


def _about(kind: str, **values: Sequence[str]) -> Callable[[Session], int]:
    return lambda session: counts.estimate(session, kind, **values)


def _spans(wanted: Wanted, by_time: bool) -> Iterator[Filter]:
    for column, least, most, before in (
        (Video.created_at, wanted.stored_after, None, wanted.stored_before),
        (Video.duration_seconds, wanted.min_duration, wanted.max_duration, None),
    ):
        asked = (("__ge__", least), ("__le__", most), ("__lt__", before))
        plain = [_plain(column, operator, value) for operator, value in asked if value is not None]
        if plain:
            condition = and_(*(f.led for f in plain if f.led is not None))
            found = _indexed(and_(*(f.each for f in plain)), condition)
            by_own = by_time and column is Video.created_at
            yield replace(found, along=condition, size=None) if by_own else found


def _tags(wanted: Wanted, session: Session | None) -> Iterator[Filter]:
    if not wanted.tags:
        return
    if wanted.operator == "OR" or len(wanted.tags) == 1:
        some = select(VideoTag.video_id).where(VideoTag.tag.in_(wanted.tags))
        yield _of(some, VideoTag, _about("tag", name=wanted.tags))
        return
    for tag in wanted.tags:
        yield _of(select(VideoTag.video_id).where(VideoTag.tag == tag), VideoTag, _about("tag", name=[tag]))
    if session is not None:
        yield from _all_tags(wanted.tags, session)


def _all_tags(tags: Sequence[str], session: Session) -> Iterator[Filter]:
    used = {tag: counts.estimate(session, "tag", name=[tag]) for tag in tags}
    rarest, *others = sorted(tags, key=lambda tag: used[tag])
    if used[rarest] <= _MOST_COMPARED:
        all_of = select(VideoTag.video_id).where(VideoTag.tag == rarest)
        for tag in others:
            # Gathered, not looked up: those of one tag lie together in its index.
            all_of = all_of.where(VideoTag.video_id.in_(_with(tag)))
        yield by_ids(true(), all_of)


def _with(tag: str) -> Select[str]:
    other = aliased(VideoTag)
    return select(other.video_id).where(other.tag == tag)


def _of(ids: Select[Any], table: Any, about: Callable[[Session], int] | None = None) -> Filter:
    """A condition on rows that belong to a video: `ids` are the videos that have one."""
    own = ids.with_only_columns(table.video_id).where(unled(Video.id) == table.video_id)
    return by_ids(looked_up(own), ids, about)


def _states(wanted: Wanted) -> Iterator[Filter]:
    states = wanted.state.split(",") if wanted.state not in ("", _TRASHED) else []
    if not set(states) <= set(DeliveryState):
        known = ", ".join([*DeliveryState, _TRASHED])
        raise BadField(f"state={wanted.state} is unknown; known states: {known}.", detail={"field": "state"})
    asked = [(Delivery.state, states), (Delivery.target, wanted.targets)]
    each = [unled(column).in_(values) for column, values in asked if values]
    if each:
        ids = select(Delivery.video_id).where(*(column.in_(values) for column, values in asked if values))
        named = {"state": states, "name": wanted.targets}
        about = _about("copy", **{column: values for column, values in named.items() if values})
        yield by_ids(_delivery(and_(*each)), ids, about)


def _statuses(wanted: Wanted) -> Iterator[Filter]:
    if not wanted.status:
        return
    condition = _has_status(wanted.status)
    if wanted.status in ("processing", "no-media-tools"):
        waiting = _unready(wanted.status)
        yield _indexed(condition, and_(waiting, condition))
        return
    yield Filter(condition)
    if wanted.status == "unplayable":
        made = select(Video.id).where(_unready(wanted.status))
        yield by_ids(true(), union_all(made, *_troubled(*LOCAL_FAILURES, NO_COPY_LEFT)))
    if wanted.local == "present":
        yield by_ids(true(), union_all(*_troubled(*LOCAL_FAILURES)))


def _unready(status: str) -> ColumnElement[bool]:
    """As the index of what is not ready has it."""
    return and_(Video.media_state.in_(_MADE[status]), Video.media_state != MediaState.READY)


def _troubled(*codes: str) -> Iterator[Select[Any]]:
    """Videos with such a word on a copy, and those whose file here is known to be damaged."""
    # Said as the index has it: without a parameter, so that every plan may use it.
    yield select(Delivery.video_id).where(Delivery.error_code.in_(codes), Delivery.error_code != literal_column("''"))
    yield select(Damage.video_id).where(Damage.part == FILE)


def _has_status(status: str) -> ColumnElement[bool]:
    """The rules of `describe.status_of` in SQL; a test holds the two together."""
    if status not in STATUSES:
        raise BadField(f"status={status} is unknown; known: {', '.join(STATUSES)}.", detail={"field": "status"})
    if status == _TRASHED:
        return unled(Video.trashed_at).is_not(None)
    removed = Video.local_state != "present"
    away = or_(removed, _delivery(Delivery.error_code.in_(LOCAL_FAILURES)), has_bad_file())
    kept = or_(
        _delivered(),
        and_(removed, not_(_delivery(Delivery.error_code == NO_COPY_LEFT))),
    )
    if status == "remote-only":
        return and_(away, kept)
    here = and_(not_(away), Video.media_state.in_(_MADE[status]))
    return or_(here, and_(away, not_(kept))) if status == "unplayable" else here


def _delivery(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Delivery.video_id == Video.id, condition)


def _delivered() -> ColumnElement[bool]:
    return _delivery(unled(Delivery.state) == DeliveryState.DELIVERED)
