"""`restore`: fetch back the bytes of videos that were pruned or lost here."""

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
    """Fetch the bytes of pruned or lost videos back.

    They come from a verified copy and are checked against their SHA-256 first.
    """
    answers = []
    with opened() as services:
        with services.database.read() as session:
            found = [lookup.one(session, word) for word in videos]
        for video in found:
            place, error = services.layout.absolute(video.relative_path), ""
            was_here = place.exists()
            try:
                services.restorer.restore(video.id)
            except HoldfastError as failure:
                error = failure.message
            answers.append({"video_id": video.id, "path": str(place), "was_here": was_here, "error": error or None})
            if not as_json:
                say(error or f"{place} {'was here already' if was_here else 'is here again'}", err=bool(error))
    if as_json:
        show_json(answers)
    return 1 if any(answer["error"] for answer in answers) else 0
