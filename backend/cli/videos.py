"""`list`, `find`, `info`: what is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import click

from backend.catalog import lookup
from backend.catalog.clock import certain_at
from backend.catalog.describe import describe, link_of, status_of
from backend.catalog.listing import Wanted
from backend.catalog.models import DeliveryState, Video
from backend.cli.media_words import media_facts
from backend.cli.opened import opened
from backend.cli.states import copies_cell, delivery_words
from backend.cli.terminal import (
    Cell,
    Column,
    on_terminal,
    say,
    short_id,
    show_facts,
    show_json,
    show_json_lines,
    show_rows,
    size_cell,
    time_cell,
)
from backend.disk.sidecar import read_sidecar
from backend.errors import LocalDamage
from backend.intake.receipt import receipt
from backend.services import Services

_ON_A_TERMINAL = 50
# What fits beside each other on a terminal of 80 characters; plain lines hold more.
_COLUMNS = (
    Column("id", whole=True),
    Column("saved", whole=True),
    Column("size", "right", whole=True),
    Column("name"),
    Column("project"),
    Column("copies"),
)

Function = TypeVar("Function", bound=Callable[..., Any])


def filters(command: Function) -> Function:
    """The options that `list` and `find` share."""
    states = [*(str(state) for state in DeliveryState), "trashed"]
    for option in (
        click.option("--json", "as_json", is_flag=True, help="for programs: an array, a video on each line"),
        click.option("--all", "show_all", is_flag=True, help="no limit (so it is without a terminal)"),
        click.option("-n", "--limit", type=click.IntRange(1), help=f"at most so many ({_ON_A_TERMINAL} on a terminal)"),
        click.option("--state", type=click.Choice(states), help="with a copy in this state; or in the trash"),
        click.option("--label", default="", help="with this label (content_type)"),
        click.option("--project", default="", help="of this project"),
    ):
        command = option(command)
    return command


@click.command("list")
@filters
def list_videos(project: str, label: str, state: str | None, limit: int | None, show_all: bool, as_json: bool) -> None:
    """Show the videos, newest first.

    A plain line holds: id, instant, bytes, project, label, status, copies, original name.
    """
    _show(Wanted(project_id=project, content_type=label, state=state or ""), limit, show_all, as_json)


@click.command()
@click.argument("text")
@filters
def find(
    text: str, project: str, label: str, state: str | None, limit: int | None, show_all: bool, as_json: bool
) -> None:
    """Show the videos with words that begin as those of TEXT do.

    The words of names, titles, descriptions and tags count, whatever their case and accents.
    """
    wanted = Wanted(project_id=project, content_type=label, state=state or "", text=text.strip())
    _show(wanted, limit, show_all, as_json)


@click.command()
@click.argument("video")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def info(video: str, as_json: bool) -> None:
    """Show all that is known of one VIDEO."""
    with opened() as services:
        with services.database.read() as session:
            found = lookup.one(session, video)
        more = _more(services, found)
        if as_json:
            show_json(describe(found, services.places.kinds, certain_at(services.layout, services.database)) | more)
        else:
            show_facts(_facts(found, more))
            _show_deliveries(found, services.places.kinds)
            _show_links(found, services.places.kinds)


def _show(wanted: Wanted, limit: int | None, show_all: bool, as_json: bool) -> None:
    for_people = not as_json and on_terminal()
    if limit is None and for_people and not show_all:
        limit = _ON_A_TERMINAL
    with opened() as services:
        # One more than shown, to know whether to say that there are more.
        found = lookup.every(services.database, wanted, limit + 1 if limit and for_people else limit)
        if as_json:
            at = certain_at(services.layout, services.database)
            show_json_lines(describe(video, services.places.kinds, at) for video in found)
        elif for_people and limit:
            _show_some(list(found), limit)
        else:
            show_rows(_COLUMNS, map(_row if on_terminal() else _line, found), "No videos.")


def _show_some(found: list[Video], limit: int) -> None:
    show_rows(_COLUMNS, map(_row, found[:limit]), "No videos.")
    if len(found) > limit:
        say(f"There are more than these {limit}: `--limit N` or `--all` shows them.")


def _line(video: Video) -> list[Cell | str]:
    return [
        video.id,
        time_cell(video.created_at),
        size_cell(video.size_bytes),
        video.project_id,
        video.content_type,
        status_of(video),
        copies_cell(video),
        video.original_filename,
    ]


def _row(video: Video) -> list[Cell | str]:
    status, copies = status_of(video), copies_cell(video).shown
    return [
        short_id(video.id),
        f"{video.created_at:%Y-%m-%d %H:%MZ}",
        size_cell(video.size_bytes),
        video.original_filename,
        f"{video.project_id} / {video.content_type}" if video.content_type else video.project_id,
        copies if status == "ready" else f"{status}; {copies}",
    ]


def _more(services: Services, video: Video) -> dict[str, Any]:
    """What only the server's own machine can tell."""
    try:
        doc = read_sidecar(services.layout.sidecar_of(video.relative_path))
        holds = [hold.model_dump(mode="json", exclude_none=False) for hold in doc.holds]
    except (LocalDamage, FileNotFoundError):
        say("Its sidecar cannot be read: see `video_manager doctor`.", err=True)
        holds = []
    return {
        "path": str(services.layout.absolute(video.relative_path)),
        "local_state": video.local_state,
        "pruned_at": time_cell(video.pruned_at).plain or None,
        "holds": holds,
        "receipt": receipt(services.signer, video),
    }


def _facts(video: Video, more: dict[str, Any]) -> Iterator[tuple[str, Cell | str]]:
    yield from (
        ("id", video.id),
        ("name", video.original_filename),
        ("title", video.title),
        ("description", video.description),
        ("project", video.project_id),
        ("label", video.content_type),
        ("tags", ", ".join(t.tag for t in video.tags)),
        ("source", video.source),
        ("camera", video.camera_id),
        ("size", size_cell(video.size_bytes)),
        ("sha256", video.sha256 or "not hashed yet"),
        ("type", video.mime_type),
        ("status", status_of(video)),
    )
    yield from media_facts(video)
    yield from (
        ("saved", time_cell(video.created_at)),
        ("by", video.uploaded_by),
        ("same content as", video.duplicate_of or ""),
    )
    for name, at in (
        ("begins", video.start_at),
        ("ends", video.end_at),
        ("expires", video.expires_at),
        ("in the trash since", video.trashed_at),
    ):
        yield name, time_cell(at) if at else ""
    yield from ((f"metadata {key}", str(value)) for key, value in video.custom.items())
    yield "held", ", ".join(str(hold.get("reason", "yes")) for hold in more["holds"])
    yield "file", more["path"] + ("" if video.local_state == "present" else f" ({video.local_state})")
    yield "receipt", more["receipt"]


def _show_deliveries(video: Video, kinds: Mapping[str, str]) -> None:
    columns = [
        Column("copy"),
        Column("state"),
        Column("tries", "right"),
        Column("verified"),
        Column("remote name or error"),
    ]
    rows: list[list[Cell | str]] = [
        [
            d.target,
            Cell(d.state, delivery_words(d.state)),
            str(d.attempts),
            time_cell(d.verified_at),
            d.error or d.remote_key,
            *([] if on_terminal() else [link_of(d, kinds) or ""]),
        ]
        for d in video.deliveries
    ]
    if on_terminal():
        say("")
    show_rows(columns, rows, "It has no copies: no target was configured for it.")


def _show_links(video: Video, kinds: Mapping[str, str]) -> None:
    """Below the table, whole: a link that a table breaks cannot be opened. A plain line has its own at its end."""
    if on_terminal():
        show_facts((f"open on {d.target}", link_of(d, kinds) or "") for d in video.deliveries)
