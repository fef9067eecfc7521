"""A private file: never anybody else's, whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from backend.cli.private_file import keep_beside, refuse_unwritable, write_private
from backend.errors import Forbidden, StorageError


@pytest.mark.parametrize("umask", [0o000, 0o027, 0o777])
def test_it_is_private_under_any_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "secret"
    before = os.umask(umask)
    try:
        write_private(path, b"one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"one"


def test_a_wider_mode_of_the_old_file_is_not_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_private(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == b"new"


def test_who_has_the_old_file_open_keeps_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_private(path, b"new")
        assert reader.read() == b"old"


def test_what_cannot_be_written_leaves_the_old_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    # A folder that is not empty cannot be replaced by a file.
    (path / "inside").mkdir(parents=True)
    with pytest.raises(StorageError):
        write_private(path, b"new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_what_is_kept_beside_never_replaces_what_was_kept_before(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    kept = [keep_beside(path, content) for content in (b"one", b"two")]
    assert [file.name for file in kept] == ["secret.before-1", "secret.before-2"]
    assert [file.read_bytes() for file in kept] == [b"one", b"two"]


def test_a_place_that_cannot_hold_it_is_told_beforehand(tmp_path: Path) -> None:
    refuse_unwritable(tmp_path / "secret")
    with pytest.raises(Forbidden, match="is a folder"):
        refuse_unwritable(tmp_path)
    with pytest.raises(Forbidden, match="there is no folder"):
        refuse_unwritable(tmp_path / "nowhere" / "secret")
