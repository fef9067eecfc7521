"""`logs`: the story of one upload, or the end of the whole log."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import click

from backend.cli.log_lines import LogReader, as_facts
from backend.cli.terminal import say
from backend.log import FILE_NAME
from backend.settings import load_settings

_LAST = 50
_LOOK_EVERY_SECONDS = 0.2


@click.command()
@click.argument("upload", default="", metavar="[ID]")
@click.option("-f", "--follow", is_flag=True, help="go on with what is written from now on, until Ctrl-C")
@click.option("-n", "--lines", type=click.IntRange(0), help=f"the last N (default {_LAST}; all of them with an ID)")
@click.option("--json", "as_json", is_flag=True, help="for programs: one JSON object on each line")
def logs(upload: str, follow: bool, lines: int | None, as_json: bool) -> int:
    """Show what happened, step by step, the latest last.

    With an ID only the lines of that upload; any other text that stands in a line will do as well. Exit
    code 1: no line has it.
    """
    settings = load_settings()
    log = settings.log_dir.absolute() / FILE_NAME
    show: Callable[[str], None] = _show_json if as_json else say
    kept = lines if lines is not None else None if upload else _LAST
    with LogReader(log) as reader:
        old = deque((line for line in reader.more() if upload in line), maxlen=kept)
        for line in old:
            show(line)
        if follow:
            # Ctrl-C is how following is meant to end.
            with suppress(KeyboardInterrupt):
                _follow(reader, upload, show)
        elif not old:
            say(f"Nothing about that in {log}." if upload else f"Nothing was logged in {log} yet.", err=True)
            # An empty log is well; a search that finds nothing is an answer that scripts must see.
            return 1 if upload and lines != 0 else 0
    return 0


def _follow(reader: LogReader, wanted: str, show: Callable[[str], None]) -> None:
    pause = threading.Event()
    while not pause.wait(_LOOK_EVERY_SECONDS):
        for line in reader.more():
            if wanted in line:
                show(line)


def _show_json(line: str) -> None:
    click.echo(json.dumps(as_facts(line)))
