"""rebuild and sweep: the catalog follows the disk."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from backend.catalog.migrate import migrate
from backend.cli.rebuild import _tell
from backend.intake.recover import Swept
from tests.unit.cli.conftest import VIDEO, CommandLine


def lose_catalog(cli: CommandLine) -> None:
    for file in (cli.storage / "metadata").glob("catalog.db*"):
        file.unlink()


def shown(cli: CommandLine) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (
        cli.well("list", "--json").json + cli.well("list", "--json", "--state", "trashed").json
    )
    return listed


def test_a_lost_catalog_comes_back_whole(cli: CommandLine) -> None:
    options = ("--project", "films", "--label", "Raw", "--title", "T", "--description", "D", "--tag", "a,b",
               "--source", "phone", "--metadata", '{"take": {"n": 3}}', "--ttl-hours", "99", "--camera-id", "c1",
               "--start-time", "2026-01-31T12:00:00Z", "--end-time", "2026-01-31T13:00:00+00:00")  # fmt: skip
    cli.upload("a \x1b\u202e.mp4", VIDEO, *options)
    cli.upload("same.mp4")
    thrown = cli.upload("thrown.mp4", VIDEO + b"2")
    cli.well("delete", thrown["id"], "--yes")
    before = shown(cli)
    lose_catalog(cli)
    answer = cli.well("rebuild", "--json").json
    assert (answer["changed"], answer["problems"]) == (3, [])
    assert shown(cli) == before
    assert "token create" in cli.well("rebuild", "--help").out


def test_a_catalog_put_back_from_an_old_backup_is_brought_up_to_date(cli: CommandLine) -> None:
    video = cli.upload("a.mp4")
    backup = (cli.storage / "metadata" / "catalog.db").read_bytes()
    cli.well("delete", video["id"], "--yes")
    cli.upload("b.mp4", VIDEO + b"2")
    before = shown(cli)
    lose_catalog(cli)
    (cli.storage / "metadata" / "catalog.db").write_bytes(backup)
    cli.well("rebuild")
    assert shown(cli) == before


def test_again_changes_nothing(cli: CommandLine) -> None:
    cli.upload()
    before = shown(cli)
    assert cli.well("rebuild", "--json").json["changed"] == 0
    assert shown(cli) == before


def test_a_sidecar_that_cannot_be_read_is_named_and_stops_nothing(cli: CommandLine) -> None:
    good, bad = cli.upload("good.mp4"), cli.upload("bad.mp4", VIDEO + b"2")
    cli.path(bad).with_name(bad["stored_filename"] + ".json").write_text("{")
    lose_catalog(cli)
    answer = cli("rebuild", "--json")
    assert answer.code == 1
    assert [bad["stored_filename"] in problem for problem in answer.json["problems"]] == [True]
    assert [video["id"] for video in shown(cli)] == [good["id"]]
    assert cli.path(bad).read_bytes() == VIDEO + b"2"


def test_a_video_whose_bytes_are_gone_is_not_listed_as_here(cli: CommandLine) -> None:
    lost = cli.upload()
    cli.path(lost).unlink()
    lose_catalog(cli)
    answer = cli("rebuild", "--json")
    assert answer.code == 1
    assert answer.json["quarantined"] == [lost["relative_path"] + ".json"]
    assert shown(cli) == []


def test_a_sweep_that_finds_nothing_says_so(prepared: CommandLine) -> None:
    prepared.upload()
    assert prepared.well("sweep").out == "Disk and catalog agree; nothing was left over.\n"


def test_a_sweep_lists_what_was_saved_and_clears_what_was_not(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = cli.upload()
    lose_catalog(cli)
    migrate(f"sqlite:///{cli.storage / 'metadata' / 'catalog.db'}")
    (cli.storage / "incoming" / "dead.part").write_bytes(b"half")
    answer = cli.well("sweep", "--json").json
    assert answer["adopted"] == [video["relative_path"]]
    assert answer["discarded"] == ["dead.part"]
    assert [v["id"] for v in shown(cli)] == [video["id"]]


def test_a_sweep_tells_of_everything_that_it_can_find(capsys: pytest.CaptureFixture[str]) -> None:
    for what in fields(Swept):
        _tell(Swept(**{what.name: ["a name"]}))
        assert "a name" in capsys.readouterr().out
