"""`delete` and `restore-from-trash`: into the trash and out of it."""

from __future__ import annotations

from collections.abc import Sequence

import click

from backend.catalog import lookup
from backend.catalog.describe import describe
from backend.catalog.models import Video
from backend.catalog.types import iso
from backend.catalog.videos import GONE
from backend.cli.opened import caller, opened
from backend.cli.terminal import ask, say, show_json, time_cell
from backend.errors import Conflict
from backend.services import Services


@click.command()
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--undo", is_flag=True, help="take them out of the trash again")
@click.option("--yes", is_flag=True, help="do not ask")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def delete(videos: tuple[str, ...], undo: bool, yes: bool, as_json: bool) -> None:
    """Move videos to the trash.

    Says when their bytes will go; until then --undo brings them back.
    """
    with opened() as services:
        found = _find(services, videos)
        if undo:
            _take_out(services, found, as_json=as_json)
            return
        names = ", ".join(f"'{video.original_filename}'" for video in found)
        ask(f"Move {names} to the trash?", yes=yes)
        answers = []
        for video in found:
            gone_at = services.trash.throw_away(video.id, caller().name)
            answers.append({"video_id": video.id, "purged_after": iso(gone_at)})
            if not as_json:
                say(
                    f"'{video.original_filename}' is in the trash. Its bytes go after {time_cell(gone_at).shown}; "
                    f"until then: video_manager restore-from-trash {video.id[:8]}"
                )
        if as_json:
            show_json(answers)


@click.command("restore-from-trash")
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def restore_from_trash(videos: tuple[str, ...], as_json: bool) -> None:
    """Take videos out of the trash.

    They are listed again, and copies that wait go on.
    """
    with opened() as services:
        _take_out(services, _find(services, videos), as_json=as_json)


def _find(services: Services, words: Sequence[str]) -> list[Video]:
    """All of them, or an error before anything is changed."""
    with services.database.read() as session:
        found = {video.id: video for video in (lookup.one(session, word) for word in words)}
    for video in found.values():
        if video.local_state in GONE:
            raise Conflict(f"'{video.original_filename}' ({video.id}) was removed for good at the end of its time.")
    return list(found.values())


def _take_out(services: Services, found: Sequence[Video], *, as_json: bool) -> None:
    for video in found:
        services.trash.take_out(video.id, caller().name)
        if not as_json:
            say(f"'{video.original_filename}' is out of the trash.")
    if as_json:
        with services.database.read() as session:
            show_json([describe(lookup.one(session, v.id), services.places.kinds) for v in found])
