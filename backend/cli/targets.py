"""`targets`: the places that get copies: health, check, pause, resume, and existing videos for a new one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from backend.cli.login import login
from backend.cli.opened import opened
from backend.cli.states import unwell
from backend.cli.terminal import Cell, Column, on_terminal, say, show_json, show_rows, time_cell
from backend.disk.sizes import in_units
from backend.outbox.backfill import Backfill
from backend.services import Services

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_COLUMNS = (
    Column("name", whole=True),
    Column("kind", whole=True),
    Column("state", whole=True),
    Column("waiting", "right", whole=True),
    Column("oldest since"),
    Column("last success"),
    Column("last error"),
)


@click.group(invoke_without_command=True)
@_AS_JSON
@click.pass_context
def targets(ctx: click.Context, as_json: bool) -> None:
    """Show and steer the places that get copies, and sign in to Google Drive."""
    if ctx.invoked_subcommand is None:
        _list(as_json=as_json)


@targets.command("list")
@_AS_JSON
def list_targets(as_json: bool) -> None:
    """Show every target: its state, what waits for it, and what it says.

    A plain line holds: name, kind, state, count and bytes that wait, since when, last success, last error, why it is
    not up, next question.
    """
    _list(as_json=as_json)


@targets.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_AS_JSON
def check(names: tuple[str, ...], as_json: bool) -> int:
    """Try each target with a small file.

    It is written, read back and removed. A good answer also ends the waiting of what could not be sent.
    """
    answers = []
    with opened() as services:
        for name in names or tuple(services.places.by_name):
            report = services.desk.check(name)
            answers.append({"name": name, "ok": report.ok, "message": report.message, "details": dict(report.details)})
            if not as_json:
                say(f"{name}: {'well' if report.ok else 'NOT WELL'}. {report.message}")
        if not answers and not as_json:
            say(_NONE)
    if as_json:
        show_json(answers)
    return 0 if all(answer["ok"] for answer in answers) else 1


@targets.command()
@click.argument("name")
def pause(name: str) -> None:
    """Start nothing new to this target; what moves may finish, the rest waits."""
    with opened() as services:
        services.desk.pause(name)
    say(f"{name} is paused. `video_manager targets resume {name}` lets it go on.")


@targets.command()
@click.argument("name")
def resume(name: str) -> None:
    """Go on, and forget old failures."""
    with opened() as services:
        services.desk.resume(name)
    say(f"{name} goes on.")


@targets.command()
@click.argument("name")
@click.option("--project", default="", help="only videos of this project")
@click.option("--label", default="", help="only videos with this label (content_type)")
@click.option("--dry-run", is_flag=True, help="only say how many")
@_AS_JSON
def enqueue(name: str, project: str, label: str, dry_run: bool, as_json: bool) -> None:
    """Queue the videos that were here before target NAME was.

    Again is fine: none is queued twice. To a VMS only recordings go, unless --project or --label names others.
    """
    with opened() as services:
        backfill = Backfill(services.database, services.layout, services.places, services.log)
        found = backfill.count(name, project, label)
        if not dry_run:
            queued = backfill.enqueue(name, project, label)
            found = type(found)(queued.count, queued.bytes, found.elsewhere)
        hints = unwell(services.desk.targets(), [name])
    if as_json:
        answer = {"target": name, "count": found.count, "bytes": found.bytes, "not_here": found.elsewhere}
        show_json(answer | {"queued": not dry_run})
        return
    videos, were = ("video", "was") if found.count == 1 else ("videos", "were")
    say(f"{found.count} {videos} ({in_units(found.bytes)}) {'would be' if dry_run else were} queued to {name}.")
    if found.elsewhere:
        say(f"{found.elsewhere} more have no bytes here; `video_manager restore` brings them back first.")
    if found.count and not dry_run:
        say(f"The worker sends them. One that was started before {name} was configured must be started again.")
    for hint in hints:
        say(hint)


targets.add_command(login)

# What all videos need goes without saying.
_OF = {"all": "", "none": " (optional)", "recordings": " (for recordings)", "named": " (where named)"}
_NONE = "No target is configured: videos are on this server's disk only. docs/VIDEO_STORAGE_GUIDE.md shows how."


def _list(*, as_json: bool) -> None:
    with opened() as services:
        found = services.desk.targets()
        if as_json:
            show_json(found)
            return
        show_rows(_COLUMNS, _rows(found), _NONE)
        if on_terminal():
            for hint in unwell(found):
                say(hint)
        _say_unknown(services)


def _rows(found: list[dict[str, Any]]) -> Iterator[list[Cell | str]]:
    for target in found:
        count, size = target["backlog"]["count"], target["backlog"]["bytes"]
        yield [
            target["name"],
            target["kind"] + _OF[target["required_of"]],
            target["state"],
            Cell(f"{count} {size}", f"{count} ({in_units(size)})" if count else "none"),
            _time(target["oldest_waiting_at"], ""),
            _time(target["last_success_at"], "never"),
            target["last_error"] or "",
            # People read these two in the sentence below the table.
            *([] if on_terminal() else [target["reason"] or "", _time(target["next_probe_at"], "")]),
        ]


def _time(at: str | None, none: str) -> Cell:
    return time_cell(datetime.fromisoformat(at)) if at else Cell("", none)


def _say_unknown(services: Services) -> None:
    """Copies that wait for a target which is configured no more wait for ever."""
    for name in services.desk.unknown_targets():
        say(f"Copies wait for '{name}', which is not configured (any more).", err=True)
