"""doctor: sees what is wrong, says what to do, and changes nothing unless it is told to."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from backend.catalog.models import Delivery, Video
from backend.cli.doctor_machine import file_system_of
from backend.installation import prepare
from backend.services import build_services
from backend.settings import load_settings
from tests.services.process import find_program
from tests.unit.cli.conftest import VIDEO, CommandLine


def findings(cli: CommandLine, code: int, *options: str) -> dict[str, list[dict[str, Any]]]:
    """What is not well, by what it is about."""
    answer = cli("doctor", "--json", *options)
    assert answer.code == code, answer
    assert answer.json["ok"] is (code == 0)
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in answer.json["findings"]:
        if finding["state"] != "well":
            found.setdefault(finding["what"], []).append(finding)
    return found


def one(found: dict[str, list[dict[str, Any]]], what: str) -> dict[str, Any]:
    (finding,) = found[what]
    assert finding["state"] == "wrong"
    return finding


def sidecar(cli: CommandLine, video: dict[str, Any]) -> Path:
    return cli.path(video).with_name(video["stored_filename"] + ".json")


def state(folder: Path) -> dict[str, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and "catalog.db" not in p.name and ".lock" not in p.name)
    return {str(path): path.read_bytes() for path in files}


def test_a_healthy_server_is_well_and_stays_as_it_is(either: CommandLine) -> None:
    either.use_target()
    either.upload()
    before = state(either.storage) | state(either.copies)
    assert set(findings(either, 0)) <= {"ffmpeg", "kind of disk"}
    assert state(either.storage) | state(either.copies) == before
    words = either("doctor", terminal=True).out
    assert "Nothing is wrong." in words
    assert "target nas" in words


def test_a_server_that_never_was_prepared_is_told_how(cli: CommandLine) -> None:
    found = findings(cli, 1)
    assert "video_manager release" in one(found, "storage folder")["remedy"]
    assert "never" not in one(found, "database")["remedy"]
    assert not cli.storage.exists()


def test_a_time_note_that_cannot_be_read_is_not_blamed_on_the_database(prepared: CommandLine) -> None:
    note = prepared.storage / "metadata" / "clock.json"
    note.unlink(missing_ok=True)
    note.mkdir()
    found = findings(prepared, 1)
    assert "clock.json" in one(found, "clock")["remedy"]
    assert "database" not in found


def test_rows_without_file_are_named(prepared: CommandLine) -> None:
    video = prepared.upload()
    prepared.path(video).unlink()
    problem = one(findings(prepared, 1), "records")
    assert problem["items"] == [video["relative_path"]]
    assert "restore" in problem["remedy"]


def test_a_file_of_another_size_is_named(prepared: CommandLine) -> None:
    video = prepared.upload()
    with prepared.path(video).open("ab") as file:
        file.write(b"x")
    assert one(findings(prepared, 1), "records")["items"] == [video["relative_path"]]


def test_files_of_which_nothing_is_known_are_named(prepared: CommandLine) -> None:
    folder = prepared.storage / "uploads" / "project_default"
    folder.mkdir()
    (folder / "stray.mp4").write_bytes(VIDEO)
    assert one(findings(prepared, 1), "records")["items"] == ["uploads/project_default/stray.mp4"]
    assert (folder / "stray.mp4").exists()


def test_what_is_saved_but_not_listed_is_listed_by_fix(prepared: CommandLine) -> None:
    video = prepared.upload()
    for file in (prepared.storage / "metadata").glob("catalog.db*"):
        file.unlink()
    prepared.well("release")
    for file in (prepared.storage / "metadata").glob("catalog.db*"):
        file.unlink()
    # An empty catalog, as a start that was cut short leaves it.
    prepare(load_settings(dotenv=None))
    problem = one(findings(prepared, 1), "records")
    assert problem["items"] == [video["relative_path"]]
    assert "--fix" in problem["remedy"]
    assert findings(prepared, 0, "--fix").get("records") is None
    assert [v["id"] for v in prepared.well("list", "--json").json] == [video["id"]]


@pytest.mark.parametrize("damage", ["missing", "unreadable"])
def test_a_sidecar_that_is_lost_or_damaged_is_written_again_by_fix(either: CommandLine, damage: str) -> None:
    video = either.upload("a.mp4", VIDEO, "--title", "T", "--tag", "x")
    if damage == "missing":
        sidecar(either, video).unlink()
    else:
        sidecar(either, video).write_text("{")
    assert one(findings(either, 1), "records")["items"] == [video["relative_path"]]
    found = findings(either, 0, "--fix")
    assert ("quarantine" in found) == (damage == "unreadable")
    written = json.loads(sidecar(either, video).read_text())
    assert (written["video"]["title"], written["video"]["tags"]) == ("T", ["x"])
    either.well("delete", video["id"], "--yes")


def test_too_little_free_space_is_told_with_the_reserve(prepared: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIN_FREE_BYTES", str(10**18))
    assert "MIN_FREE_BYTES" in one(findings(prepared, 1), "free space")["remedy"]


def test_a_target_that_cannot_take_anything_is_wrong(prepared: CommandLine) -> None:
    prepared.use_target()
    prepared.copies.rmdir()
    problem = one(findings(prepared, 1), "target nas")
    assert str(prepared.copies) in problem["says"]


def test_a_targets_file_that_makes_no_sense_is_wrong_and_the_rest_is_still_looked_at(prepared: CommandLine) -> None:
    video = prepared.upload()
    prepared.path(video).unlink()
    (prepared.home / "targets.toml").write_text('[[target]]\nname = "x"\nkind = "cloud"\n')
    found = findings(prepared, 1)
    assert "cloud" in one(found, "targets")["says"]
    assert one(found, "records")["items"] == [video["relative_path"]]


def test_copies_for_a_target_that_is_gone_are_told(prepared: CommandLine) -> None:
    prepared.use_target("old")
    prepared.upload()
    prepared.use_target("new")
    (finding,) = findings(prepared, 1)["copies"]
    assert "'old'" in finding["says"]
    assert "no other copy" in finding["says"]


def test_a_worker_that_does_not_run_is_suspected(prepared: CommandLine) -> None:
    prepared.use_target()
    prepared.upload()
    prepared.monkeypatch.chdir(prepared.home)
    services = build_services(load_settings(dotenv=None))
    with services.database.write() as session:
        session.execute(update(Delivery).values(created_at=datetime.now(UTC) - timedelta(hours=1)))
    services.close()
    assert "worker" in findings(prepared, 0)


def test_a_damaged_database_is_told_with_the_way_back(prepared: CommandLine) -> None:
    (prepared.storage / "metadata" / "catalog.db").write_bytes(b"no database " * 1000)
    assert "video_manager rebuild" in one(findings(prepared, 1), "database")["remedy"]


def test_a_database_that_does_not_answer_is_told(prepared: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert "DATABASE_URL" in one(findings(prepared, 1), "database")["remedy"]


def test_a_clock_that_was_wrong_is_seen_by_its_videos(prepared: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared.upload()
    services = build_services(load_settings(dotenv=None))
    with services.database.write() as session:
        session.execute(update(Video).values(created_at=datetime.now(UTC) + timedelta(days=400)))
    services.close()
    assert "future" in one(findings(prepared, 1), "clock")["says"]


def test_a_disk_that_dates_files_wrongly_is_seen(prepared: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = time.time
    monkeypatch.setattr("backend.cli.doctor_machine.time.time", lambda: honest() - 3600)
    assert "NTP" in one(findings(prepared, 1), "clock")["remedy"]


def test_settings_in_vain_are_told_and_no_fault(prepared: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTH_PROXY_HEADER", "/x")
    (finding,) = findings(prepared, 0)["settings"]
    assert "AUTH_PROXY_HEADER" in finding["says"]


def test_missing_media_tools_are_told_and_no_fault(prepared: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "apt-get" in findings(prepared, 0)["ffmpeg"][0]["remedy"]


def test_ffmpeg_without_bubblewrap_is_told_and_no_fault(
    prepared: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("ffmpeg", "ffprobe", "prlimit", "setpriv"):
        (folder / name).symlink_to(find_program(name, package="ffmpeg"))
    monkeypatch.setenv("PATH", str(folder))
    (finding,) = findings(prepared, 0)["ffmpeg"]
    assert "WITHOUT bubblewrap: it is not installed" in finding["says"]
    assert "bubblewrap" in finding["remedy"]


def test_the_kind_of_disk_is_read_from_the_kernels_list(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    line = f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime shared:1 - nfs4 server:/x rw"
    assert file_system_of(tmp_path, f"1 1 0:1 / / rw - ext4 x rw\n{line}\n") == "nfs4"
    assert file_system_of(tmp_path, "") == ""
