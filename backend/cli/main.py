"""The command line's root: what is common to all commands, and the table of them."""

from __future__ import annotations

import importlib
import io
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from backend.errors import AccessError, CatalogDamaged, HoldfastError, Refused, SettingsError
from backend.starting import importing

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3

# Loaded when called: `settings` must work where the database's driver cannot even be imported.
_SECTIONS = {
    "Look": {
        "list": "videos:list_videos",
        "find": "videos:find",
        "info": "videos:info",
        "stats": "stats:stats",
        "manifest": "manifest:manifest",
        "logs": "logs:logs",
        "verify-receipt": "receipts:verify_receipt",
        "verify-export": "verify_export:verify_export",
    },
    "Take in": {
        "upload": "upload:upload",
        "import": "upload:import_folder",
    },
    "Cameras": {
        "export": "export:export",
    },
    "Take away": {
        "delete": "trash:delete",
        "restore-from-trash": "trash:restore_from_trash",
        "hold": "hold:hold",
        "cleanup": "cleanup:cleanup",
        "cleanup-exec": "cleanup:cleanup_exec",
        "restore": "restore:restore",
    },
    "Copies": {
        "targets": "targets:targets",
        "retry": "retry:retry",
        "scrub": "scrub:scrub",
        "media": "media:media",
    },
    "Care": {
        "doctor": "doctor:doctor",
        "sweep": "rebuild:sweep",
        "rebuild": "rebuild:rebuild",
        "backup": "backup:backup",
        "restore-backup": "backup:restore_backup",
        "settings": "settings:settings",
        "token": "tokens:token",
        "webhooks": "webhooks:webhooks",
        "audit": "audit:audit",
    },
    "Processes": {
        "release": "processes:release",
        "worker": "processes:worker",
        "edge": "edge:edge",
    },
}
_COMMANDS = {name: place for section in _SECTIONS.values() for name, place in section.items()}


@cache
def _imported(module: str) -> ModuleType:
    with importing():
        return importlib.import_module(module)


class Commands(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(_imported(f"backend.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, section in _SECTIONS.items():
            with formatter.section(title):
                found = [(name, self.get_command(ctx, name)) for name in section]
                formatter.write_dl([(name, command.get_short_help_str(80)) for name, command in found if command])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--from", "standing", type=click.Path(path_type=Path), hidden=True, help="folder that FILEs count from")
@click.pass_context
def root(ctx: click.Context, standing: Path | None) -> None:
    """Holdfast: look after the videos of this server. Works with the server stopped or running.

    On a terminal answers are tables; in a pipe they are plain lines with tabs; --json is for programs.
    Errors go to stderr. Where a video is asked for, its id, the first characters of it, or its name on disk will do.

    \b
    Exit codes:
      0  well
      1  something failed, or is not as it should be (some of the files, a check, the disk, the database)
      2  the command line or a setting is wrong
      3  refused: no such video, a limit, a hold, another user's storage, a question that nobody could answer
    """
    ctx.obj = standing


class CallersPath(click.Path):
    """A file named from where the caller stands, which is not where the program works."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        path = super().convert(value, param, ctx)
        standing = ctx.find_root().obj if ctx is not None else None
        return path if standing is None else standing / path


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; errors in words on stderr, never a stack for a mistake of the caller."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows few characters shows the others as escapes.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
    except SystemExit as ended:
        # click's own answer when whoever read us has left.
        code = ended.code if isinstance(ended.code, int) else EXIT_FAILED
    _let_go_of_closed_pipe()
    sys.exit(code)


def _let_go_of_closed_pipe() -> None:
    """What nobody reads any more must not be complained about by the interpreter's own last flush."""
    if sys.__stdout__ is None:
        return
    try:
        sys.__stdout__.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    try:
        args = None if arguments is None else list(arguments)
        code: Any = root.main(args=args, prog_name="video_manager", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("Stopped; nothing more was done.")
        return EXIT_FAILED
    except SettingsError as error:
        _complain("Holdfast cannot start with these settings:", *(f"  - {problem}" for problem in error.problems))
        return EXIT_USAGE
    except HoldfastError as error:
        _complain(error.message, *_remedy(error))
        return EXIT_REFUSED if isinstance(error, Refused | AccessError) else EXIT_FAILED
    except BrokenPipeError:
        return EXIT_FAILED
    except OSError as error:
        _complain(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
        return EXIT_FAILED
    return code if isinstance(code, int) else 0


def _remedy(error: HoldfastError) -> list[str]:
    if not isinstance(error, CatalogDamaged):
        return []
    from backend.cli.opened import way_back
    from backend.settings import load_settings

    return [way_back(load_settings().catalog_url)]


def _complain(*lines: str) -> None:
    from backend.cli.terminal import safe

    for line in lines:
        click.echo(safe(line), err=True)
