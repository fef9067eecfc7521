"""What targets keep for themselves between calls: in the catalog, one value for all workers, the first that came."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.exc import IntegrityError

from backend.catalog.database import Database
from backend.catalog.models import TargetNote
from backend.outbox.places import Place
from backend.targets.base import NoteTaker


@dataclass(frozen=True)
class CatalogNotes:
    """The notes (`targets.base.Notes`) of the target of that name. A name has at most 255 characters."""

    database: Database
    target: str

    def get(self, name: str) -> str | None:
        with self.database.read() as session:
            return session.scalar(select(TargetNote.value).where(*self._at(name)))

    def put(self, name: str, value: str, instead_of: str | None = None) -> str:
        """See the port. Where `instead_of` was lost with an older catalog, `value` takes its place too."""
        with self.database.write() as session:
            if instead_of is not None:
                expected = (*self._at(name), TargetNote.value == instead_of)
                session.execute(update(TargetNote).where(*expected).values(value=value))
            kept = select(TargetNote.value).where(*self._at(name))
            if (value_kept := session.scalar(kept)) is not None:
                return value_kept
            # Of several that come at once the database lets one in; the others then read what that one wrote.
            with suppress(IntegrityError), session.begin_nested():
                session.execute(insert(TargetNote).values(target=self.target, name=name, value=value))
            return session.scalars(kept).one()

    def _at(self, name: str) -> tuple[ColumnElement[bool], ...]:
        return TargetNote.target == self.target, TargetNote.name == name


def hand_out(places: Iterable[Place], database: Database) -> None:
    """Give every target that takes notes its own; before it is first used."""
    for place in places:
        if isinstance(place.target, NoteTaker):
            place.target.take_notes_in(CatalogNotes(database, place.config.name))
