"""A folder that is named comes alone: nothing of another installation, which lies where the program runs, is taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.storage import AutoStorage
from backend.storage.opening import settings_for
from tests.contract.engines import MP4

_QUOTA = '[[quota]]\nproject = "*"\nmax_gib = 0.0000001\n'
_GOOGLE = '{"installed": {"client_id": "an app", "client_secret": "hidden"}}'


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the program runs: the folder of an installation with a target, a quota and a sign-in to Google."""
    folder = tmp_path / "elsewhere"
    (folder / "copies").mkdir(parents=True)
    _write_target(folder, folder / "copies")
    (folder / "retention.toml").write_text(_QUOTA)
    (folder / "credentials.json").write_text(_GOOGLE)
    (folder / ".env").write_text("UPLOAD_MAX_SIZE=5\nDRIVE_FOLDER_ID=ours\n")
    monkeypatch.chdir(folder)
    return folder


def _write_target(folder: Path, copies: Path) -> None:
    (folder / "targets.toml").write_text(f'[[target]]\nname = "nas"\nkind = "folder"\npath = "{copies}"\n')


@pytest.mark.usefixtures("elsewhere")
def test_a_named_folder_is_not_given_to_the_targets_and_rules_of_another_installation(tmp_path: Path) -> None:
    with AutoStorage(tmp_path / "videos", min_free_bytes=0) as storage:
        key = storage.store_video(MP4, {})
        assert storage.deliveries(key) == {}


def test_a_named_folder_has_targets_of_its_own(tmp_path: Path, elsewhere: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    _write_target(folder, elsewhere / "copies")
    with AutoStorage(folder, min_free_bytes=0) as storage:
        assert list(storage.deliveries(storage.store_video(MP4, {}))) == ["nas"]
    with AutoStorage(tmp_path / "others", targets_file=elsewhere / "targets.toml", min_free_bytes=0) as storage:
        assert list(storage.deliveries(storage.store_video(MP4, {}))) == ["nas"]


def test_the_environment_s_own_folder_is_the_environment_s_whether_named_or_not(elsewhere: Path) -> None:
    for named in ("uploaded_videos", elsewhere / "uploaded_videos"):
        found = settings_for(named, {"min_free_bytes": 0})
        assert found.upload_max_size == 5
        assert (elsewhere / found.targets_file).is_file()
        assert (elsewhere / found.retention_file).is_file()


@pytest.mark.parametrize("wrong", ["", 5, b""])
def test_what_is_no_folder_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="storage_path must be the path of a folder"):
        AutoStorage(wrong)
