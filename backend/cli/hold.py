"""`hold`: lock videos against every deletion, see the holds, release them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from backend.catalog import holds, lookup
from backend.catalog.clock import certain_at
from backend.catalog.holds import HeldVideo, describe_hold
from backend.catalog.models import Video
from backend.cli.opened import opened
from backend.cli.terminal import Cell, Column, ask, say, short_id, show_json, show_rows, time_cell
from backend.disk.holds import HoldFacts
from backend.errors import BadField
from backend.services import Services

_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_COLUMNS = (
    Column("video", whole=True),
    Column("hold", whole=True),
    Column("since", whole=True),
    Column("until", whole=True),
    Column("by"),
    Column("reason"),
    Column("name"),
)


class Until(click.ParamType[datetime]):
    """An ISO 8601 time with a zone, or days from now such as 30d."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            at = _days_on(value) if value.endswith("d") else datetime.fromisoformat(value)
            if at.tzinfo is None:
                raise ValueError("no zone")
            return at.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"'{value}' is neither a time with a zone (2027-01-31T12:00:00Z) nor days from now (30d).")


def _days_on(value: str) -> datetime:
    return datetime.now(UTC) + timedelta(days=float(value[:-1]))


@click.group()
def hold() -> None:
    """Holds: what is held, no rule and nobody deletes.

    Neither the video nor its local bytes nor its copies go, until the hold ends or somebody releases it.
    """


@hold.command("add")
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--reason", required=True, help="why; whoever meets the hold later reads it")
@click.option("--until", type=Until(), help="end: a time with a zone, or 30d (default: until it is released)")
@_JSON
def add_hold(videos: tuple[str, ...], reason: str, until: datetime | None, *, as_json: bool) -> None:
    """Hold videos."""
    with opened() as services:
        found = _find(services, videos)
        made = [(video, services.holder.hold(video.id, reason, until)) for video in found]
        if as_json:
            show_json([{"video_id": video.id, **describe_hold(one)} for video, one in made])
            return
        for video, one in made:
            end = f"until {time_cell(one.until_at).shown}" if one.until_at else "until it is released"
            say(f"'{video.original_filename}' is held {end}. Release it: video_manager hold release {video.id[:8]}")


@hold.command("release")
@click.argument("video")
@click.argument("hold_id", metavar="[HOLD]", required=False)
@click.option("--yes", is_flag=True, help="do not ask")
@_JSON
def release_hold(video: str, hold_id: str | None, *, yes: bool, as_json: bool) -> None:
    """Release a hold of a video, or all of them.

    HOLD is the id that `hold list` shows, or its beginning.
    """
    with opened() as services:
        found = _find(services, (video,))[0]
        mine = services.holder.of(found.id)
        chosen = [one for one in mine if one.id.startswith(hold_id or "")]
        if not chosen or (hold_id and len(chosen) > 1):
            number = "no hold" if not chosen else "several holds"
            raise BadField(f"'{found.original_filename}' has {number}{f' {hold_id}' if hold_id else ''}.")
        reasons = ", ".join(f"“{one.reason}”" for one in chosen)
        ask(f"Release '{found.original_filename}' from {reasons}?", yes=yes)
        for one in chosen:
            services.holder.release(found.id, one.id)
        if as_json:
            show_json([{"video_id": found.id, **describe_hold(one)} for one in chosen])
        else:
            say(f"'{found.original_filename}' is released from {reasons}.")


@hold.command("list")
@click.argument("video", required=False)
@_JSON
def list_holds(video: str | None, *, as_json: bool) -> None:
    """Every hold in force, or those of one video."""
    with opened() as services:
        ids = [v.id for v in _find(services, (video,))] if video else None
        at = certain_at(services.layout, services.database)
        with services.database.read() as session:
            held = holds.all_in_force(session, ids, at)
    if as_json:
        show_json([one.as_json() for one in held])
        return
    rows = [_row(one, each) for one in held for each in one.holds]
    show_rows(_COLUMNS, rows, "Nothing is held.")


def _row(held: HeldVideo, one: HoldFacts) -> list[Cell | str]:
    since, until = time_cell(one.created_at), time_cell(one.until_at)
    return [short_id(held.video_id), short_id(one.id), since, until, one.owner, one.reason, held.filename]


def _find(services: Services, words: tuple[str, ...]) -> list[Video]:
    """All of them, or an error before anything is changed."""
    with services.database.read() as session:
        return list({video.id: video for video in (lookup.one(session, word) for word in words)}.values())
