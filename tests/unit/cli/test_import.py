"""import: a whole folder, safe to repeat, and nothing in it is touched."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.catalog.database import Database
from backend.catalog.models import Video
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


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_what_is_here_only_by_its_row_is_imported_again(either: CommandLine, harm: str) -> None:
    """Whoever reads "here already" may delete the original: the bytes here must be good at that moment."""
    path = either.path(either.upload())
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(VIDEO[:-1] + b"x")
    answer = either.well("import", str(either.files))
    assert "1 saved, 0 skipped, 0 failed." in answer.err
    assert path.read_bytes() == VIDEO  # the good bytes repaired the older video too
    assert "0 saved, 1 skipped, 0 failed." in either.well("import", str(either.files)).err


def test_a_video_outside_the_trash_is_named_before_one_in_it(cli: CommandLine) -> None:
    trashed = cli.upload()
    other = cli.upload("twin.mp4")
    cli.well("delete", trashed["id"], "--yes")
    assert f"here already, as 'twin.mp4' ({other['id']})" in cli.well("import", str(cli.files)).out


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


def test_names_of_an_old_server_give_date_label_and_name(either: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    either.file("20241112_143052_Tutorial_my_video.mp4", VIDEO + b"1")
    either.file("20240731_090000_clip.mp4", VIDEO + b"2")
    either.file("20991112_143052_Tutorial_future.mp4", VIDEO + b"3")
    answer = either.well("import", str(either.files), "--zone", "America/New_York", "--json")
    assert [entry["status"] for entry in answer.json] == ["saved"] * 3
    shown = {v["original_filename"]: v for v in either.well("list", "--json").json}
    old, plain = shown["my_video.mp4"], shown["clip.mp4"]
    assert (old["created_at"], old["content_type"]) == ("2024-11-12T19:30:52.000Z", "Tutorial")
    assert old["stored_filename"].startswith("20241112_193052_Tutorial_my_video-")
    assert old["metadata"]["imported_path"] == "20241112_143052_Tutorial_my_video.mp4"
    assert (plain["created_at"], plain["content_type"]) == ("2024-07-31T13:00:00.000Z", "")
    future = shown["20991112_143052_Tutorial_future.mp4"]
    assert datetime.fromisoformat(future["created_at"]) <= datetime.now(UTC)
    assert "0 saved, 3 skipped" in either.well("import", str(either.files), "--zone", "America/New_York").err


def test_a_receipt_says_when_the_file_came_here_not_what_its_name_says(cli: CommandLine) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    cli.file("20241112_143052_Tutorial_video.mp4")
    (entry,) = cli.well("import", str(cli.files), "--json").json
    payload = entry["receipt"].split(".")[1]
    saved_at = json.loads(base64.urlsafe_b64decode(payload + "=="))["saved_at"]
    assert datetime.fromisoformat(saved_at) >= before


def test_what_bears_an_old_date_waits_and_was_read_only_since_now(cli: CommandLine) -> None:
    before = datetime.now(UTC)
    cli.use_target()
    cli.file("20241112_143052_Tutorial_video.mp4")
    cli.well("import", str(cli.files))
    database = Database(f"sqlite:///{next((cli.storage / 'metadata').glob('*.db'))}")
    with database.read() as session:
        (video,) = session.scalars(select(Video)).all()
        assert video.created_at < before - timedelta(days=300)
        assert video.deliveries[0].created_at >= before
        assert video.scrubbed_at is not None
        assert video.scrubbed_at >= before
    database.close()


def test_dated_videos_come_back_with_their_dates_after_a_rebuild(cli: CommandLine) -> None:
    cli.file("20241112_143052_Tutorial_video.mp4")
    cli.well("import", str(cli.files), "--zone", "UTC")
    for left in (cli.storage / "metadata").glob("catalog.db*"):
        left.unlink()
    cli.well("rebuild")
    (video,) = cli.well("list", "--json").json
    assert (video["created_at"], video["content_type"]) == ("2024-11-12T14:30:52.000Z", "Tutorial")


def test_a_label_of_ones_own_and_plain_names_come_first(cli: CommandLine) -> None:
    cli.file("20241112_143052_Tutorial_a.mp4")
    cli.well("import", str(cli.files), "--label", "Mine")
    assert cli.well("list", "--json").json[0]["content_type"] == "Mine"
    cli.well("import", str(cli.files), "--plain-names", "--project", "plain")
    assert names(cli, "--project", "plain") == ["20241112_143052_Tutorial_a.mp4"]
    assert cli("import", str(cli.files), "--zone", "Nowhere/None").code == 2


def test_unfinished_files_are_passed_over_and_told(cli: CommandLine) -> None:
    for name in ("a.mp4.part", "b.mp4.crdownload", "c.tmp", "d.mp4~"):
        cli.file(name)
    answer = cli.well("import", str(cli.files), "--json")
    assert {entry["reason"] for entry in answer.json} == {"unfinished, by its name"}
