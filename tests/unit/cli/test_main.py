"""The root: every command is there, explains itself, and errors are words with the documented exit code."""

from __future__ import annotations

import click
import pytest

from backend.cli.main import root
from tests.unit.cli.conftest import CommandLine

# What prints no answer that a program would want.
_WITHOUT_JSON = {
    "release", "worker", "edge", "manifest", "targets pause", "targets resume", "token revoke", "audit export",
    "audit accept", "webhooks pause", "webhooks resume", "webhooks remove",
}  # fmt: skip


def commands() -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    context = click.Context(root)
    assert isinstance(root, click.Group)
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {f"{name} {below}": one for below, one in command.commands.items()}
        else:
            found[name] = command
    return found


@pytest.mark.parametrize("name", commands())
def test_every_command_explains_itself_and_answers_programs(name: str) -> None:
    command = commands()[name]
    assert command.help
    first = command.help.splitlines()[0]
    assert first.endswith(".")
    assert len(first) <= 80
    options = {option for parameter in command.params for option in parameter.opts}
    assert ("--json" in options) != (name in _WITHOUT_JSON)


def test_the_help_names_every_command_and_the_exit_codes(cli: CommandLine) -> None:
    words = cli.well("--help").out
    assert all(name.split()[0] in words for name in commands())
    assert "Exit codes" in words


def test_an_unknown_command_or_option_is_code_2(cli: CommandLine) -> None:
    assert cli("destroy").code == 2
    assert cli("list", "--colour").code == 2


def test_a_wrong_setting_is_code_2_and_told_with_its_name(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "high")
    answer = cli("list")
    assert answer.code == 2
    assert "PORT=high" in answer.err


def test_before_any_release_a_command_says_what_to_do(cli: CommandLine) -> None:
    answer = cli("list")
    assert answer.code == 3
    assert "video_manager release" in answer.err
    assert not cli.storage.exists()


def test_a_lost_catalog_is_told_with_the_way_back(cli: CommandLine) -> None:
    cli.upload()
    for file in (cli.storage / "metadata").glob("catalog.db*"):
        file.unlink()
    answer = cli("list")
    assert answer.code == 3
    assert "video_manager rebuild" in answer.err


@pytest.mark.parametrize("command", ["list", "release", "rebuild", "doctor"])
def test_a_damaged_catalog_is_told_in_words_with_the_way_back(prepared: CommandLine, command: str) -> None:
    catalog = prepared.storage / "metadata" / "catalog.db"
    with catalog.open("r+b") as file:
        file.write(b"no database " * 417)
    answer = prepared(command)
    told = answer.out + answer.err
    assert answer.code == 1
    assert "The catalog file is damaged" in told
    assert f"move {catalog} away" in told
    assert "sign-in tokens do not" in told
    assert "Traceback" not in told


@pytest.mark.parametrize("command", ["release", "rebuild"])
def test_after_a_damaged_catalog_was_moved_away_everything_is_listed_again(cli: CommandLine, command: str) -> None:
    video = cli.upload()
    catalog = cli.storage / "metadata" / "catalog.db"
    catalog.write_bytes(b"no database " * 417)
    assert cli(command).code == 1
    catalog.rename(catalog.with_name("broken"))
    cli.well(command)
    assert [found["id"] for found in cli.well("list", "--json").json] == [video["id"]]


def test_files_count_from_where_the_caller_stands(cli: CommandLine) -> None:
    cli.file("a.mp4")
    cli.well("--from", str(cli.files), "upload", "a.mp4")
    cli.well("--from", str(cli.files), "manifest", "--output", "all.json")
    assert (cli.files / "all.json").exists()
