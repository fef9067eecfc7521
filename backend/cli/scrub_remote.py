"""`scrub --remote`: look at the copies that were verified again, now."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from backend.cli.terminal import Cell, Column, console, on_terminal, say, short_id, show_json, show_rows
from backend.outbox.reverify import Found, Looked, Reverifier
from backend.services import Services

_COLUMNS = (
    Column("video", whole=True),
    Column("target", whole=True),
    Column("found", whole=True),
    Column("reason"),
    Column("name"),
)
_WORDS = {Found.DAMAGED: "damaged", Found.UNREACHABLE: "not reached"}


@dataclass
class _Tally:
    """What was found; `ended`: the target let them go in time; `left_alone`: why a target was not asked."""

    right: int = 0
    left: int = 0  # the time was over before their turn came
    bad: list[Looked] = field(default_factory=list)
    ended: list[Looked] = field(default_factory=list)
    left_alone: dict[str, str] = field(default_factory=dict)

    def add(self, looked: Looked) -> Looked:
        if looked.found is Found.RIGHT:
            self.right += 1
        elif looked.found is Found.ENDED:
            self.ended.append(looked)
        else:
            self.bad.append(looked)
        return looked

    def of(self, found: Found) -> list[Looked]:
        return [one for one in self.bad if one.found is found]

    @property
    def code(self) -> int:
        return 1 if self.bad or self.left_alone else 0


def scrub_remote(
    services: Services, only: str, *, everything: bool, reread: bool, run_seconds: float, as_json: bool
) -> int:
    """Look at the copies on targets, tell what was found, and return the exit code."""
    lasting = [name for name, place in services.places.by_name.items() if not place.config.ephemeral]
    names = [services.places.get(only).config.name] if only else lasting
    reverifier = Reverifier(services.database, services.layout, services.places, services.log, reread=reread)
    tally = _look(services, reverifier, names, everything, time.monotonic() + run_seconds, as_json=as_json)
    if as_json:
        show_json(_as_json(tally))
    else:
        _tell(tally)
    return tally.code


def _look(
    services: Services, reverifier: Reverifier, names: Sequence[str], everything: bool, end: float, *, as_json: bool
) -> _Tally:
    tally = _Tally()
    rounds = []
    for name in names:
        if reason := reverifier.left_alone(name):
            tally.left_alone[name] = reason
        elif everything or services.places.get(name).config.verify_every_days:
            meant = reverifier.meant(name, everything=everything)
            rounds.append((meant, reverifier.copies(meant)))
    with _bar(sum(len(ids) for _, ids in rounds), as_json=as_json) as shown:
        for meant, ids in rounds:
            looks = reverifier.look_at(meant, ids, max(0.0, end - time.monotonic()))
            found = list(map(tally.add, shown(meant.target, looks)))
            reverifier.note_run(meant.target, found)
            tally.left += len(ids) - len(found)
            # A target that failed for everybody meanwhile is asked no more.
            if reason := reverifier.left_alone(meant.target):
                tally.left_alone[meant.target] = reason
    return tally


class _Shown:
    """Lets looks pass and moves the bar with each."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._task = progress, progress.add_task("", total=total)

    def __call__(self, target: str, looks: Iterable[Looked]) -> Iterator[Looked]:
        self._progress.update(self._task, description=target)
        for looked in looks:
            self._progress.advance(self._task)
            yield looked


@contextmanager
def _bar(total: int, *, as_json: bool) -> Iterator[_Shown]:
    """A progress bar on a terminal; elsewhere it shows nothing."""
    on_stdout = on_terminal() and not as_json
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(err=not on_stdout),
        transient=True,
        redirect_stdout=on_stdout,
        disable=not (on_stdout or sys.stderr.isatty()),
    )
    with progress:
        yield _Shown(progress, total)


def _tell(tally: _Tally) -> None:
    if tally.bad:
        show_rows(_COLUMNS, map(_row, tally.bad), "")
    damaged, unreachable = len(tally.of(Found.DAMAGED)), len(tally.of(Found.UNREACHABLE))
    say(f"{tally.right} right, {damaged} damaged, {unreachable} not reachable.", err=not on_terminal())
    if damaged:
        say("The worker sends the damaged ones again.", err=not on_terminal())
    if tally.ended:
        say(f"{len(tally.ended)} ended: kept there for as long as the target keeps what it has.", err=not on_terminal())
    if tally.left:
        say(f"{tally.left} were not looked at: the time was over. Run it again to go on.", err=not on_terminal())
    for name, reason in tally.left_alone.items():
        say(f"{name} was not asked further: {reason}", err=True)


def _row(looked: Looked) -> list[Cell | str]:
    return [
        short_id(looked.look.video.id),
        looked.look.target,
        Cell(looked.found, _WORDS[looked.found]),
        looked.reason,
        looked.look.video.original_filename,
    ]


def _as_json(tally: _Tally) -> dict[str, Any]:
    return {
        "right": tally.right,
        "damaged": [_item(one) for one in tally.of(Found.DAMAGED)],
        "unreachable": [_item(one) for one in tally.of(Found.UNREACHABLE)],
        "ended": [_item(one) for one in tally.ended],
        "left": tally.left,
        "left_alone": [{"target": name, "reason": reason} for name, reason in tally.left_alone.items()],
    }


def _item(looked: Looked) -> dict[str, Any]:
    video = looked.look.video
    return {
        "video_id": video.id,
        "filename": video.original_filename,
        "target": looked.look.target,
        "reason": looked.reason,
        "lost": looked.lost,
    }
