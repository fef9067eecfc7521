"""`doctor`: is everything as it should be, and if not, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from backend.cli.doctor_audit import audit
from backend.cli.doctor_catalog import catalog, media, targets
from backend.cli.doctor_damage import damage
from backend.cli.doctor_exports import stuck_exports
from backend.cli.doctor_figures import figures, mend_figures
from backend.cli.doctor_inbox import inbox
from backend.cli.doctor_machine import machine
from backend.cli.doctor_records import Comparison, mend, records
from backend.cli.doctor_segments import segment_roots
from backend.cli.doctor_vectors import vector_index
from backend.cli.doctor_webhooks import hooks
from backend.cli.findings import Finding
from backend.cli.opened import opened
from backend.cli.terminal import console, on_terminal, say, show_json
from backend.disk.layout import Layout
from backend.settings import load_settings

_MARKS = {"well": "well  ", "notice": "notice", "wrong": "WRONG "}
_MOST_ITEMS = 10


@click.command()
@click.option("--fix", is_flag=True, help="mend what can be mended without losing anything, then look")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def doctor(fix: bool, as_json: bool) -> int:
    """Look at everything and say what to do.

    Settings, disk (writing, fsync, free space), ffmpeg, the watched folder, clock, database, each target, and whether
    rows, files and sidecars fit together. Exit code 1: something is wrong.
    """
    if fix:
        with opened() as services:
            mend(services)
            mend_figures(services.database)
    found = []
    for finding in _examine():
        found.append(finding)
        if not as_json:
            _show(finding)
    bad = sum(finding.state == "wrong" for finding in found)
    if as_json:
        show_json({"ok": not bad, "findings": [asdict(finding) for finding in found]})
    else:
        say(f"{bad} {'thing is' if bad == 1 else 'things are'} wrong." if bad else "Nothing is wrong.")
    return 1 if bad else 0


def _examine() -> Iterator[Finding]:
    settings = load_settings()
    layout = Layout(settings.storage_path.absolute())
    yield from machine(settings, layout)
    yield from inbox(settings)
    yield from segment_roots(settings)
    found, database = catalog(settings, layout)
    yield from found
    if database is None:
        return
    try:
        yield from figures(database)
        yield from media(settings, layout, database)
        yield from targets(settings, layout, database)
        yield from damage(settings, database)
        yield from stuck_exports(layout, database)
        yield from audit(settings, layout, database)
        yield from vector_index(settings, layout, database)
        yield from hooks(database)
        if layout.uploads.is_dir() and layout.incoming.is_dir():
            with console(err=True).status("") as status:
                compared = Comparison(layout, database, lambda name: status.update(f"Comparing {name}")).run()
            yield from records(layout, compared)
    finally:
        database.close()


def _show(finding: Finding) -> None:
    colour = {"notice": "yellow", "wrong": "red"}.get(finding.state) if on_terminal() else None
    click.secho(_MARKS[finding.state], nl=False, fg=colour)
    say(f" {finding.what}: {finding.says}")
    for item in finding.items[:_MOST_ITEMS]:
        say(f"         {item}")
    if len(finding.items) > _MOST_ITEMS:
        say(f"         and {len(finding.items) - _MOST_ITEMS} more (--json names all)")
    if finding.remedy:
        say(f"       → {finding.remedy}")
