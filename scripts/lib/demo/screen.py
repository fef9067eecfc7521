"""What the demo prints: calls and their answers; tables on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text


class Screen:
    """rich without its markup; it leaves colours out where NO_COLOR is set or nobody is looking."""

    def __init__(self) -> None:
        # A terminal that knows few letters gets a question mark, not an error.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(markup=False, emoji=False, highlight=False)
        self._pretty = sys.stdout.isatty()

    def title(self, words: str) -> None:
        if self._pretty:
            self._console.print(Rule(Text(words, "bold"), style="cyan"))
        else:
            self._line(f"== {words}")

    def step(self, words: str, call: str) -> None:
        """What is done now, and the call that does it."""
        self._line("")
        self._line(words, "bold")
        self._line(f"    {call}", "cyan")

    def answer(self, words: object) -> None:
        self._line(f"    -> {words}", "green")

    def trouble(self, words: object) -> None:
        self._line(f"    {words}", "yellow")

    def videos(self, found: Sequence[Mapping[str, Any]]) -> None:
        """A list of videos, as searches return it."""
        columns = ("title", "tags", "size", "type", "stored at", "key")
        rows = [
            (
                str(video.get("title", "")),
                ", ".join(video["tags"]),
                f"{video['video_size_bytes'] / 1024:.0f} kB",
                video["mime_type"],
                video["stored_at"][:19],
                video["key"],
            )
            for video in found
        ]
        self.table(columns, rows)

    def facts(self, facts: Mapping[str, object]) -> None:
        self.table(("name", "value"), [(name, str(value)) for name, value in facts.items()])

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        if not self._pretty:
            for row in rows:
                self._line("    " + "\t".join(row))
            return
        table = Table(box=None, header_style="dim", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="ellipsis", no_wrap=column not in ("title", "tags"))
        for row in rows:
            table.add_row(*row)
        self._console.print(Padding(table, (0, 0, 0, 4)))

    def _line(self, words: str, style: str = "") -> None:
        if not self._pretty:
            print(words)
            return
        # Not broken by us: a key that is copied from the terminal stays one word.
        self._console.print(Text(words, style), soft_wrap=True)
