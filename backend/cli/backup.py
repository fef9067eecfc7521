"""`backup` and `restore-backup`: the catalog in one file, and what a rebuild cannot bring back out of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from backend.catalog.backup import back_up, keep_newest, kept_in
from backend.catalog.bring_back import bring_back
from backend.cli.main import CallersPath
from backend.cli.opened import opened
from backend.cli.terminal import ask, console, say, show_json
from backend.disk.sizes import in_units
from backend.offers.book import Book
from backend.outbox.offer_ends import tell_page

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="for programs")


@click.command()
@click.argument("folder", required=False, type=CallersPath(), metavar="[FOLDER]")
@click.option("--keep", type=click.IntRange(1), help="remove all but so many of the newest [default: BACKUP_KEEP]")
@_AS_JSON
def backup(folder: Path | None, keep: int | None, as_json: bool) -> None:
    """Copy the catalog into one file, while everything runs.

    Into FOLDER, or metadata/backups below the storage folder: better name one on another disk. The copy is of one
    moment, made durable and read again before it counts; which channel of a VMS is whose, and what that was asked for,
    goes along. The videos themselves are not in it.
    """
    with opened() as services:
        place = folder or services.layout.backups
        with console(err=True).status("Copying the catalog"):
            kept = Book(services.layout).pages.told(partial(tell_page, services.log))
            made = back_up(services.database, place, kept=kept)
        gone = keep_newest(place, services.settings.backup_keep if keep is None else keep)
        size_bytes = made.stat().st_size
        services.log.write("info", "backed_up", file=str(made), bytes=size_bytes)
    if as_json:
        show_json({"file": str(made), "size_bytes": size_bytes, "removed": [str(path) for path in gone]})
        return
    say(f"Written and checked: {made} ({in_units(size_bytes)})")
    if gone:
        say(f"{len(gone)} older {'one was' if len(gone) == 1 else 'ones were'} removed.")


@click.command("restore-backup")
@click.argument("file", type=CallersPath(), metavar="FILE")
@click.option("--yes", is_flag=True, help="do not ask")
@_AS_JSON
def restore_backup(file: Path, yes: bool, as_json: bool) -> None:
    """Bring back what a rebuild cannot, out of a backup of the catalog.

    Tokens, share links, webhooks, vectors, the audit, and what was offered to a VMS.

    After `video_manager rebuild`, which brings back the videos. Works while the server runs, and again does no harm:
    what is here stays. Whoever had a token signs in with it again, unless it was revoked before or since. Webhooks are
    told of what happened since the catalog was lost.
    """
    ask("Take tokens, share links, webhooks, vectors and the audit from this backup?", yes=yes)
    with opened(make=True) as services:
        done = bring_back(services.database, file)
        book = Book(services.layout).bring_back(kept_in(file))
        trouble = services.seal.renew()
        told = {**vars(done), "vms_cameras": book.cameras, "vms_recordings": book.claims}
        services.log.write("warning", "backup_restored", file=str(file), **told)
    if as_json:
        taken = [{"camera": one, "now": other} for one, other in book.taken]
        show_json({"file": str(file), **told, "vms_taken": taken, "audit": trouble.words if trouble else None})
        return
    say(
        f"{done.tokens} tokens, {done.share_links} share links, {done.webhooks} webhooks, {done.vectors} vectors and "
        f"{done.audit_lines} lines of the audit came back."
        if any(told.values())
        else "Everything in this backup was here already."
    )
    if done.without_video:
        say(f"{done.without_video} links or keys belong to videos that are not listed: is `rebuild` still to be run?")
    if book.cameras or book.claims:
        say(f"Of what is offered to a VMS, {book.cameras} cameras and the times of {book.claims} recordings came back.")
    for one, other in book.taken:
        say(
            f"The VMS's channel of the camera {one} was given to {other} since: stop the worker, put metadata/edge and "
            "uploads/vms-cameras.json back from a backup of the storage folder, and start it."
        )
    if trouble is not None:
        say(f"The audit: {trouble.words} What was written after the backup was made is lost.")
        say("When you know that for the reason: video_manager audit accept")
