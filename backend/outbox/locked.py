"""What is remembered of locks elsewhere, by video: enough to release one when its last hold is over, whatever became of
the copy. Kept as a note of the target, beside what the target itself notes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, delete, exists, literal, or_, select, update
from sqlalchemy.orm import Session, aliased

from backend.catalog.holds import counting
from backend.catalog.models import Hold, TargetNote
from backend.targets.base import RemoteCopy

LOCK = "lock_id"
_NOTE = "held "
# How a VMS's own notes of its locks begin (`targets.milestone.lock_notes`).
LOCK_NOTE = "lock "
_MOST = 1000


@dataclass(frozen=True)
class Locked:
    """`copy`: as it was locked, or as it was when a lock was first asked for. `seen_at`: when the target last said that
    the lock is there; None: not yet."""

    copy: RemoteCopy
    seen_at: datetime | None

    @property
    def lock_id(self) -> str:
        return lock_of(self.copy)


def lock_of(copy: RemoteCopy) -> str:
    return str(copy.proof.get(LOCK) or "")


def known(session: Session, target: str, video_ids: Iterable[str]) -> dict[str, Locked]:
    names = [_NOTE + video_id for video_id in video_ids]
    found = session.scalars(select(TargetNote).where(TargetNote.target == target, TargetNote.name.in_(names)))
    return {_video_of(note): _read(note.value) for note in found}


def over(session: Session, target: str, at: datetime) -> dict[str, Locked]:
    """What is remembered and not held any more."""
    is_of = TargetNote.name == literal(_NOTE, String()).concat(Hold.video_id)
    # Not by bounds: which words lie between two others hangs on the database's collation.
    mine = (TargetNote.target == target, TargetNote.name.startswith(_NOTE, autoescape=True))
    held = exists().where(and_(is_of, counting(at)))
    query = select(TargetNote).where(*mine, ~held).order_by(TargetNote.name).limit(_MOST)
    return {_video_of(note): _read(note.value) for note in session.scalars(query)}


def remember(session: Session, target: str, video_id: str, copy: RemoteCopy, seen_at: datetime | None) -> None:
    told: dict[str, Any] = {"key": copy.key, "proof": dict(copy.proof), "link": copy.link}
    value = json.dumps(told | {"seen_at": seen_at.isoformat() if seen_at else None})
    note = session.get(TargetNote, (target, _NOTE + video_id))
    if note is None:
        session.add(TargetNote(target=target, name=_NOTE + video_id, value=value))
    elif note.value != value:
        note.value = value


def forget(session: Session, target: str, video_id: str) -> None:
    session.execute(delete(TargetNote).where(*_is(target, video_id)))


def carry_over(session: Session, to: str, configured: Iterable[str]) -> None:
    """Take over what was noted of locks for a target that is called otherwise now: there is one VMS at most. Else its
    locks would be made a second time, and those of before never be released. What `to` has noted itself stays."""
    own, notes = aliased(TargetNote), TargetNote
    about_locks = or_(*(notes.name.startswith(start, autoescape=True) for start in (_NOTE, LOCK_NOTE)))
    has_own = exists().where(own.target == to, own.name == notes.name)
    left = select(notes).where(about_locks, notes.target.not_in([to, *configured]), ~has_own).order_by(notes.target)
    for note in {one.name: one for one in session.scalars(left)}.values():
        session.execute(update(notes).where(notes.target == note.target, notes.name == note.name).values(target=to))


def _is(target: str, video_id: str) -> tuple[ColumnElement[bool], ...]:
    return TargetNote.target == target, TargetNote.name == _NOTE + video_id


def _video_of(note: TargetNote) -> str:
    return note.name.removeprefix(_NOTE)


def _read(value: str) -> Locked:
    told = json.loads(value)
    seen_at = told.get("seen_at")
    copy = RemoteCopy(told["key"], told["proof"], told["link"])
    return Locked(copy, datetime.fromisoformat(seen_at) if seen_at else None)
