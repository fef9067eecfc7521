"""`scrub`: is everything still what was saved? Files here, or copies elsewhere, looked at now."""

from __future__ import annotations

import math

import click

from backend.cli.opened import opened
from backend.cli.scrub_local import scrub_local
from backend.cli.scrub_remote import scrub_remote
from backend.cli.time_box import TimeBox


@click.command()
@click.argument("videos", nargs=-1, metavar="[VIDEO...]")
@click.option("--remote", is_flag=True, help="look at the copies on the targets instead")
@click.option("--target", "only", default="", metavar="NAME", help="with --remote: only at this target's")
@click.option("--reread", is_flag=True, help="with --remote: read every byte back, where the target can give it")
@click.option("--all", "everything", is_flag=True, help="all of them, not only those whose turn has come")
@click.option("--for", "seconds", type=TimeBox(), default=None, help="begin nothing more after so long: 90s, 10m, 2h")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def scrub(
    videos: tuple[str, ...],
    remote: bool,
    only: str,
    reread: bool,
    everything: bool,
    seconds: float | None,
    as_json: bool,
) -> int:
    """Read the files here again, from the disk, and mend what is damaged.

    Those whose turn has come (SCRUB_DAYS after they were last read), with --all every file, or the VIDEOs that are
    named. A file that is not what was saved is told, and repaired from another video with the same bytes or from a
    verified copy; what was there is kept in quarantine/. What was read is remembered, so a run that is stopped or
    whose time is over goes on where it was. The worker does the same by itself, little by little.

    With --remote the verified copies on the targets, each `verify_every_days` after its last look, or --all: one that
    is gone or changed is told, and the worker sends it again. A target is asked for its own size and checksum;
    --reread reads the whole copy back, where the target can give it.

    A plain line holds: id, `repaired` or `damaged`, which part, the reason, original name; with --remote: id, target,
    `damaged` or `unreachable`, the reason, original name.

    \b
    Exit codes:
      0  everything that was looked at is right
      1  something was damaged (also when it is repaired by now), or could not be looked at
      2  options that do not go together
      3  no such video or target
    """
    if (only or reread) and not remote:
        raise click.UsageError("--target and --reread are about copies elsewhere: say --remote too.")
    if videos and (remote or everything):
        raise click.UsageError("VIDEOs are named for files here, and looked at in any case: leave --remote and --all.")
    run_seconds = math.inf if seconds is None else seconds
    with opened() as services:
        if remote:
            return scrub_remote(
                services, only, everything=everything, reread=reread, run_seconds=run_seconds, as_json=as_json
            )
        return scrub_local(services, videos, everything=everything, run_seconds=run_seconds, as_json=as_json)
