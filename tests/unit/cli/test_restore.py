"""restore: what is here is read before it is called so, and what is damaged is named with its remedy."""

from __future__ import annotations

import os

import pytest

from tests.unit.cli.conftest import VIDEO, CommandLine


def test_a_file_that_is_whole_was_here_already(cli: CommandLine) -> None:
    video = cli.upload()
    assert cli.well("restore", video["id"]).out.rstrip().endswith("was here already")


@pytest.mark.parametrize("left", [1000, len(VIDEO)])
def test_a_damaged_file_is_never_called_here(cli: CommandLine, left: int) -> None:
    video = cli.upload()
    place = cli.path(video)
    place.write_bytes(bytes(len(VIDEO)))
    os.truncate(place, left)
    answer = cli("restore", video["id"])
    assert answer.code == 1
    assert "'holiday.mp4' is damaged" in answer.err
    assert "Send the same file again" in answer.err
    assert cli("restore", video["id"], "--json").json[0]["was_here"] is False


def test_a_damaged_file_is_brought_back_from_another_video_of_the_same_content(cli: CommandLine) -> None:
    video, twin = cli.upload(), cli.upload("copy.mp4")
    place = cli.path(video)
    place.unlink()
    place.write_bytes(bytes(len(VIDEO)))
    assert cli.well("restore", video["id"]).out.rstrip().endswith("is here again")
    assert place.read_bytes() == cli.path(twin).read_bytes() == VIDEO
