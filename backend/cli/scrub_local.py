"""`scrub` without --remote: the files of this server, read again now."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from backend.catalog import lookup, scrubs
from backend.catalog.scrubs import Due
from backend.cli.terminal import Cell, Column, console, on_terminal, say, short_id, show_json, show_rows
from backend.disk.sizes import in_units
from backend.errors import StorageError
from backend.integrity.repair import Mended
from backend.integrity.scrub import Looked, Scrubber, State
from backend.outbox.clock import instant
from backend.services import Services

_COLUMNS = (
    Column("video", whole=True),
    Column("found", whole=True),
    Column("part", whole=True),
    Column("reason"),
    Column("name"),
)


@dataclass
class _Tally:
    """What was found. `halted`: why it ended early; `left`: how many still wait for their turn."""

    right: int = 0
    read_bytes: int = 0
    bad: list[Looked] = field(default_factory=list)
    left: int = 0
    halted: str = ""

    def add(self, looked: Looked) -> None:
        self.read_bytes += looked.read_bytes
        if looked.state is State.RIGHT:
            self.right += 1
        else:
            self.bad.append(looked)

    def of(self, state: State) -> list[Looked]:
        return [one for one in self.bad if one.state is state]


def scrub_local(
    services: Services, words: Sequence[str], *, everything: bool, run_seconds: float, as_json: bool
) -> int:
    """Read files again, tell what was found, and return the exit code."""
    tally, total_bytes = _Tally(), 0
    scrubber = services.scrubber
    with services.database.read() as session:
        named = [lookup.one(session, word) for word in words]
        before = instant(session) if everything else scrubber.before()
        if not named and before is not None:
            total_bytes = scrubs.bytes_before(session, before)
    total_bytes = total_bytes or sum(video.size_bytes for video in named)
    with _bar(total_bytes, as_json=as_json) as on_read:
        scrubber = replace(scrubber, on_read=on_read)
        wanted: Iterable[Due] = [Due(video.id, None) for video in named]
        if not named:
            wanted = scrubber.in_turn(before, impatient=True)
        _run(scrubber, wanted, run_seconds, tally)
    if not named and before is not None:
        tally.left = sum(1 for _ in scrubber.due(before)) if tally.halted or run_seconds < float("inf") else 0
        scrubber.note_run(tally.right + len(tally.bad), len(tally.bad), tally.halted)
    if as_json:
        show_json(_as_json(tally))
    else:
        _tell(tally)
    return 1 if tally.bad or tally.halted else 0


def _run(scrubber: Scrubber, wanted: Iterable[Due], run_seconds: float, tally: _Tally) -> None:
    try:
        for looked in scrubber.look_at(wanted, run_seconds):
            tally.add(looked)
    except StorageError as error:
        tally.halted = error.message


@contextmanager
def _bar(total_bytes: int, *, as_json: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; elsewhere it shows nothing."""
    on_stdout = on_terminal() and not as_json
    progress = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console(err=not on_stdout),
        transient=True,
        redirect_stdout=on_stdout,
        disable=not (on_stdout or sys.stderr.isatty()),
    )
    with progress:
        task = progress.add_task("reading", total=total_bytes)
        yield lambda read_bytes: progress.advance(task, read_bytes)


def _tell(tally: _Tally) -> None:
    rows = [row for looked in tally.bad for row in _rows(looked)]
    if rows:
        show_rows(_COLUMNS, rows, "")
    aside = not on_terminal()
    repaired, damaged = len(tally.of(State.REPAIRED)), len(tally.of(State.DAMAGED))
    counts = f"{tally.right} right, {repaired} repaired, {damaged} damaged"
    say(f"{counts}; {in_units(tally.read_bytes)} read.", err=aside)
    if tally.left:
        say(f"{tally.left} were not looked at: the time was over. Run it again to go on.", err=aside)
    if tally.halted:
        say(f"It ended early: {tally.halted}", err=True)


def _rows(looked: Looked) -> Iterator[list[Cell | str]]:
    for part, reason in _parts(looked):
        video = looked.video
        yield [short_id(video.id), str(looked.state), part, reason, video.original_filename]


def _parts(looked: Looked) -> list[tuple[str, str]]:
    """What was wrong with which part; a damage that was known and is over has nothing to tell."""
    return [(one.fault.part, _reason(one)) for one in looked.ended] or [("file", "It reads right again.")]


def _reason(one: Mended) -> str:
    return one.words or one.fault.words


def _as_json(tally: _Tally) -> dict[str, Any]:
    return {
        "right": tally.right,
        "repaired": [item for one in tally.of(State.REPAIRED) for item in _items(one)],
        "damaged": [item for one in tally.of(State.DAMAGED) for item in _items(one)],
        "read_bytes": tally.read_bytes,
        "left": tally.left,
        "halted": tally.halted or None,
    }


def _items(looked: Looked) -> Iterator[dict[str, Any]]:
    for one in looked.ended:
        yield {
            "video_id": looked.video.id,
            "filename": looked.video.original_filename,
            "part": one.fault.part,
            "kind": str(one.fault.kind),
            "reason": _reason(one),
            "no_copy": one.no_copy,
        }
    if not looked.ended:
        yield {
            "video_id": looked.video.id,
            "filename": looked.video.original_filename,
            "part": "file",
            "kind": None,
            "reason": "It reads right again.",
            "no_copy": False,
        }
