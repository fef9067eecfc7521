"""import: a whole folder, safe to repeat, and nothing in it is touched."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import VIDEO, CommandLine


def names(cli: CommandLine, *options: str) -> list[str]:
    return sorted(video["original_filename"] for video in cli.well("list", "--json", *options).json)


def test_every_video_below_the_folder_is_saved_under_its_own_name(either: CommandLine) -> None:
    either.file("a.mp4", VIDEO + b"1")
    either.file("trip/day 1/a.mp4", VIDEO + b"2")
    either.file("trip/day 2/b.MOV", VIDEO + b"3")
    answer = either.well("import", str(either.files), "--project", "trips", "--tag", "x", "--metadata", '{"by": "me"}')
    assert "3 saved, 0 skipped, 0 failed." in answer.err
    videos = either.well("list", "--json", "--project", "trips").json
    assert {v["metadata"]["imported_path"] for v in videos} == {"a.mp4", "trip/day 1/a.mp4", "trip/day 2/b.MOV"}
    assert all(v["metadata"]["by"] == "me" and v["tags"] == ["x"] for v in videos)
    assert names(either) == ["a.mp4", "a.mp4", "b.MOV"]


def test_again_imports_nothing_twice_and_says_why(either: CommandLine) -> None:
    either.file("a.mp4", VIDEO + b"1")
    either.file("b.mp4", VIDEO + b"2")
    either.well("import", str(either.files))
    either.file("again/copy of a.mp4", VIDEO + b"1")
    either.file("c.mp4", VIDEO + b"3")
    answer = either.well("import", str(either.files))
    assert "1 saved, 3 skipped, 0 failed." in answer.err
    assert answer.out.count("is here already, as") == 3
    assert names(either) == ["a.mp4", "b.mp4", "c.mp4"]


def test_twins_within_one_run_are_saved_once(cli: CommandLine) -> None:
    cli.file("a.mp4")
    cli.file("b.mp4")
    assert "1 saved, 1 skipped" in cli.well("import", str(cli.files)).err


def test_what_lies_in_the_trash_is_not_brought_back_unasked(cli: CommandLine) -> None:
    video = cli.upload()
    cli.well("delete", video["id"], "--yes")
    assert "in the trash" in cli.well("import", str(cli.files)).out
    assert names(cli) == []


def test_another_project_gets_its_own(cli: CommandLine) -> None:
    cli.upload()
    cli.well("import", str(cli.files), "--project", "other")
    assert names(cli, "--project", "other") == ["holiday.mp4"]


def test_links_hidden_files_and_other_types_are_passed_over_with_a_sentence(cli: CommandLine, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.mp4").write_bytes(VIDEO)
    cli.file("real.mp4", VIDEO + b"1")
    (cli.files / "link.mp4").symlink_to(outside / "secret.mp4")
    (cli.files / "linked").symlink_to(outside)
    (cli.files / "loop").symlink_to(cli.files)
    (cli.files / "dead.mp4").symlink_to("nowhere")
    cli.file(".hidden.mp4")
    cli.file(".trash/a.mp4")
    cli.file("notes.txt", b"words")
    cli.file("README", b"words")
    os.mkfifo(cli.files / "pipe.mp4")
    answer = cli.well("import", str(cli.files), "--json")
    reasons = {Path(e["file"]).name: e["reason"] for e in answer.json if e["status"] == "skipped"}
    for name in ("link.mp4", "linked", "loop", "dead.mp4"):
        assert "link" in reasons[name]
    assert reasons[".hidden.mp4"] == reasons[".trash"] == "hidden"
    assert "(.txt)" in reasons["notes.txt"]
    assert "neither its name nor its content" in reasons["README"]
    assert "neither a file nor a folder" in reasons["pipe.mp4"]
    assert names(cli) == ["real.mp4"]


def test_a_video_without_an_extension_is_known_by_its_content(cli: CommandLine) -> None:
    cli.file("clip")
    cli.well("import", str(cli.files))
    assert names(cli) == ["clip"]


def test_a_name_that_is_no_utf8_is_kept_as_it_is(either: CommandLine) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    either.file(name)
    either.well("import", str(either.files))
    (video,) = either.well("list", "--json").json
    assert os.fsencode(video["original_filename"]) == b"caf\xe9.mp4"
    assert "caf\\udce9.mp4" in either.well("list").out


def test_the_servers_own_storage_is_never_imported(cli: CommandLine) -> None:
    cli.upload()
    before = names(cli)
    assert "storage of this server" in cli.well("import", str(cli.home)).out
    assert cli("import", str(cli.storage / "uploads")).code == 3
    assert names(cli) == before


def test_a_folder_that_cannot_be_read_is_a_failure(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.file("a.mp4")
    cli.file("locked/b.mp4", VIDEO + b"2")
    honest = os.scandir

    def scandir(folder: str) -> object:
        if str(folder).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return honest(folder)

    monkeypatch.setattr("backend.cli.local_folder.os.scandir", scandir)
    answer = cli("import", str(cli.files))
    assert answer.code == 3
    assert "Permission denied" in answer.err
    assert names(cli) == ["a.mp4"]


def test_nothing_in_the_folder_changes(cli: CommandLine) -> None:
    def state() -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_nlink, path.read_bytes() if path.is_file() else b"")
            for path in sorted(cli.files.rglob("*"))
        }

    cli.file("a/b.mp4")
    cli.file("a/c.txt", b"x")
    before = state()
    cli.well("import", str(cli.files))
    assert state() == before


def test_what_is_no_folder_is_refused(cli: CommandLine) -> None:
    assert "is not a folder" in cli("import", str(cli.file())).err


def test_a_line_break_in_a_name_breaks_no_line_of_the_answer(cli: CommandLine) -> None:
    cli.file("a\nb.txt")
    cli.file("c\nd.mp4")
    cli.file("e\nf.mp4", b"")
    for terminal in (False, True):
        answer = cli("import", str(cli.files), terminal=terminal)
        for name in (r"a\nb.txt", r"c\nd.mp4", r"e\nf.mp4"):
            assert name in answer.out + answer.err
        assert not any(line.startswith(("b.txt", "d.mp4", "f.mp4")) for line in (answer.out + answer.err).splitlines())
