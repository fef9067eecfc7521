"""What the retention rules would do, over HTTP. Nobody runs them from here: the worker does, every hour."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from threading import Lock
from time import monotonic
from typing import Any

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify

from backend.catalog.clock import Time
from backend.catalog.types import iso
from backend.catalog.videos import Scope
from backend.retention.preview import Preview
from backend.retention.preview_totals import Tally, Totals
from backend.retention.prune import Judged
from backend.web import queries
from backend.web.access import Right, needs, person, services
from backend.web.openapi import shaped
from backend.web.schemas import RetentionPreview

blueprint = APIBlueprint("retention", __name__, tag="Retention")
_ON_A_PAGE, _MOST_ON_A_PAGE = 200, 500
_MOST_DAYS = 36500
_AT_ONCE_SECONDS = 0.5
# What took longer is remembered for so many times as long.
_QUICK_SECONDS, _REMEMBERED, _MOST_REMEMBERED_SECONDS = 0.25, 60, 900.0
_one_at_a_time = Lock()


@blueprint.get("/api/retention/preview")
@blueprint.doc(
    summary="What the retention rules would do, now or some days from now",
    responses={200: "Totals, and a page of decisions"},
    extensions=shaped({200: RetentionPreview}, query=["days_ahead", "limit", "cursor"]),
)
@needs(Right.READ)
def preview() -> Response:
    """Looking changes nothing. `decisions`: the videos that are old enough for some rule, the oldest first, each with
    what would become of it and why; all others are kept, and counted in `totals.kept`. Before the worker does
    anything, it asks the sidecar and every copy that it relies on again.

    `totals` of very many videos may be some minutes old, and are counted piece by piece: while `totals_are_exact` is
    false there are at least so many, and each further question counts on for half a second.
    """
    days = queries.whole_number("days_ahead", 0, _MOST_DAYS) if queries.one("days_ahead") not in ("", "0") else 0
    limit = queries.whole_number("limit", _ON_A_PAGE, _MOST_ON_A_PAGE)
    looked = Preview(services().database, services().places, services().clock, services().retention)
    time, scope = looked.time(days), person().scope
    decisions, cursor = looked.page(time, scope, queries.one("cursor"), limit)
    totals = asdict(_totals(looked, time, scope, days))
    are_exact = totals.pop("are_exact")
    return jsonify(
        {
            "success": True,
            "at": iso(time.certain_at),
            "doubt": time.doubt,
            "rules": [{"name": rule.name, "words": rule.words} for rule in services().retention.rules],
            "totals": totals,
            "totals_are_exact": are_exact,
            "decisions": [_as_json(decision) for decision in decisions],
            "next_cursor": cursor,
        }
    )


@dataclass
class _Known:
    tally: Tally
    until: float


def _totals(looked: Preview, time: Time, scope: Scope, days: int) -> Totals:
    """Weighing a million videos takes the database seconds. No question waits for that: each has it go on a little,
    and what was counted is kept for a while."""
    known: dict[object, _Known] = current_app.extensions.setdefault("holdfast_totals", {})
    key = (scope.projects, days, time.doubt, looked.retention)
    with _one_at_a_time:
        for old in [k for k, one in known.items() if one.until < monotonic()]:
            del known[old]
        found = known.get(key)
        if found is None:
            found = known[key] = _Known(looked.tally(time, scope), monotonic() + _MOST_REMEMBERED_SECONDS)
    if found.tally.totals.are_exact:
        return found.tally.totals
    try:
        totals = found.tally.go_on(_AT_ONCE_SECONDS)
    except BaseException:
        found.until = 0.0
        raise
    took = found.tally.seconds
    # What took longer is remembered for longer.
    kept = _REMEMBERED * took if took > _QUICK_SECONDS else 0.0
    found.until = monotonic() + (min(kept, _MOST_REMEMBERED_SECONDS) if totals.are_exact else _MOST_REMEMBERED_SECONDS)
    return totals


def _as_json(judged: Judged) -> dict[str, Any]:
    return {
        "video_id": judged.video_id,
        "filename": judged.name,
        "project_id": judged.project_id,
        "size_bytes": judged.size_bytes,
        "action": judged.decision.action,
        "rule": judged.decision.rule,
        "reason": judged.decision.reason,
    }
