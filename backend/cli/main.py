"""The command line's root: what is common to all commands, and the table of them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

import click

from backend.errors import HoldfastError, Refused, SettingsError

# Exit codes, as the README documents them.
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3

# Loaded when called: `settings` must work where the database's driver cannot even be imported.
_COMMANDS = {
    "release": "backend.cli.processes",
    "worker": "backend.cli.processes",
    "settings": "backend.cli.settings",
}


class Commands(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name]), name)
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def root() -> None:
    """Holdfast: look after the videos of this server. Works with the server stopped or running.

    Exit codes: 0 well, 1 something failed, 2 the command line is wrong, 3 refused (no such video, a limit, a hold).
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; errors in words on stderr, never a stack for a mistake of the caller."""
    try:
        code: Any = root.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped; nothing more was done.", err=True)
        sys.exit(EXIT_FAILED)
    except SettingsError as error:
        click.echo("Holdfast cannot start with these settings:", err=True)
        for problem in error.problems:
            click.echo(f"  - {problem}", err=True)
        sys.exit(EXIT_USAGE)
    except HoldfastError as error:
        click.echo(error.message, err=True)
        sys.exit(EXIT_REFUSED if isinstance(error, Refused) else EXIT_FAILED)
    sys.exit(code if isinstance(code, int) else 0)
