"""`cleanup` and `cleanup-exec`: free local bytes that every required copy still has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import click

from backend.cli.opened import opened
from backend.cli.terminal import (
    Cell,
    Column,
    ask,
    on_terminal,
    say,
    short_id,
    show_json,
    show_line,
    show_rows,
    size_cell,
)
from backend.intake.receive import in_units
from backend.retention.prune import Judged
from backend.services import Services

_MOST_DAYS = 36500


class Days(click.FloatRange):
    """Days back from now; what is no number of them ends here, not in the calendar."""

    def __init__(self) -> None:
        super().__init__(0, _MOST_DAYS)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        days = super().convert(value, param, ctx)
        if math.isnan(days):
            self.fail(f"{value} is not in the range 0 to {_MOST_DAYS}.", param, ctx)
        return days


_DAYS = click.argument("days", type=Days())
_COLUMNS = (
    Column("id", whole=True),
    Column("what", whole=True),
    Column("size", "right", whole=True),
    Column("why"),
    Column("name"),
)


@click.command()
@_DAYS
@click.option("--json", "as_json", is_flag=True, help="for programs")
def cleanup(days: float, as_json: bool) -> None:
    """Show what cleanup-exec would do, and why; changes nothing.

    Looks at every video with local bytes that was saved more than DAYS days ago.

    A plain line holds: id, `prune` or `keep`, bytes, the reason, original name.
    """
    with opened() as services:
        plan = services.pruner.plan(days)
        if as_json:
            show_json([_as_json(judged) for judged in plan])
            return
        nothing = f"No video with local bytes was saved more than {days:g} days ago."
        show_rows(_COLUMNS, (_row(judged, "would prune") for judged in plan), nothing)
        say(_in_all(_to_prune(plan), "would be freed"))
        _say_without_target(services)


@click.command("cleanup-exec")
@_DAYS
@click.option("--yes", is_flag=True, help="do not ask")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def cleanup_exec(days: float, yes: bool, as_json: bool) -> int:
    """Remove local bytes that every required copy still has.

    Only of videos saved more than DAYS days ago, and only after each of those copies was verified just now. The
    videos stay listed, and are fetched back when they are asked for. Exit code 1: a target did not confirm a copy.
    """
    with opened() as services:
        plan = services.pruner.plan(days)
        if _to_prune(plan):
            ask(f"Remove the local bytes of {_amount(_to_prune(plan))}?", yes=yes)
            results = services.pruner.execute(days)
        else:
            results = iter(plan)
        pruned, answers, doubted = _carry_out(results, as_json=as_json)
        if as_json:
            show_json(answers)
        else:
            say(_in_all(pruned, "were freed"))
            _say_without_target(services)
    return 1 if doubted else 0


def _carry_out(results: Iterable[Judged], *, as_json: bool) -> tuple[list[Judged], list[dict[str, Any]], bool]:
    """Each is told as it is done: asking the targets about a large library takes its time."""
    pruned, answers, doubted = [], [], False
    for judged in results:
        pruned += [judged] if judged.decision.prune else []
        doubted |= judged.doubted
        answers.append(_as_json(judged))
        if as_json:
            continue
        if on_terminal():
            done = "pruned" if judged.decision.prune else "kept  "
            say(f"{done} {judged.name} ({in_units(judged.size_bytes)}): {judged.decision.reason}")
        else:
            show_line(_row(judged, "pruned"))
    return pruned, answers, doubted


def _row(judged: Judged, done: str) -> list[Cell | str]:
    return [
        short_id(judged.video_id),
        Cell("prune", done) if judged.decision.prune else Cell("keep", "keep"),
        size_cell(judged.size_bytes),
        judged.decision.reason,
        judged.name,
    ]


def _to_prune(judged: Iterable[Judged]) -> list[Judged]:
    return [j for j in judged if j.decision.prune]


def _in_all(pruned: Sequence[Judged], freed: str) -> str:
    if not pruned:
        return f"Nothing {freed.replace('were', 'was')}."
    return f"{_amount(pruned)} {freed}. Bytes that several videos share go with the last of them."


def _amount(judged: Sequence[Judged]) -> str:
    videos = "video" if len(judged) == 1 else "videos"
    return f"{len(judged)} {videos} ({in_units(sum(j.size_bytes for j in judged))})"


def _say_without_target(services: Services) -> None:
    if not services.places.required:
        say(
            "No required target is configured, so the local files are the only copies and none is removed. "
            "docs/VIDEO_STORAGE_GUIDE.md shows how to add a place for copies."
        )


def _as_json(judged: Judged) -> dict[str, Any]:
    return {
        "video_id": judged.video_id,
        "filename": judged.name,
        "size_bytes": judged.size_bytes,
        "prune": judged.decision.prune,
        "reason": judged.decision.reason,
    }
