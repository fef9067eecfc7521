"""`settings`: every option with its value and where it came from."""

from __future__ import annotations

from dataclasses import asdict

import click

from backend.cli.terminal import Column, say, show_json, show_rows
from backend.settings import explain_settings, unused_settings

_COLUMNS = (Column("setting", whole=True), Column("value"), Column("from"), Column("meaning"))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def settings(as_json: bool) -> None:
    """Show every setting, its value and its source; secrets are masked.

    A value comes from the environment, else from .env in the working folder, else it is the default; X_FILE names
    a file that holds X. A plain line holds: name, value, source, meaning.
    """
    known, unused = explain_settings(), unused_settings()
    if as_json:
        names = {option.name for option in known}
        show_json([asdict(o) for o in (*known, *(o for o in unused if o.name not in names))])
        return
    show_rows(_COLUMNS, ([o.name, o.value, o.source, o.description] for o in known), "")
    for option in unused:
        say(f"{option.name} ({option.source}) {option.description}.", err=True)
