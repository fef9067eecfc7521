"""`restore`: fetch back the bytes of videos that were pruned, lost or damaged here."""

from __future__ import annotations

import click

from backend.catalog import lookup
from backend.cli.opened import opened
from backend.cli.terminal import say, show_json
from backend.errors import HoldfastError


@click.command()
@click.argument("videos", nargs=-1, required=True, metavar="VIDEO...")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def restore(videos: tuple[str, ...], as_json: bool) -> int:
    """Fetch the bytes of pruned, lost or damaged videos back.

    They come from a verified copy and are checked against their SHA-256 first, as is a file that is here.
    """
    answers = []
    with opened() as services:
        with services.database.read() as session:
            found = [lookup.one(session, word) for word in videos]
        for video in found:
            place, error, was_here = services.layout.absolute(video.relative_path), "", False
            try:
                was_here = services.restorer.restore(video.id, read=True)
            except HoldfastError as failure:
                error = failure.message
            answers.append({"video_id": video.id, "path": str(place), "was_here": was_here, "error": error or None})
            if not as_json:
                say(error or f"{place} {'was here already' if was_here else 'is here again'}", err=bool(error))
    if as_json:
        show_json(answers)
    return 1 if any(answer["error"] for answer in answers) else 0
