"""Reading the audit: a page for people, all of it in order for programs, and a line as plain JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from backend.catalog.audit_check import UNREADABLE
from backend.catalog.audit_words import words
from backend.catalog.database import Database
from backend.catalog.models import AuditLine
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, Scope
from backend.errors import BadField, Conflict

_CURSOR = re.compile(r"[0-9]{1,18}")
_AT_ONCE = 500


@dataclass(frozen=True)
class Asked:
    """Which lines. Empty fields do not filter."""

    who: str = ""  # a name or an id
    action: str = ""  # video.trashed; or a noun alone, video: all of these
    video_id: str = ""
    after: datetime | None = None  # included
    before: datetime | None = None  # not included


@dataclass(frozen=True)
class LinePage:
    lines: Sequence[AuditLine]
    next_cursor: str | None


def page(session: Session, asked: Asked, scope: Scope, cursor: str, limit: int) -> LinePage:
    """Newest first. `cursor`: what the page before gave."""
    query = select(AuditLine).where(*_conditions(asked, scope))
    if cursor:
        if not _CURSOR.fullmatch(cursor):
            raise BadField("cursor is not one that a page gave.", detail={"field": "cursor"})
        query = query.where(AuditLine.id < int(cursor))
    lines = _lines(session, query.order_by(AuditLine.id.desc()).limit(limit + 1))
    return LinePage(lines[:limit], str(lines[limit - 1].id) if len(lines) > limit else None)


def of_video(session: Session, video_id: str, most: int) -> Sequence[AuditLine]:
    """The latest lines about a video, newest first."""
    return page(session, Asked(video_id=video_id), EVERYTHING, "", most).lines


def every(database: Database, asked: Asked, scope: Scope = EVERYTHING) -> Iterator[AuditLine]:
    """All lines in the order they were written, those too that are added meanwhile; no transaction stays open."""
    last = 0
    while True:
        query = select(AuditLine).where(*_conditions(asked, scope), AuditLine.id > last)
        with database.read() as session:
            lines = _lines(session, query.order_by(AuditLine.id).limit(_AT_ONCE))
        yield from lines
        if len(lines) < _AT_ONCE:
            return
        last = lines[-1].id


def describe_line(line: AuditLine, *, with_address: bool = True) -> dict[str, Any]:
    """For people and their pages. From where somebody acts is not everybody's business."""
    return {
        "id": line.id,
        "at": iso(line.at),
        "who": line.who,
        "who_id": line.who_id,
        "address": line.address if with_address else "",
        "action": line.action,
        "words": words(line.action, line.what),
        "video_id": line.video_id or None,
        "project_id": line.project_id or None,
        "what": line.what,
    }


def export_line(line: AuditLine) -> dict[str, Any]:
    """All that the digest is over, so that whoever has the export can follow the chain."""
    at = line.at.isoformat(timespec="microseconds")
    names = ("who", "who_id", "address", "action", "video_id", "project_id", "what", "before", "digest")
    return {"id": line.id, "at": at} | {name: getattr(line, name) for name in names}


def _lines(session: Session, query: Select[AuditLine]) -> Sequence[AuditLine]:
    try:
        return session.scalars(query).all()
    except UNREADABLE as error:
        raise Conflict(
            "A line of the audit cannot be read: somebody changed it in the database. "
            "`video_manager audit verify` says which one."
        ) from error


def _conditions(asked: Asked, scope: Scope) -> list[ColumnElement[bool]]:
    action = AuditLine.action == asked.action
    if "." not in asked.action:
        action = AuditLine.action.startswith(f"{asked.action}.", autoescape=True)
    found = [
        or_(AuditLine.who == asked.who, AuditLine.who_id == asked.who) if asked.who else None,
        action if asked.action else None,
        AuditLine.video_id == asked.video_id if asked.video_id else None,
        AuditLine.at >= asked.after if asked.after is not None else None,
        AuditLine.at < asked.before if asked.before is not None else None,
        AuditLine.project_id.in_(scope.projects) if scope.projects is not None else None,
    ]
    return [condition for condition in found if condition is not None]
