"""doctor and the watched folder: what lies there unsaved is told to whoever looks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CommandLine
from tests.unit.cli.test_doctor import findings


@pytest.fixture
def inbox(prepared: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "inbox"
    monkeypatch.setenv("INBOX_PATH", str(folder))
    return folder


def test_an_inbox_that_is_not_there_is_wrong(prepared: CommandLine, inbox: Path) -> None:
    (finding,) = findings(prepared, 1)["inbox"]
    assert "is no folder" in finding["says"]
    inbox.mkdir()
    (inbox / "fresh.mp4").write_bytes(b"still to be taken in")
    assert "inbox" not in findings(prepared, 0)


def test_what_was_refused_is_told_with_its_reason(prepared: CommandLine, inbox: Path) -> None:
    (inbox / ".refused" / "films").mkdir(parents=True)
    (inbox / ".refused" / "films" / "a.mp4").write_bytes(b"")
    (inbox / ".refused" / "films" / "a.mp4.txt").write_text("2026-01-01 00:00:00Z 'a.mp4' is empty (0 bytes).\n")
    (finding,) = findings(prepared, 0)["inbox"]
    assert "are not saved" in finding["says"]
    assert finding["items"] == ["films/a.mp4: 2026-01-01 00:00:00Z 'a.mp4' is empty (0 bytes)."]


def test_links_and_what_is_no_file_are_told(prepared: CommandLine, inbox: Path, tmp_path: Path) -> None:
    inbox.mkdir()
    (inbox / "link.mp4").symlink_to(tmp_path / "elsewhere.mp4")
    (inbox / "folder").symlink_to(tmp_path)
    os.mkfifo(inbox / "pipe.mp4")
    (inbox / ".hidden").mkdir()
    (finding,) = findings(prepared, 0)["inbox"]
    assert sorted(finding["items"]) == ["folder", "link.mp4", "pipe.mp4"]


def test_a_folder_that_nothing_can_be_moved_out_of_is_wrong(
    prepared: CommandLine, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "locked").mkdir(parents=True)
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: may(path, mode) and not str(path).endswith("locked"))
    (finding,) = findings(prepared, 1)["inbox"]
    assert finding["items"] == [f"{inbox / 'locked'}: nothing can be moved out of it"]


def test_what_nobody_takes_in_for_long_is_told(
    prepared: CommandLine, inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "films").mkdir(parents=True)
    (inbox / "films" / "a.mp4").write_bytes(b"a")
    monkeypatch.setattr("backend.cli.doctor_inbox._LONG_SECONDS", -3600.0)  # nobody can set the time of a change
    (finding,) = findings(prepared, 0)["inbox"]
    assert (finding["items"], "worker" in finding["remedy"]) == (["films/a.mp4"], True)
