"""The guides name only commands and options that exist, and every command is named."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from backend.cli.main import root

DOCS = Path(__file__).resolve().parents[3] / "docs"
GUIDES = [DOCS / "QUICK_VIDEO_GUIDE.md", DOCS / "VIDEO_STORAGE_GUIDE.md"]
_COMMAND = re.compile(r"(?:scripts/video_manager|python video_manager\.py|`video_manager) ([a-z][^\n`#|&]*)")


def written() -> list[str]:
    return sorted({match.strip() for guide in GUIDES for match in _COMMAND.findall(guide.read_text())})


# "…" stands for what the reader fills in.
@pytest.mark.parametrize("line", [line for line in written() if "…" not in line])
def test_what_a_guide_says_is_understood(line: str) -> None:
    # Parsed to the end, with its options and arguments, but not run.
    context = root.make_context("video_manager", shlex.split(line))
    command: click.Command = root
    while isinstance(command, click.Group) and (words := [*context._protected_args, *context.args]):
        name, found, rest = command.resolve_command(context, words)
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)


def test_every_command_stands_in_a_guide() -> None:
    assert isinstance(root, click.Group)
    named = {line.split()[0] for line in written()}
    # These are for the start scripts.
    assert set(root.list_commands(click.Context(root))) - named <= {"release", "worker", "edge"}
