"""`stats`: totals of videos, bytes, disk and copies."""

from __future__ import annotations

from collections.abc import Iterator

import click

from backend.catalog import stats as totals_of
from backend.catalog.describe_totals import describe_totals
from backend.catalog.stats import Amount, Totals
from backend.catalog.videos import EVERYTHING
from backend.cli.opened import opened
from backend.cli.states import delivery_words
from backend.cli.terminal import Cell, show_facts, show_json, size_cell, time_cell
from backend.disk.atomic import free_bytes
from backend.disk.sizes import in_units


@click.command()
@click.option("--json", "as_json", is_flag=True, help="for programs: what /api/videos/storage-stats answers")
def stats(as_json: bool) -> None:
    """Show totals: videos, bytes, disk, copies."""
    with opened() as services:
        with services.database.read() as session:
            totals = totals_of.totals(session, EVERYTHING)
        free = free_bytes(services.layout.root)
        if as_json:
            show_json({"success": True} | describe_totals(totals, free))
        else:
            show_facts(_facts(totals, free, str(services.layout.root)))


def _facts(totals: Totals, free: int, root: str) -> Iterator[tuple[str, Cell | str]]:
    yield "videos", str(totals.videos.count)
    yield "size", size_cell(totals.videos.bytes)
    yield "on disk", size_cell(totals.physical_bytes)
    yield "disk free", size_cell(free)
    yield "folder", root
    if totals.videos.count:
        yield "oldest", time_cell(totals.oldest_at)
        yield "newest", time_cell(totals.newest_at)
    yield from ((f"project {name}", _amount(a)) for name, a in sorted(totals.by_project.items()))
    yield from ((f"label {name or '(none)'}", _amount(a)) for name, a in sorted(totals.by_content_type.items()))
    for target, states in sorted(totals.deliveries.items()):
        yield from ((f"copy {target} {delivery_words(state)}", _amount(a)) for state, a in sorted(states.items()))


def _amount(amount: Amount) -> Cell:
    videos = "video" if amount.count == 1 else "videos"
    return Cell(f"{amount.count} {amount.bytes}", f"{amount.count} {videos}, {in_units(amount.bytes)}")
