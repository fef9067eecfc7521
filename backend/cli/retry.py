"""`retry`: send copies again now."""

from __future__ import annotations

import click

from backend.catalog import lookup
from backend.catalog.models import DeliveryState
from backend.cli.opened import opened
from backend.cli.states import unwell
from backend.cli.terminal import say, show_json
from backend.services import Services

_CAN_BE_SENT = (DeliveryState.PENDING, DeliveryState.PARKED, DeliveryState.FAILED, DeliveryState.DAMAGED)


@click.command()
@click.argument("video", default="", metavar="[VIDEO")
@click.argument("target", default="", metavar="[TARGET]]")
@click.option("--all", "everything", is_flag=True, help="everything that failed or needs a person")
@click.option("--to", "only", default="", metavar="TARGET", help="with --all: only what goes to this target")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def retry(video: str, target: str, everything: bool, only: str, as_json: bool) -> None:
    """Send copies again now.

    Those of VIDEO, or only the one to TARGET, or --all that failed or need a person. The worker sends them.
    """
    if bool(video) == everything or (only and not everything):
        raise click.UsageError("Name a video (and a target, if you like), or say --all (and --to TARGET).")
    with opened() as services:
        names = {only} if only else set(services.places.by_name)
        if everything:
            count = services.desk.retry_all(only)
        else:
            names = _retry_one(services, video, target)
            count = len(names)
        hints = unwell(services.desk.targets(), sorted(names)) if count else []
    if as_json:
        show_json({"count": count, "hints": hints})
        return
    copies = "copy waits" if count == 1 else "copies wait"
    say(f"{count} {copies} for the worker now." if count else "There is nothing to send again.")
    for hint in hints:
        say(hint)


def _retry_one(services: Services, word: str, target: str) -> set[str]:
    """The targets it is sent to again."""
    with services.database.read() as session:
        video = lookup.one(session, word)
    if target:
        names = {target}
    else:
        names = {d.target for d in video.deliveries if d.state in _CAN_BE_SENT and d.target in services.places.by_name}
    for name in names:
        services.desk.retry(video.id, name)
    return names
