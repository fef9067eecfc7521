"""manifest: every video with its digest, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os

from tests.unit.cli.conftest import VIDEO, CommandLine


def test_it_holds_every_video_also_in_the_trash(either: CommandLine) -> None:
    kept, thrown = either.upload("a.mp4"), either.upload("b\x1b.mp4", VIDEO + b"b")
    either.well("delete", thrown["id"], "--yes")
    found = either.well("manifest").json
    assert (found["count"], found["size_bytes"]) == (2, len(VIDEO) * 2 + 1)
    by_id = {entry["id"]: entry for entry in found["videos"]}
    assert by_id[kept["id"]]["sha256"] == hashlib.sha256(VIDEO).hexdigest()
    assert by_id[thrown["id"]]["status"] == "trashed"
    assert by_id[thrown["id"]]["original_filename"] == "b\x1b.mp4"


def test_an_empty_library_is_valid_json_too(prepared: CommandLine) -> None:
    assert prepared.well("manifest").json["videos"] == []


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(cli: CommandLine) -> None:
    cli.upload()
    place = cli.home / "manifest.json"
    place.write_text("old")
    answer = cli.well("manifest", "--output", "manifest.json")
    assert str(place) in answer.out
    assert json.loads(place.read_text())["count"] == 1
    assert [p.name for p in cli.home.iterdir() if "manifest" in p.name] == ["manifest.json"]


def test_an_output_that_cannot_be_written_is_told_and_the_old_one_stays(cli: CommandLine) -> None:
    cli.upload()
    answer = cli("manifest", "--output", "no/such/folder.json")
    assert answer.code == 1
    assert "No such file" in answer.err
    (cli.home / "taken").mkdir()
    assert cli("manifest", "--output", "taken").code == 1
    assert [p for p in cli.home.iterdir() if p.name.startswith(".taken")] == []


def test_sums_are_what_sha256sum_checks(cli: CommandLine) -> None:
    video = cli.upload("name with\nline.mp4")
    line = cli.well("manifest", "--sums").out
    assert line == f"{video['sha256']}  {video['relative_path']}\n"
    digest, _, path = line.rstrip("\n").partition("  ")
    assert hashlib.sha256((cli.storage / path).read_bytes()).hexdigest() == digest
    assert os.path.normpath(path) == path
