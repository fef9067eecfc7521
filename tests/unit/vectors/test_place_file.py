"""A place that cannot be read is the beginning: the index is read anew, and nobody is in trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.vectors.place_file import PlaceFile


def test_a_place_is_read_as_it_was_written(tmp_path: Path) -> None:
    place = PlaceFile(tmp_path / "a.place")
    assert place.read() == 0
    for number in (7, 2**53, 3):
        place.write(number)
        assert place.read() == number
    assert [path.name for path in tmp_path.iterdir()] == ["a.place"]


@pytest.mark.parametrize("damage", [b"", b"-3", b"12x", b"\xff\xfe", b"9" * 40])
def test_a_damaged_one_is_the_beginning(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.place").write_bytes(damage)
    assert PlaceFile(tmp_path / "a.place").read() == 0
