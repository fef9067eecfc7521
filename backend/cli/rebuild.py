"""`rebuild` and `sweep`: the catalog follows the disk."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from backend.catalog import counts, stats
from backend.catalog.videos import EVERYTHING
from backend.cli.opened import opened
from backend.cli.terminal import console, say, show_json
from backend.intake.recover import Swept
from backend.retention.remove import Remover
from backend.services import Services

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")
_MOST_NAMES = 20
_TOLD = {
    "adopted": "saved, but not in the catalog; listed now",
    "discarded": "left over from broken uploads that nobody was told were saved; removed",
    "expired": "unfinished uploads that nobody went on with; removed",
    "quarantined": "sidecars without any bytes; set aside in quarantine/",
    "missing": "listed, but the file is not here (`video_manager restore` fetches what has a verified copy)",
    "unknown": "neither listed nor understood; left alone (`video_manager doctor` says what to do)",
}


@click.command()
@_AS_JSON
def rebuild(as_json: bool) -> int:
    """Bring the catalog back from the disk.

    For when the database was lost, or is an old backup: what lies beside each file says all of it. Videos, tags,
    copies and the trash come back. Sign-in tokens, share links, webhooks, vectors and the audit do not:
    `video_manager restore-backup` takes them from a backup. Without one, `video_manager token create` makes new tokens.
    """
    with opened(make=True) as services:
        with console(err=True).status("Reading what lies beside each file"):
            changed, problems = services.recovery.rebuild()
            swept = sweep_all(services)
            counts.fold(services.database)
            services.vectors.begin_anew()
        with services.database.read() as session:
            count = stats.totals(session, EVERYTHING).videos.count
    answer: dict[str, Any] = {"videos": count, "changed": changed, "problems": problems} | asdict(swept)
    if as_json:
        show_json(answer)
    else:
        say(f"The catalog lists {count} videos; {changed} entries were missing or older than what the disk says.")
        _tell(swept)
        for problem in problems:
            say(problem, err=True)
        if changed:
            say("Sign-in tokens, share links, webhooks, vectors and the audit do not lie beside the videos.")
            say("If they were lost too: video_manager restore-backup FILE")
        say("A server that was running while its database was lost must be started again now.")
    return 1 if problems or swept.missing or swept.unknown or swept.quarantined else 0


@click.command()
@_AS_JSON
def sweep(as_json: bool) -> int:
    """Mend what a crash left.

    Lists what was saved, finishes what was being removed, clears what never was saved. The server does this by
    itself at every start and every hour.
    """
    with opened() as services:
        swept = sweep_all(services)
    if as_json:
        show_json(asdict(swept))
    elif not any(asdict(swept).values()):
        say("Disk and catalog agree; nothing was left over.")
    else:
        _tell(swept)
    return 1 if swept.missing or swept.unknown else 0


def sweep_all(services: Services) -> Swept:
    """What every start does: finish interrupted removals, then compare disk and catalog."""
    Remover(services.layout, services.database, services.places, services.log).finish_interrupted()
    services.emptier.finish_interrupted()
    return services.recovery.sweep()


def _tell(swept: Swept) -> None:
    for what, names in asdict(swept).items():
        if names:
            say(f"{len(names)} {_TOLD[what]}:")
            for name in names[:_MOST_NAMES]:
                say(f"  {name}")
            if len(names) > _MOST_NAMES:
                say(f"  and {len(names) - _MOST_NAMES} more (--json names all)")
