"""`cleanup` and `cleanup-exec`: free local bytes that every required copy still has, and apply the rules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
from backend.disk.sizes import in_units
from backend.retention.policy import Action
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


_DAYS = click.argument("days", type=Days(), required=False)
_RULES = click.option("--rules", is_flag=True, help="by the rules of retention.toml, in place of DAYS")
_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_COLUMNS = (
    Column("id", whole=True),
    Column("what", whole=True),
    Column("size", "right", whole=True),
    Column("why"),
    Column("name"),
)
_WOULD: dict[Action, str] = {"prune": "would prune", "expire": "would expire", "move": "would move", "keep": "keep"}
_DID: dict[Action, str] = {"prune": "pruned", "expire": "expired", "move": "moved", "keep": "kept"}


@click.command()
@_DAYS
@_RULES
@click.option("--trust-clock", is_flag=True, help="this machine's clock is right: go on where it was doubted")
@_JSON
def cleanup(days: float | None, *, rules: bool, trust_clock: bool, as_json: bool) -> None:
    """Show what cleanup-exec would do, and why; changes nothing.

    With DAYS: looks at every video with local bytes that was saved more than DAYS days ago. With --rules: at every
    video that is old enough for one of the rules; the server itself carries them out every hour.

    A plain line holds: id, `prune`, `expire`, `move` or `keep`, bytes, the reason, original name.

    While the clock is doubted nothing is deleted, and the reason says so. With --trust-clock you say that it is right.
    """
    with opened() as services:
        if trust_clock:
            time = services.clock.trust()
            say(f"From now on the clock is believed again: it says {time.now:%Y-%m-%d %H:%M}Z.", err=as_json)
            if days is None and not rules:
                return
        plan = _plan(services, days, rules=rules)
        if as_json:
            show_json([_as_json(judged) for judged in plan])
            return
        sums = _Sums()
        nothing = "No video is old enough for it."
        if days is not None:
            nothing = f"No video with local bytes was saved more than {days:g} days ago."
        show_rows(_COLUMNS, (_row(judged, _WOULD) for judged in sums.counted(plan)), nothing)
        say(sums.words("would be"))
        _say_what_hinders(services)


@click.command("cleanup-exec")
@_DAYS
@_RULES
@click.option("--yes", is_flag=True, help="do not ask")
@_JSON
def cleanup_exec(days: float | None, *, rules: bool, yes: bool, as_json: bool) -> int:
    """Remove local bytes that every required copy still has.

    With DAYS: only of videos saved more than DAYS days ago. With --rules: does at once what the server does every
    hour: what is too old goes to the trash, what belongs on a cold target is queued for it, and local bytes go.

    Local bytes go only after each of the copies that are relied on was verified just now. The videos stay listed, and
    are fetched back when they are asked for. Exit code 1: a target did not confirm a copy.
    """
    with opened() as services:
        planned = _Sums()
        for _ in planned.counted(_plan(services, days, rules=rules)):
            pass
        done = iter(_plan(services, days, rules=rules))
        if planned.any:
            ask(f"{planned.words('will be').removesuffix('.')}?", yes=yes)
            done = services.housekeeper.run() if days is None else services.pruner.execute(days)
        sums = _Sums()
        answers, doubted = _carry_out(sums.counted(done), as_json=as_json)
        if as_json:
            show_json(answers)
        else:
            say(sums.words("were"))
            _say_what_hinders(services)
    return 1 if doubted else 0


@dataclass
class _Sums:
    """How many videos something becomes of, and their bytes."""

    found: dict[Action, list[int]] = field(default_factory=dict)

    def counted(self, judged: Iterable[Judged]) -> Iterator[Judged]:
        for one in judged:
            count, size = self.found.get(one.decision.action, [0, 0])
            self.found[one.decision.action] = [count + 1, size + one.size_bytes]
            yield one

    @property
    def any(self) -> bool:
        return any(action != "keep" for action in self.found)

    def words(self, verb: str) -> str:
        ends: dict[Action, str] = {"prune": "freed", "expire": "put into the trash", "move": "queued for a cold target"}
        of_one = verb.replace("were", "was")
        told = [
            f"{_amount(*self.found[a])} {of_one if self.found[a][0] == 1 else verb} {end}"
            for a, end in ends.items()
            if a in self.found
        ]
        if not told:
            return f"Nothing {of_one} freed."
        shared = " Bytes that several videos share go with the last of them." if "prune" in self.found else ""
        return f"{'; '.join(told)}.{shared}"


def _plan(services: Services, days: float | None, *, rules: bool) -> Iterable[Judged]:
    if (days is None) != rules:
        raise click.UsageError("Say either DAYS or --rules.")
    return services.housekeeper.plan() if days is None else services.pruner.plan(days)


def _carry_out(results: Iterable[Judged], *, as_json: bool) -> tuple[list[dict[str, Any]], bool]:
    """Each is told as it is done: asking the targets about a large library takes its time."""
    answers, doubted = [], False
    for judged in results:
        doubted |= judged.doubted
        if as_json:
            answers.append(_as_json(judged))
        elif on_terminal():
            done = _DID[judged.decision.action]
            say(f"{done:7} {judged.name} ({in_units(judged.size_bytes)}): {judged.decision.reason}")
        else:
            show_line(_row(judged, _DID))
    return answers, doubted


def _row(judged: Judged, words: Mapping[Action, str]) -> list[Cell | str]:
    action = judged.decision.action
    return [
        short_id(judged.video_id),
        Cell(action, words[action]),
        size_cell(judged.size_bytes),
        judged.decision.reason,
        judged.name,
    ]


def _amount(count: int, size_bytes: int) -> str:
    return f"{count} {'video' if count == 1 else 'videos'} ({in_units(size_bytes)})"


def _say_what_hinders(services: Services) -> None:
    if doubt := services.clock.read().doubt:
        say(f"Nothing is deleted at present: {doubt}")
    if not services.places.required and not services.places.required_of_recordings:
        say(
            "No required target is configured, so the local files are the only copies and none is removed. "
            "docs/VIDEO_STORAGE_GUIDE.md shows how to add a place for copies."
        )


def _as_json(judged: Judged) -> dict[str, Any]:
    return {
        "video_id": judged.video_id,
        "filename": judged.name,
        "project_id": judged.project_id,
        "size_bytes": judged.size_bytes,
        "action": judged.decision.action,
        "prune": judged.decision.prune,
        "rule": judged.decision.rule,
        "reason": judged.decision.reason,
    }
