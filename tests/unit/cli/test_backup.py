"""`backup` and `restore-backup`: from a lost database back to who may sign in."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.disk.layout import Layout
from backend.offers.book import Book
from tests.unit.cli.conftest import CommandLine


def test_a_lost_database_comes_back_from_disk_and_backup(cli: CommandLine) -> None:
    cli.well("token", "create", "--name", "ben", "--role", "operator")
    video = cli.upload()
    made = Path(cli.well("backup", "--json").json["file"])
    assert made.parent == Layout(cli.storage).backups
    for left in (cli.storage / "metadata").glob("catalog.db*"):
        left.unlink()
    cli.well("rebuild")
    answer = cli.well("restore-backup", str(made), "--yes", "--json").json
    assert (answer["tokens"], answer["without_video"]) == (1, 0)
    assert "ben" in cli.well("token", "list").out
    assert cli.well("info", video["id"], "--json").json["sha256"] == video["sha256"]
    assert "here already" in cli.well("restore-backup", str(made), "--yes").out


def test_a_lost_book_of_offers_comes_back(cli: CommandLine) -> None:
    cli.upload()
    layout, start = Layout(cli.storage), datetime(2026, 3, 10, 12, tzinfo=UTC)
    book = Book(layout)
    yard = book.camera("camera:yard", "Yard", "H264")
    book.claim(yard.token, "a1", "a.mp4", start, start + timedelta(seconds=10))
    book.asked("a1")
    made = cli.well("backup", "--json").json["file"]
    shutil.rmtree(layout.edge)
    (layout.uploads / "vms-cameras.json").unlink()
    book.camera("camera:hall", "Hall", "H264")
    answer = cli.well("restore-backup", made, "--yes", "--json").json
    assert (answer["vms_cameras"], answer["vms_recordings"]) == (0, 1)
    assert answer["vms_taken"] == [{"camera": "Yard", "now": "Hall"}]
    assert book.was_asked("a1")
    assert "channel of the camera Yard was given to Hall" in cli.well("restore-backup", made, "--yes").out


def test_a_folder_of_ones_own_keeps_as_many_as_asked(cli: CommandLine, tmp_path: Path) -> None:
    cli.upload()
    for _ in range(3):
        cli.well("backup", str(tmp_path / "elsewhere"), "--keep", "2")
    assert len(list((tmp_path / "elsewhere").iterdir())) == 2


def test_nobody_is_there_to_answer_so_it_takes_a_yes(cli: CommandLine, tmp_path: Path) -> None:
    cli.upload()
    answer = cli("restore-backup", str(tmp_path / "none.db"))
    assert (answer.code, "--yes" in answer.err) == (3, True)
    assert cli("restore-backup", str(tmp_path / "none.db"), "--yes").code == 3


def test_the_doctor_tells_of_a_backup_that_is_days_old(cli: CommandLine) -> None:
    cli.upload()
    made = Path(cli.well("backup", "--json").json["file"])
    assert "The catalog was copied" in cli("doctor").out
    made.rename(made.with_name("catalog-20260101T020000Z.db"))
    assert "days old" in cli("doctor").out
