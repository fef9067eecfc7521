"""How answers look: tables on a terminal, plain lines in a pipe, JSON for programs. No name can play tricks on it.

Everything a command prints goes through here. Plain lines have one record each, tabs between the values.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from backend.catalog.types import iso
from backend.disk.sizes import in_units
from backend.errors import Refused


@dataclass(frozen=True)
class Cell:
    """A value as programs read it from a plain line, and as people read it on a terminal."""

    plain: str
    shown: str


@dataclass(frozen=True)
class Column:
    title: str
    align: Literal["left", "right"] = "left"
    whole: bool = False  # never broken over two lines


def safe(text: object) -> str:
    """Text that cannot steer a terminal: control characters, direction marks and the like become escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def size_cell(size_bytes: int) -> Cell:
    return Cell(str(size_bytes), in_units(size_bytes))


def time_cell(at: datetime | None) -> Cell:
    return Cell(iso(at) or "", at.strftime("%Y-%m-%d %H:%M:%SZ") if at else "never")


def say(*lines: str, err: bool = False) -> None:
    """One or more lines of our own words; names in them are made harmless, a line break in one too."""
    click.echo("\n".join(map(safe, lines)), err=err)


def show_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=1))


def show_json_lines(values: Iterable[Any]) -> None:
    """A JSON array with one element on each line, written while they come."""
    mark = "["
    for value in values:
        click.echo(f"{mark}{json.dumps(value)}", nl=False)
        mark = ",\n"
    click.echo("]" if mark != "[" else "[]")


def show_rows(columns: Sequence[Column], rows: Iterable[Sequence[Cell | str]], nothing: str) -> None:
    """A table, or a plain line for each row; `nothing` is said when there is none."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        say(nothing, err=not on_terminal())
    elif on_terminal():
        _show_table(columns, [first, *rows])
    else:
        show_line(first)
        for row in rows:
            show_line(row)


def show_facts(facts: Iterable[tuple[str, Cell | str]]) -> None:
    """Names with their values; those without a value are left out."""
    known = [(name, value) for name, value in facts if (value.plain if isinstance(value, Cell) else value)]
    if not on_terminal():
        for fact in known:
            show_line(fact)
        return
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        # Not wrapped by us: a digest or a receipt that is copied from the terminal stays one word.
        line = Text.assemble((name.ljust(width), "dim"), "  ", _shown(value))
        console().print(line, soft_wrap=True)


def ask(question: str, *, yes: bool) -> None:
    """Return when the answer is yes. Without a terminal nobody can answer, so it takes `--yes`."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(f"{question} There is no terminal to answer on, so nothing was done. Say --yes if you mean it.")
    click.confirm(safe(question), abort=True, err=True)


def console(*, err: bool = False) -> Console:
    """rich, without its markup: a name such as [red] is a name."""
    return Console(stderr=err, markup=False, emoji=False, highlight=False)


def short_id(video_id: str) -> Cell:
    """An id; its first characters do on a terminal, and every command understands them."""
    return Cell(video_id, video_id[:8])


def on_terminal() -> bool:
    """Not rich's own answer: FORCE_COLOR asks for colours, not for tables in a pipe."""
    return sys.stdout.isatty()


def _show_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell | str]]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column.title, justify=column.align, no_wrap=column.whole, overflow="fold")
    for row in rows:
        table.add_row(*map(_shown, row))
    console().print(table)


def show_line(values: Sequence[Cell | str]) -> None:
    click.echo("\t".join(safe(v.plain if isinstance(v, Cell) else v) for v in values))


def _shown(value: Cell | str) -> str:
    return safe(value.shown if isinstance(value, Cell) else value)
