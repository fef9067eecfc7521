"""`settings`: every option with its value and where it came from."""

from __future__ import annotations

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from backend.settings import explain_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="for programs")
def settings(as_json: bool) -> None:
    """Show every setting, its value and its source; secrets are masked."""
    found = explain_settings()
    if as_json:
        click.echo(json.dumps([asdict(option) for option in found], indent=1))
        return
    table = Table("setting", "value", "from", "meaning", title="Settings of this server")
    for option in found:
        table.add_row(option.name, option.value, option.source, option.description)
    Console().print(table)
