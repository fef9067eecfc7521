"""What a list can be narrowed to: projects, labels, tags and cameras, each with how many videos it has."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend.catalog.counts import LISTED, most_used, sums
from backend.catalog.videos import Scope

_MOST = 200


@dataclass(frozen=True)
class Facet:
    value: str
    count: int


@dataclass(frozen=True)
class Facets:
    """The most used first, at most 200 of each; only of videos that a list shows."""

    projects: list[Facet]
    labels: list[Facet]
    tags: list[Facet]
    cameras: list[Facet]


def facets(session: Session, scope: Scope) -> Facets:
    return Facets(
        projects=_by_label(session, "project_id", scope),
        labels=_by_label(session, "name", scope),
        tags=_most_used(session, "tag", scope),
        cameras=_most_used(session, "camera", scope),
    )


def _by_label(session: Session, column: str, scope: Scope) -> list[Facet]:
    found = [Facet(s.key[0], s.count) for s in sums(session, "label", scope, (column,), LISTED) if s.key[0]]
    return sorted(found, key=lambda facet: (-facet.count, facet.value))[:_MOST]


def _most_used(session: Session, kind: str, scope: Scope) -> list[Facet]:
    return [Facet(name, count) for name, count in most_used(session, kind, scope, _MOST)]
