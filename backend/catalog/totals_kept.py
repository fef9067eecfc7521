"""Totals of lists that the kept counts know already: exact, however many there are."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from backend.catalog.counts import LISTED, sums
from backend.catalog.filters import Wanted
from backend.catalog.videos import Scope

_TRASHED = "trashed"


def known(session: Session, wanted: Wanted, scope: Scope) -> int | None:
    """How many videos a list has on all its pages; None: nobody has counted them."""
    if wanted.project_id and not scope.allows(wanted.project_id):
        mine = Scope(frozenset())
    else:
        mine = Scope(frozenset({wanted.project_id})) if wanted.project_id else scope
    others = replace(wanted, project_id="", sort="")
    if replace(others, content_type="") == Wanted():
        return _labelled(session, mine, wanted.content_type, LISTED)
    if replace(others, content_type="", state="", status="") == Wanted() and {others.state, others.status} <= {
        "",
        _TRASHED,
    }:
        return _labelled(session, mine, wanted.content_type, (_TRASHED,))
    if len(wanted.tags) == 1 and replace(others, tags=(), operator="OR") == Wanted():
        return _named(session, "tag", mine, wanted.tags[0])
    if wanted.camera_id and replace(others, camera_id="") == Wanted():
        return _named(session, "camera", mine, wanted.camera_id)
    return None


def _labelled(session: Session, scope: Scope, label: str, states: tuple[str, ...]) -> int:
    labels = sums(session, "label", scope, ("name",), states)
    return sum(s.count for s in labels if label in ("", s.key[0]))


def _named(session: Session, kind: str, scope: Scope, name: str) -> int:
    return sum(s.count for s in sums(session, kind, scope, ("name",), names=(name,)))
