"""How far the looking again is, here and at each target, and what is damaged: the answer of `/api/scrub`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from backend.catalog import damages, scrubs
from backend.catalog.database import Database
from backend.catalog.models import ScrubRun
from backend.catalog.types import iso
from backend.catalog.videos import EVERYTHING, Scope
from backend.outbox.clock import instant
from backend.outbox.places import Places

_MOST_DAMAGES = 200
_LOCAL, _REMOTE = "local:", "remote:"


def figures(database: Database, places: Places, days: float, scope: Scope = EVERYTHING) -> dict[str, Any]:
    """`days`: SCRUB_DAYS. Counts and damages are those of the projects in `scope`."""
    with database.read() as session:
        now, runs = instant(session), scrubs.runs(session)
        here = scrubs.figures(session, now - timedelta(days=days) if days else None, scope)
        remote = {}
        for name, place in places.by_name.items():
            if place.config.ephemeral:
                continue  # nobody looks there again
            every = place.config.verify_every_days
            before = now - timedelta(days=every) if every else None
            of_target = scrubs.remote_figures(session, name, before, scope)
            last = runs.get(f"{_REMOTE}{name}")
            remote[name] = {
                **of_target,
                "oldest_check_at": iso(of_target["oldest_check_at"]),
                "last_run_at": iso(last.last_run_at) if last else None,
            }
        local = {
            "checked": here.checked,
            "due": here.due,
            "damaged": damages.count(session, scope),
            "oldest_check_at": iso(here.oldest_check_at),
            **_last([run for name, run in runs.items() if name.startswith(_LOCAL)]),
            "damages": [damages.describe(damage) for damage in damages.listed(session, scope, _MOST_DAMAGES)],
        }
    return {"local": local, "remote": remote}


def _last(runs: list[ScrubRun]) -> dict[str, Any]:
    """Of all nodes' runs the latest; one that could not go on is not hidden behind another node's."""
    latest = max(runs, key=lambda run: run.last_run_at, default=None)
    return {
        "last_run_at": iso(latest.last_run_at) if latest else None,
        "halted": next((run.halted for run in runs if run.halted), None),
    }
