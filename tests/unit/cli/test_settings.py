"""settings: every option with its source, secrets masked, and what is set in vain."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import CommandLine


def test_each_option_tells_its_value_and_source(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    (cli.home / ".env").write_text("TRASH_DAYS=3\n")
    shown = {row["name"]: row for row in cli.well("settings", "--json").json}
    assert (shown["PORT"]["value"], shown["PORT"]["source"]) == ("8123", "environment")
    assert (shown["TRASH_DAYS"]["value"], shown["TRASH_DAYS"]["source"]) == ("3.0", ".env")
    assert shown["HOST"]["source"] == "default"
    assert ["PORT", "8123"] in [line[:2] for line in cli.well("settings").lines]


def test_secrets_are_never_shown(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_TOKEN", "hf_very-secret-token")
    monkeypatch.setenv("MILESTONE_PASSWORD", "hunter2")
    for answer in (cli.well("settings"), cli.well("settings", "--json")):
        assert "very-secret" not in answer.out + answer.err
        assert "hunter2" not in answer.out + answer.err


def test_a_name_that_does_nothing_yet_is_told(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    (cli.home / ".env").write_text("AUTH_PROXY_HEADER=X-User\n")
    assert "AUTH_PROXY_HEADER (.env) is set, but this version does not use it yet." in cli.well("settings").err
    monkeypatch.setenv("AUTH_PROXY_HEADER", "X-User")
    words = cli.well("settings").err
    assert "AUTH_PROXY_HEADER (environment) is set, but this version does not use it yet." in words
    names = [row["name"] for row in cli.well("settings", "--json").json]
    assert len(names) == len(set(names))
    assert {"AUTH_PROXY_HEADER", "MILESTONE_USERNAME"} <= set(names)


def test_it_works_before_anything_is_prepared(cli: CommandLine) -> None:
    assert cli("settings", terminal=True).code == 0
    assert not cli.storage.exists()
