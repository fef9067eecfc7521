"""What `doctor` says of exports: those that nobody works at, copies that do not get away, results nobody knows of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from backend.catalog import exports
from backend.catalog.database import Database
from backend.catalog.models import Export
from backend.catalog.segments import camera_of
from backend.cli.findings import Finding, notice, well, wrong
from backend.disk.layout import Layout

# A worker writes how far it is each second, and looks for work twice a second.
_IDLE = timedelta(minutes=5)


def stuck_exports(layout: Layout, database: Database) -> Iterator[Finding]:
    """Only where there are exports at all."""
    with database.read() as session:
        found = exports.stuck(session, datetime.now(UTC) - _IDLE)
        count = sum(exports.counts(session).values())
    idle = tuple(_named(one) for one in found if one.status in exports.OPEN)
    copies = tuple(_copy(one) for one in found if one.status not in exports.OPEN)
    if idle:
        says = f"{len(idle)} exports have not moved for five minutes."
        yield wrong(
            "exports", says, "Does the worker run, with EXPORT_JOBS above 0? The reason may stand beside it.", idle
        )
    if copies:
        says = f"The copies of {len(copies)} exports are still not where they should be."
        yield notice("exports", says, "They are tried again by themselves. Look at the target: targets check", copies)
    if unknown := _unknown(layout, database):
        says = f"{len(unknown)} folders in exports/ belong to no export, as after a loss of the catalog."
        yield notice("exports", says, "verify-export tells what their files are. Remove what nobody needs.", unknown)
    elif count and not idle and not copies:
        yield well("exports", f"{count} known, and none is stuck.")


def _unknown(layout: Layout, database: Database) -> tuple[str, ...]:
    if not layout.exports.is_dir():
        return ()
    names = sorted(path.name for path in layout.exports.iterdir() if path.is_dir())
    ids = [name for name in names if camera_of(name) == name]
    with database.read() as session:
        known = exports.states_of(session, ids)
    return tuple(f"exports/{name}" for name in names if name not in known)


def _named(one: Export) -> str:
    return (
        f"{one.id} {one.status}, asked for by {one.created_by or '?'}: {one.error or one.phase or 'nothing is known'}"
    )


def _copy(one: Export) -> str:
    return f"{one.id} {one.delivery_state} at {one.delivery_target}: {one.delivery_error or 'nothing is known'}"
