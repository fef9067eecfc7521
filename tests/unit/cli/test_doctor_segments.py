"""`doctor` and the folders that recorders write to."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.errors import SettingsError
from backend.settings import load_settings
from tests.unit.cli.conftest import CommandLine
from tests.unit.cli.test_doctor import findings


def test_a_folder_of_a_recorder_that_is_not_there_is_wrong(
    prepared: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, away = tmp_path / "there", tmp_path / "away"
    there.mkdir()
    monkeypatch.setenv("SEGMENT_ROOTS", f"{there},{away}")
    (finding,) = findings(prepared, 1)["recorders"]
    assert f"{away} is no folder" in finding["says"]
    away.mkdir()
    assert "recorders" not in findings(prepared, 0)


def test_folders_with_colons_between_are_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="separated by commas"):
        load_settings({"SEGMENT_ROOTS": "/a:/b", "STORAGE_PATH": str(tmp_path)}, None)
