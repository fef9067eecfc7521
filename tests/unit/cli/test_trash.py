"""delete and restore-from-trash: asked first, told when the bytes go, undone until then."""

from __future__ import annotations

import pytest

from backend.services import build_services
from backend.settings import load_settings
from tests.unit.cli.conftest import VIDEO, CommandLine


def test_delete_asks_and_without_a_terminal_refuses(cli: CommandLine) -> None:
    video = cli.upload()
    answer = cli("delete", video["id"])
    assert answer.code == 3
    assert "'holiday.mp4'" in answer.err
    assert "--yes" in answer.err
    assert len(cli.well("list", "--json").json) == 1


def test_delete_moves_to_the_trash_and_tells_until_when(either: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRASH_DAYS", "30")
    video = either.upload()
    (told,) = either.well("delete", video["id"], "--yes", "--json").json
    assert told["video_id"] == video["id"]
    assert told["purged_after"] > video["created_at"]
    assert either.well("list", "--json").json == []
    assert either.path(video).read_bytes() == VIDEO
    assert either.well("info", video["id"], "--json").json["status"] == "trashed"


@pytest.mark.parametrize("undo", [["restore-from-trash"], ["delete", "--undo"]])
def test_until_then_it_comes_back(either: CommandLine, undo: list[str]) -> None:
    video = either.upload()
    either.well("delete", video["id"], "--yes")
    (back,) = either.well(*undo, video["stored_filename"], "--json").json
    assert (back["id"], back["status"]) == (video["id"], "processing")
    assert len(either.well("list", "--json").json) == 1


def test_one_wrong_name_among_several_deletes_none(cli: CommandLine) -> None:
    video = cli.upload()
    assert cli("delete", video["id"], "nothing-of-that-name", "--yes").code == 3
    assert len(cli.well("list", "--json").json) == 1


def test_what_was_removed_for_good_is_told(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRASH_DAYS", "0")
    video = cli.upload()
    cli.well("delete", video["id"], "--yes")
    purge(cli)
    assert not cli.path(video).exists()
    for command in ("delete", "restore-from-trash"):
        answer = cli(command, video["id"])
        assert answer.code == 3
        assert "for good" in answer.err


def purge(cli: CommandLine) -> None:
    """The worker's job, once."""
    services = build_services(load_settings(dotenv=None))
    services.trash.purge_due()
    services.close()
