"""`cleanup` and `cleanup-exec`: free local bytes that every required copy still has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from backend.cli.opened import opened
from backend.cli.terminal import Cell, Column, ask, say, short_id, show_json, show_rows, size_cell
from backend.intake.receive import in_units
from backend.retention.prune import Judged
from backend.services import Services

_DAYS = click.argument("days", type=click.FloatRange(min=0))
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
        _show(plan, "would prune", days)
        say(_in_all(plan, "would be freed"))
        _say_without_target(services)


@click.command("cleanup-exec")
@_DAYS
@click.option("--yes", is_flag=True, help="do not ask")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def cleanup_exec(days: float, yes: bool, as_json: bool) -> None:
    """Remove local bytes that every required copy still has.

    Only of videos saved more than DAYS days ago, and only after each of those copies was verified just now. The
    videos stay listed, and are fetched back when they are asked for.
    """
    with opened() as services:
        plan = services.pruner.plan(days)
        to_prune = [judged for judged in plan if judged.decision.prune]
        if to_prune:
            videos = "video" if len(to_prune) == 1 else "videos"
            ask(f"Remove the local bytes of {len(to_prune)} {videos} ({_bytes_of(to_prune)})?", yes=yes)
        done = _Tally()
        results = done.counted(services.pruner.execute(days)) if to_prune else plan
        if as_json:
            show_json([_as_json(judged) for judged in results])
            return
        _show(results, "pruned", days)
        say(_in_all(done.pruned, "were freed"))
        _say_without_target(services)


@dataclass
class _Tally:
    """Keeps what was pruned while it is shown."""

    pruned: list[Judged] = field(default_factory=list)

    def counted(self, results: Iterable[Judged]) -> Iterable[Judged]:
        for judged in results:
            if judged.decision.prune:
                self.pruned.append(judged)
            yield judged


def _show(judged: Iterable[Judged], done: str, days: float) -> None:
    rows = (
        (
            short_id(j.video_id),
            Cell("prune", done) if j.decision.prune else Cell("keep", "keep"),
            size_cell(j.size_bytes),
            j.decision.reason,
            j.name,
        )
        for j in judged
    )
    show_rows(_COLUMNS, rows, f"No video with local bytes was saved more than {days:g} days ago.")


def _in_all(judged: Sequence[Judged], freed: str) -> str:
    pruned = [j for j in judged if j.decision.prune]
    return f"{_bytes_of(pruned)} {freed} ({len(pruned)} of the videos; bytes shared with others stay)."


def _bytes_of(judged: Sequence[Judged]) -> str:
    return in_units(sum(j.size_bytes for j in judged))


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
