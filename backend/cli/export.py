"""`export`: clips cut from the recordings of cameras: ask, look, cancel, retry, download."""

from __future__ import annotations

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from backend.catalog.models import Export, ExportStatus
from backend.cli.main import CallersPath
from backend.cli.opened import caller, opened
from backend.cli.terminal import Cell, Column, say, short_id, show_facts, show_json, show_rows, size_cell, time_cell
from backend.disk.sizes import in_units
from backend.errors import Refused
from backend.exports.desk import Requester
from backend.exports.order import CUTS, FORMATS, LAYOUTS, read_order
from backend.exports.verify_words import sentences
from backend.services import Services

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_WHICH = click.argument("export_id", metavar="ID")
_COLUMNS = (
    Column("id", whole=True),
    Column("asked", whole=True),
    Column("status", whole=True),
    Column("done", "right", whole=True),
    Column("cameras", "right", whole=True),
    Column("from", whole=True),
    Column("to", whole=True),
    Column("size", "right", whole=True),
    Column("by"),
    Column("reason or trouble"),
)
_SHORTEST, _LOOKED_THROUGH = 4, 1000


@click.group()
def export() -> None:
    """Clips cut from the recordings of cameras, each with its proof."""


@export.command()
@click.argument("cameras", metavar="CAMERA...", nargs=-1, required=True)
@click.option("--start", required=True, help="first instant, ISO 8601 with a zone")
@click.option("--end", required=True, help="last instant, not included")
@click.option("--format", "form", type=click.Choice(FORMATS), default="mp4", show_default=True)
@click.option("--cut", type=click.Choice(CUTS), default="fast", show_default=True, help="fast: whole pictures, copied")
@click.option("--layout", type=click.Choice(LAYOUTS), default="files", show_default=True)
@click.option("--slate", is_flag=True, help="show gaps as such (needs --cut exact)")
@click.option("--partial", is_flag=True, help="give the rest when a part cannot be had, instead of failing")
@click.option("--reason", default="", help="why it is made; stands in the manifest")
@click.option("--keep-hours", type=float, default=None, help="how long the result is kept (else EXPORT_DAYS)")
@_AS_JSON
def create(
    cameras: tuple[str, ...], start: str, end: str, form: str, as_json: bool, partial: bool, **more: Any
) -> None:
    """Ask for a clip of 1 to 16 CAMERAs (their ids). The worker makes it."""
    body = {"camera_ids": list(cameras), "start_time": start, "end_time": end, "format": form}
    order = read_order(body | more | {"incomplete": "partial" if partial else "fail"})
    with opened() as services:
        made = services.exports.create(order, _me())
        told = services.exports.describe(made)
    if as_json:
        show_json(told)
        return
    say(f"Export {made.id} waits for the worker. `video_manager export info {made.id[:8]}` tells how far it is.")


@export.command("list")
@click.option("--status", default="", type=click.Choice(["", *map(str, ExportStatus)], case_sensitive=False))
@click.option("--limit", default=50, type=click.IntRange(1, 1000), show_default=True)
@_AS_JSON
def list_exports(status: str, limit: int, as_json: bool) -> None:
    """Show exports, newest first.

    A plain line holds: id, when it was asked for, status, percent done, count of cameras, from, to, bytes, by whom,
    reason or what went wrong.
    """
    with opened() as services:
        found = services.exports.page(_me().scope, limit, status=status.upper()).exports
        told = [services.exports.describe(one) for one in found] if as_json else []
    if as_json:
        show_json(told)
        return
    show_rows(_COLUMNS, map(_row, found), "There is no export. `video_manager export create` asks for one.")


@export.command()
@_WHICH
@_AS_JSON
def info(export_id: str, as_json: bool) -> None:
    """Tell one export: how far it is, what was asked and given, gaps and problems."""
    with opened() as services:
        found = _find(services, export_id)
        told = services.exports.describe(found)
        manifest = found.manifest
    if as_json:
        show_json(told)
        return
    show_facts(_facts(found, told))
    if manifest:
        say(*sentences(told))


@export.command()
@_WHICH
@_AS_JSON
def cancel(export_id: str, as_json: bool) -> None:
    """End an export that waits or is being made."""
    with opened() as services:
        ended = services.exports.cancel(_find(services, export_id).id, _me())
        told = services.exports.describe(ended)
    if as_json:
        show_json(told)
    else:
        say(f"Export {ended.id} is cancelled.")


@export.command()
@_WHICH
@_AS_JSON
def retry(export_id: str, as_json: bool) -> None:
    """Begin a failed or cancelled export anew.

    Of one that is made, its failed copy is sent again.
    """
    with opened() as services:
        begun = services.exports.retry(_find(services, export_id).id, _me())
        told = services.exports.describe(begun)
    if as_json:
        show_json(told)
    else:
        say(f"Export {begun.id} is {begun.status}.")


@export.command()
@_WHICH
@click.option("-o", "--output", type=CallersPath(), default=None, help="file to write (else its own name, here)")
@_AS_JSON
@click.pass_context
def download(ctx: click.Context, export_id: str, output: Path | None, as_json: bool) -> None:
    """Write the result of an export to a file.

    Its manifest comes beside it, as FILE.jws. Nothing is overwritten.
    """
    standing: Path = ctx.find_root().obj or Path()
    with opened() as services:
        found = _find(services, export_id)
        file = services.exports.file(found.id, _me().scope)
        place = output or standing / file.name
        _copy(file.path, place)
        manifest = place.with_name(f"{place.name}.jws")
        _write(manifest, found.manifest)
        services.exports.note_download(found.id, _me())
    if as_json:
        show_json({"id": found.id, "file": str(place), "manifest": str(manifest), "sha256": found.checksum})
        return
    say(f"{place} ({in_units(place.stat().st_size)}) and {manifest.name}.")
    say(f"`video_manager verify-export {place}` proves it.")


def _me() -> Requester:
    who = caller()
    return Requester(who.id, who.name, any_export=True)


def _copy(source: Path, place: Path) -> None:
    with source.open("rb") as file, _new(place) as copy:
        shutil.copyfileobj(file, copy, 1024 * 1024)
        copy.flush()
        os.fsync(copy.fileno())


def _write(place: Path, text: str) -> None:
    with _new(place) as file:
        file.write(text.encode())


def _new(place: Path) -> Any:
    try:
        return place.open("xb")
    except FileExistsError:
        raise Refused(f"'{place}' is there already; name another file with --output.") from None


def _find(services: Services, word: str) -> Export:
    """The one export with this id, or its first characters."""
    if len(word) >= 36:
        return services.exports.get(word)
    newest = services.exports.page(_me().scope, _LOOKED_THROUGH).exports
    found = [one for one in newest if len(word) >= _SHORTEST and one.id.startswith(word.lower())]
    if len(found) != 1:
        many = "is none" if not found else f"are {len(found)}"
        raise Refused(f"There {many} whose id begins with '{word}'. `video_manager export list` shows the ids.")
    return found[0]


def _row(one: Export) -> tuple[Cell | str, ...]:
    return (
        short_id(one.id),
        time_cell(one.created_at),
        str(one.status),
        f"{one.progress * 100:.0f}%",
        str(len(one.camera_ids)),
        time_cell(one.start_time),
        time_cell(one.end_time),
        "" if one.file_size is None else size_cell(one.file_size),
        one.created_by or "",
        one.error or one.reason or "",
    )


def _facts(one: Export, told: dict[str, Any]) -> list[tuple[str, Cell | str]]:
    delivery = told["delivery"]
    return [
        ("id", one.id),
        ("status", str(one.status) + (" (partial)" if one.is_partial else "")),
        ("progress", f"{told['progress']:g}% {one.phase}".strip()),
        ("cameras", ", ".join(one.camera_ids)),
        ("from", time_cell(one.start_time)),
        ("to", time_cell(one.end_time)),
        ("cut", f"{one.cut}, {one.format}, {one.layout}" + (", with slates" if one.slate else "")),
        ("reason", one.reason or ""),
        ("asked by", one.created_by or ""),
        ("asked", time_cell(one.created_at)),
        ("ended", _time(one.completed_at)),
        ("kept until", _time(one.expires_at)),
        ("file", one.file_path or ""),
        ("size", "" if one.file_size is None else size_cell(one.file_size)),
        ("checksum", told["checksum"] or ""),
        ("copy", f"{delivery['target']}: {delivery['state']}" if delivery else ""),
        ("copy trouble", (delivery["error"] or "") if delivery else ""),
        ("trouble", one.error),
        *(("problem", f"{p['filename']}: {p['words']}") for p in told["problems"] if not one.manifest),
    ]


def _time(at: datetime | None) -> Cell | str:
    return time_cell(at) if at else ""
