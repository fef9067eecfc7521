"""`audit`: who changed what, and whether that record is whole."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click

from backend.catalog.audit_check import Chain
from backend.catalog.audit_list import Asked, describe_line, every, export_line, page
from backend.catalog.audit_words import words
from backend.catalog.models import AuditLine
from backend.catalog.videos import EVERYTHING
from backend.cli.main import CallersPath
from backend.cli.manifest import write_whole
from backend.cli.opened import opened
from backend.cli.terminal import Cell, Column, ask, console, say, show_json, show_rows, time_cell
from backend.errors import BadField

_COLUMNS = (
    Column("line", "right", whole=True),
    Column("when", whole=True),
    Column("who"),
    Column("from"),
    Column("what"),
    Column("video", whole=True),
)
_WHO = click.option("--who", default="", help="only what this person, program or rule did: a name or an id")
_ACTION = click.option("--action", default="", help="only this, such as video.trashed; or all of a noun: share")
_VIDEO = click.option("--video", default="", help="only what concerns this video: its whole id")
_AFTER = click.option("--after", default="", help="from this instant on, such as 2026-01-31T12:00:00Z")
_BEFORE = click.option("--before", default="", help="before this instant")


@click.group()
def audit() -> None:
    """Who changed what, when and from where; and whether that record is whole."""


@audit.command("list")
@_WHO
@_ACTION
@_VIDEO
@_AFTER
@_BEFORE
@click.option("--limit", default=50, type=click.IntRange(1, 10_000), show_default=True, help="at most so many lines")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def list_lines(who: str, action: str, video: str, after: str, before: str, limit: int, as_json: bool) -> None:
    """Show the latest changes, the newest first."""
    asked = _asked(who, action, video, after, before)
    with opened() as services, services.database.read() as session:
        lines = page(session, asked, EVERYTHING, "", limit).lines
    if as_json:
        show_json([describe_line(line) for line in lines])
        return
    show_rows(_COLUMNS, map(_row, lines), "Nothing of this kind was done yet.")


@audit.command()
@_WHO
@_ACTION
@_VIDEO
@_AFTER
@_BEFORE
@click.option("--output", type=CallersPath(), help="write this file (whole or not at all) instead of to stdout")
def export(who: str, action: str, video: str, after: str, before: str, output: Path | None) -> None:
    """Write every line as JSON, the oldest first, one on each line.

    With digests, so that the chain can be followed elsewhere.
    """
    asked = _asked(who, action, video, after, before)
    with opened() as services:
        lines: Iterator[str] = (json.dumps(export_line(line)) + "\n" for line in every(services.database, asked))
        if output is None:
            sys.stdout.writelines(lines)
            return
        write_whole(output, lines)
    say(f"Written: {output.absolute()}")


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def verify(as_json: bool) -> int:
    """Follow the chain of all lines, and say which were changed, moved or taken out.

    The signed head tells of lines that were cut off at the end, up to a minute before it happened. Exit code 1 when
    something is not as it was written.
    """
    chain = Chain()
    with opened() as services:
        with console(err=True).status("Following the chain"):
            found = list(services.seal.check(chain))
        signed_at = None if found else getattr(services.seal.head(), "at", None)
    if as_json:
        show_json({"lines": chain.lines, "signed_at": signed_at, "troubles": [asdict(trouble) for trouble in found]})
        return 1 if found else 0
    for trouble in found:
        say(trouble.words)
    if not found:
        say(f"{chain.lines} lines, each follows the one before it; the last one was signed at {signed_at}.")
        return 0
    troubles = "1 trouble" if len(found) == 1 else f"{len(found)} troubles"
    say(f"{chain.lines} lines were read; {troubles}. The audit is not as it was written.", err=True)
    if all(trouble.kind in ("cut-off", "head-missing", "head-forged") for trouble in found):
        say("After a rebuild, or with an older backup, that is so: `video_manager audit accept` notes why.", err=True)
    return 1


@audit.command()
@click.option("--reason", required=True, help="why the lines are gone, for whoever reads the audit later")
@click.option("--yes", is_flag=True, help="do not ask")
def accept(reason: str, yes: bool) -> None:
    """Begin a new signed head where lines are gone for a reason that you know.

    After the catalog was lost, or an older backup was put in its place. The audit keeps that it was done.
    """
    if not reason.strip():
        raise click.UsageError("--reason must say why.")
    with opened() as services:
        ask("Accept that lines of the audit are gone? This is written down and cannot be undone.", yes=yes)
        services.seal.accept(reason.strip())
    say("Written down; a new head is signed.")


def _asked(who: str, action: str, video: str, after: str, before: str) -> Asked:
    return Asked(who, action, video, _instant("--after", after), _instant("--before", before))


def _instant(name: str, given: str) -> datetime | None:
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise BadField(f"{name}: '{given}' is not an ISO 8601 time such as 2026-01-31T12:00:00Z.") from None
    if at.tzinfo is None:
        raise BadField(f"{name}: '{given}' has no time zone; add Z or an offset such as +01:00.")
    return at.astimezone(UTC)


def _row(line: AuditLine) -> list[Cell | str]:
    video = Cell(line.video_id, line.video_id[:8])
    return [str(line.id), time_cell(line.at), line.who, line.address, words(line.action, line.what), video]
