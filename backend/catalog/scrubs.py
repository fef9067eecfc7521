"""Which files here are to be read again, what was found right, and the figures of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, false, func, select, update
from sqlalchemy.orm import Session, raiseload

from backend.catalog.models import LOCAL_FAILURES, Damage, Delivery, DeliveryState, ScrubRun, Video
from backend.catalog.videos import Scope

# Files in the trash too, until they are purged. Of a pruned video the sidecar is still read.
_KEPT = ("present", "pruned")
# The first condition is the index's own.
_HERE = [Video.local_state != "purged", Video.local_state.in_(_KEPT)]
# By state first: those are few, and have an index.
_COMPLAINT = (Delivery.state == DeliveryState.FAILED, Delivery.error_code.in_(LOCAL_FAILURES))
# A stamp further ahead than this was written by a wrong clock: such a file is due.
_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """A file whose turn has come; `last_at`: when its bytes were last known to be right; None: whenever that was."""

    video_id: str
    last_at: datetime | None


@dataclass(frozen=True)
class Figures:
    """`checked`: files that were read again at least once since they were saved."""

    checked: int
    due: int
    oldest_check_at: datetime | None


def due(session: Session, nodes: Sequence[str], before: datetime, now: datetime, most: int) -> list[Due]:
    """Files last read before `before`, those first that waited longest."""
    # What is known to be damaged has its own turn; what is not hashed yet has nothing that it could be compared with.
    ours = [*_HERE, Video.node.in_(nodes), ~Video.damages.any(), Video.sha256 != ""]
    never = select(Video.id, Video.created_at).where(*ours, Video.scrubbed_at.is_(None), Video.created_at <= before)
    again = select(Video.id, Video.scrubbed_at).where(*ours, Video.scrubbed_at <= before)
    ahead = select(Video.id, Video.scrubbed_at).where(*ours, Video.scrubbed_at > now + _AHEAD)
    # Each walks its stretch of the index, in the index's own order, and stops early.
    in_order = (Video.scrubbed_at, Video.created_at, Video.id)
    rows = [row for query in (never, again, ahead) for row in session.execute(query.order_by(*in_order).limit(most))]
    found = sorted((at, video_id) for video_id, at in rows if at is not None)
    return [Due(video_id, at) for at, video_id in found[:most]]


def without_sha1(session: Session, nodes: Sequence[str], since: datetime, most: int) -> list[Due]:
    """Files saved since then whose SHA-1 nobody took yet: large ones."""
    ours = (Video.local_state == "present", Video.node.in_(nodes), Video.trashed_at.is_(None), ~Video.damages.any())
    query = select(Video.id).where(Video.sha1 == "", Video.sha256 != "", Video.created_at >= since, *ours)
    return [Due(found, None) for found in session.scalars(query.order_by(Video.created_at, Video.id).limit(most))]


def accused(session: Session, nodes: Sequence[str], most: int) -> list[str]:
    """Videos whose file a delivery found bad since it was last read here: they do not wait for their turn."""
    complaint = select(Delivery.video_id).where(*_COMPLAINT)
    query = select(Video.id).where(Video.id.in_(complaint), Video.local_state == "present", Video.node.in_(nodes))
    return list(session.scalars(query.where(~Video.damages.any()).limit(most)))


def one(session: Session, video_id: str) -> Video | None:
    """The row without what hangs on it."""
    return session.get(Video, video_id, options=[raiseload("*")], populate_existing=True)


def is_accused(session: Session, video_id: str) -> bool:
    """Whether a delivery failed because the file was bad."""
    return session.scalar(select(Delivery.id).where(Delivery.video_id == video_id, *_COMPLAINT).limit(1)) is not None


def known_ill(session: Session, video_id: str) -> list[str]:
    """The parts of a video that are known to be damaged."""
    return list(session.scalars(select(Damage.part).where(Damage.video_id == video_id).order_by(Damage.part)))


def found_right(session: Session, video_ids: Sequence[str], at: datetime) -> None:
    rows = update(Video).where(Video.id.in_(video_ids), Video.local_state.in_(_KEPT))
    session.execute(rows.values(scrubbed_at=at).execution_options(synchronize_session=False))


def nodes(session: Session) -> list[str]:
    """The names of all nodes that have files."""
    return list(session.scalars(select(Video.node).where(Video.local_state == "present").distinct()))


def samples(session: Session, node: str, most: int) -> list[str]:
    """Places of some of a node's files, the newest."""
    query = select(Video.relative_path).where(Video.local_state == "present", Video.node == node)
    return list(session.scalars(query.order_by(Video.created_at.desc(), Video.id.desc()).limit(most)))


def figures(session: Session, before: datetime | None, scope: Scope) -> Figures:
    """`before`: what was last read before that is due; None: nothing ever is."""
    present = [Video.local_state != "purged", Video.local_state == "present", *scope.condition()]
    checked = select(func.count()).where(*present, Video.scrubbed_at.is_not(None))
    last = func.coalesce(Video.scrubbed_at, Video.created_at)
    waiting = select(func.count()).where(*present, last <= before) if before is not None else None
    return Figures(
        checked=session.scalar(checked) or 0,
        due=(session.scalar(waiting) or 0) if waiting is not None else 0,
        oldest_check_at=_oldest(session, present),
    )


def _oldest(session: Session, present: list[ColumnElement[bool]]) -> datetime | None:
    # Two walks along the index: a minimum over an expression would read every row.
    never = select(Video.created_at).where(*present, Video.scrubbed_at.is_(None)).order_by(Video.created_at).limit(1)
    again = select(Video.scrubbed_at).where(*present, Video.scrubbed_at.is_not(None))
    found = [session.scalar(never), session.scalar(again.order_by(Video.scrubbed_at).limit(1))]
    return min((at for at in found if at is not None), default=None)


def bytes_before(session: Session, before: datetime) -> int:
    """How much is here that was last read before then."""
    size = select(func.coalesce(func.sum(Video.size_bytes), 0)).where(*_HERE, Video.local_state == "present")
    return int(session.scalar(size.where(func.coalesce(Video.scrubbed_at, Video.created_at) <= before)) or 0)


def remote_figures(session: Session, target: str, before: datetime | None, scope: Scope) -> dict[str, Any]:
    """Of a target's copies: looked at, due, damaged, and the oldest look."""
    there = [Delivery.target == target, Delivery.state == DeliveryState.DELIVERED, *scope.condition()]
    looked = func.count().filter(Delivery.checked_at > Delivery.created_at)
    late = func.count().filter(Delivery.checked_at <= before) if before is not None else func.count().filter(false())
    counts = select(looked, late, func.min(Delivery.checked_at)).join(Video, Video.id == Delivery.video_id)
    checked, due_now, oldest = session.execute(counts.where(*there)).one()
    damaged = (
        select(func.count())
        .select_from(Delivery)
        .join(Video, Video.id == Delivery.video_id)
        .where(*scope.condition())
        .where(Delivery.target == target, Delivery.state == DeliveryState.DAMAGED)
    )
    return {"checked": checked, "due": due_now, "damaged": session.scalar(damaged) or 0, "oldest_check_at": oldest}


def note_run(session: Session, name: str, at: datetime, checked: int, damaged: int, halted: str) -> None:
    """Keep that a run was made, and how it went."""
    session.merge(ScrubRun(name=name, last_run_at=at, checked=checked, damaged=damaged, halted=halted))


def runs(session: Session) -> dict[str, ScrubRun]:
    return {run.name: run for run in session.scalars(select(ScrubRun))}
